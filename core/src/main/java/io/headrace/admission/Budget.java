package io.headrace.admission;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Exceptions;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The most that calls may spend, in money, in tokens, or both. Every attempt reserves the most that it may take before it is sent, and then
 * pays what it took: nothing if it surely was not sent or was refused, all that it reserved if nobody knows. So spending never passes the cap
 * unless an attempt takes more than it reserved; that is counted in full.
 *
 * <p>Travels in the Reactor {@code Context}; one budget may serve many gates. Thread-safe: a lock guards a few fields and is
 * never held while anything else is called.
 */
public final class Budget {

    /** What became of a wish to reserve. */
    public enum Answer {
        /** Reserved; must be settled. */
        RESERVED,
        /** Others hold too much of what is left; they may give some back. */
        NOT_NOW,
        /** Too little is left, whatever the others give back; {@link Budget#exhausted} says why. */
        EXHAUSTED
    }

    /**
     * Where a budget stands.
     *
     * @param usd money
     * @param tokens tokens in and out
     */
    public record Balance(Account usd, Account tokens) {

        /** What is there of one unit. */
        public record Account(
                BigDecimal spent,
                BigDecimal reserved,
                @Nullable BigDecimal cap) {

            /** Neither spent nor reserved, below zero when too much was; null without a cap. */
            public @Nullable BigDecimal free() {
                return cap == null ? null : cap.subtract(spent).subtract(reserved);
            }
        }
    }

    /** What is owed elsewhere. */
    private record Debt(Supplier<Cost> most, Supplier<Cost> spent) {}

    private record Spent(BigDecimal usd, long tokens) {

        static final Spent NOTHING = new Spent(BigDecimal.ZERO, 0);
    }

    private final Object lock = new Object();
    /** What they wish to reserve, in the order they came. */
    private final Map<Runnable, Demand> waiting = new LinkedHashMap<>();
    /** Those whose turn it is, until they are back. */
    private final Set<Runnable> called = new HashSet<>();

    private final Map<Object, Debt> owed = new ConcurrentHashMap<>();
    /** What was spent in places that others spend in too, as far as this budget has heard. */
    private final Map<Object, Spent> heard = new ConcurrentHashMap<>();

    private final Purse usd;
    private final Purse tokens;
    private volatile long changes;

    private Budget(@Nullable BigDecimal usd, @Nullable BigDecimal tokens) {
        this.usd = new Purse(usd);
        this.tokens = new Purse(tokens);
    }

    /**
     * @param cap US dollars
     * @throws IllegalArgumentException for a negative cap
     */
    public static Budget ofUsd(BigDecimal cap) {
        return new Budget(checked(cap), null);
    }

    /**
     * @param cap tokens in and out
     * @throws IllegalArgumentException for a negative cap
     */
    public static Budget ofTokens(long cap) {
        return new Budget(null, checked(BigDecimal.valueOf(cap)));
    }

    /** Both caps. */
    public static Budget of(BigDecimal usd, long tokens) {
        return new Budget(checked(usd), checked(BigDecimal.valueOf(tokens)));
    }

    /** The budget in {@code context}, if any. */
    public static Optional<Budget> from(ContextView context) {
        return context.getOrEmpty(Budget.class);
    }

    public Context into(Context context) {
        return context.put(Budget.class, this);
    }

    /** Why {@code demand} can never be reserved: a cap on money needs to know what a call may cost. Null when it can. */
    public @Nullable String impossible(Demand demand) {
        synchronized (lock) {
            return usd.cap == null || demand.ceiling().isKnown()
                    ? null
                    : "under a cap of " + usd.cap.toPlainString()
                            + " USD every call needs a known price and a bound on its answer, and this one has none:"
                            + " set maxOutputTokens, and give the price of its model; images, documents and extra fields"
                            + " have no bound";
        }
    }

    /**
     * Reserves the most that {@code demand} may take, or nothing. Demands wait in line, so that small ones do not keep a large one waiting for
     * ever. Calls nothing.
     *
     * @param whenRoom called once, without locks, on the thread that made room, after {@link Answer#NOT_NOW}: when there is room for
     *     {@code demand}, or never will be, and for those who came before. Equal ones are one wish, which ends with any other answer
     * @return {@link Answer#EXHAUSTED} also if it is {@link #impossible}
     */
    public Answer reserve(Demand demand, Runnable whenRoom) {
        while (true) {
            long before = changes;
            BigDecimal owed = owed();
            synchronized (lock) {
                if (before != changes && !this.owed.isEmpty()) {
                    continue; // what was reserved may be owed by now
                }
                boolean hasTurn = called.remove(whenRoom) || isFirst(whenRoom, owed);
                Answer answer = answer(demand, owed);
                if (answer == Answer.NOT_NOW || (answer == Answer.RESERVED && !hasTurn)) {
                    waiting.put(whenRoom, demand);
                    return Answer.NOT_NOW;
                }
                waiting.remove(whenRoom);
                if (answer == Answer.RESERVED) {
                    hold(demand);
                }
                return answer;
            }
        }
    }

    /** Under the lock: whether nobody else waits until those who hold something give it back; they will call whoever comes next. */
    private boolean isFirst(Runnable whenRoom, BigDecimal owed) {
        if (waiting.isEmpty()) {
            return true;
        }
        Map.Entry<Runnable, Demand> first = waiting.entrySet().iterator().next();
        return first.getKey().equals(whenRoom) || answer(first.getValue(), owed) != Answer.NOT_NOW;
    }

    /** Under the lock: what comes of a wish. */
    private Answer answer(Demand demand, BigDecimal owed) {
        BigDecimal money = demand.ceiling().usd().add(owed);
        BigDecimal count = BigDecimal.valueOf(demand.tokens());
        if (impossible(demand) != null || !usd.suffices(money) || !tokens.suffices(count)) {
            return Answer.EXHAUSTED;
        }
        return usd.hasFree(money) && tokens.hasFree(count) ? Answer.RESERVED : Answer.NOT_NOW;
    }

    /** Calls {@code whenRoom} no more, for whoever waits no more. */
    public void forget(Runnable whenRoom) {
        synchronized (lock) {
            waiting.remove(whenRoom);
            called.remove(whenRoom);
        }
        callThoseWithRoom(); // it may have stood before them
    }

    /** Reserves without asking whether there is room; {@link #settle} ends it too. For what is owed already and is about to be paid. */
    public void hold(Demand demand) {
        synchronized (lock) {
            usd.reserve(demand.ceiling().usd());
            tokens.reserve(BigDecimal.valueOf(demand.tokens()));
        }
    }

    /**
     * Counts a debt elsewhere, such as for batches that are out, as reserved and spent from now on; its amounts are read each time they are
     * needed. A new debt is reserved here until it shows there.
     *
     * @param creditor whose debt it is, which is told again where its amounts are read elsewhere from now on
     * @param most the most that what is open of it may come to now; quick, never calls back
     * @param spent what came of it that nobody will settle here, since it was paid for nothing; likewise. What moves from {@code most} to it is
     *     in both for a while, never in none
     */
    public void owes(Object creditor, Supplier<Cost> most, Supplier<Cost> spent) {
        owed.put(creditor, new Debt(most, spent));
    }

    private BigDecimal owed() {
        return owed(Debt::most).add(owed(Debt::spent));
    }

    private BigDecimal owed(Function<Debt, Supplier<Cost>> part) {
        BigDecimal sum = BigDecimal.ZERO;
        for (Debt debt : owed.values()) {
            sum = sum.add(part.apply(debt).get().usd());
        }
        return sum;
    }

    /** Ends a reservation, once each. Call it without holding a lock: it calls those who wait for room. */
    public void settle(Demand demand, Settlement end) {
        BigDecimal moneyHeld = demand.ceiling().usd();
        BigDecimal tokensHeld = BigDecimal.valueOf(demand.tokens());
        boolean whole = end.isFree() || end.delivery() == Delivery.ANSWERED;
        BigDecimal money = end.cost().usd();
        BigDecimal count =
                BigDecimal.valueOf(end.usage().inputTokens() + end.usage().outputTokens());
        changed(() -> {
            usd.settle(moneyHeld, whole && end.cost().isKnown() ? money : money.max(moneyHeld));
            tokens.settle(tokensHeld, whole && end.usage().isKnown() ? count : count.max(tokensHeld));
        });
    }

    /** Counts what was spent elsewhere, such as by the earlier runs of a resumed one. */
    public void charge(BigDecimal usd, long tokens) {
        Objects.requireNonNull(usd, "usd");
        if (usd.signum() < 0 || tokens < 0) {
            throw new IllegalArgumentException("negative charge: " + usd + " USD, " + tokens + " tokens");
        }
        changed(() -> {
            this.usd.settle(BigDecimal.ZERO, usd);
            this.tokens.settle(BigDecimal.ZERO, BigDecimal.valueOf(tokens));
        });
    }

    /**
     * Charges what was spent in a place that others spend in too, such as the directory of a run, as far as this budget has not
     * {@linkplain #hears heard} of it.
     *
     * @param usd all that was ever spent there
     * @param tokens all that were ever used there
     */
    public void charge(Object place, BigDecimal usd, long tokens) {
        Spent before = heard.getOrDefault(place, Spent.NOTHING);
        hears(place, usd, tokens);
        charge(usd.subtract(before.usd()).max(BigDecimal.ZERO), Math.max(0, tokens - before.tokens()));
    }

    /** Says that what was spent in {@code place} up to now went through this budget, or was charged to it. */
    public void hears(Object place, BigDecimal usd, long tokens) {
        heard.put(place, new Spent(usd, tokens));
    }

    /** Changes the cap on money from now on; what is reserved and spent stays. */
    public void capUsd(BigDecimal cap) {
        checked(cap);
        changed(() -> usd.cap = cap);
    }

    /** Changes the cap on tokens from now on; what is reserved and spent stays. */
    public void capTokens(long cap) {
        BigDecimal tokens = checked(BigDecimal.valueOf(cap));
        changed(() -> this.tokens.cap = tokens);
    }

    /** What is {@linkplain #owes owed} stands among what is reserved and spent. */
    public Balance balance() {
        BigDecimal most = owed(Debt::most);
        BigDecimal spent = owed(Debt::spent);
        synchronized (lock) {
            return new Balance(usd.account(most, spent), tokens.account(BigDecimal.ZERO, BigDecimal.ZERO));
        }
    }

    /**
     * The error of a call that got {@link Answer#EXHAUSTED}: {@link ErrorKind#BUDGET_EXHAUSTED}, also where the demand is {@link
     * #impossible}. What no budget can pay for is no fault of the request's, and a run leaves its item pending.
     */
    public ApiException exhausted(Demand demand) {
        String impossible = impossible(demand);
        return ApiException.builder(ErrorKind.BUDGET_EXHAUSTED, impossible == null ? usedUp(demand) : impossible)
                .delivery(Delivery.NOT_SENT)
                .build();
    }

    private String usedUp(Demand demand) {
        Balance now = balance();
        BigDecimal cap = now.usd().cap();
        BigDecimal money = demand.ceiling().usd();
        return cap != null && now.usd().spent().add(owed(Debt::most)).add(money).compareTo(cap) > 0
                ? line(now.usd(), money, "USD")
                : line(now.tokens(), BigDecimal.valueOf(demand.tokens()), "tokens");
    }

    private static String line(Balance.Account account, BigDecimal asked, String unit) {
        return "the budget is used up: of " + text(account.cap()) + " " + unit + " " + text(account.spent())
                + " are spent and " + text(account.reserved()) + " reserved, and this call may take " + text(asked)
                + "; raise the cap to go on";
    }

    private static String text(@Nullable BigDecimal number) {
        return number == null ? "unlimited" : number.toPlainString();
    }

    private void changed(Runnable change) {
        synchronized (lock) {
            change.run();
            changes++;
        }
        callThoseWithRoom();
    }

    /** In the order they came, as long as there is room for the next; also behind one that fails, for nobody would call them again. */
    private void callThoseWithRoom() {
        Throwable failure = null;
        Runnable next;
        while ((next = nextWithRoom()) != null) {
            try {
                next.run();
            } catch (Throwable e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw Exceptions.propagate(failure);
        }
    }

    private @Nullable Runnable nextWithRoom() {
        BigDecimal owed = owed();
        synchronized (lock) {
            Iterator<Map.Entry<Runnable, Demand>> all = waiting.entrySet().iterator();
            if (!all.hasNext()) {
                return null;
            }
            Map.Entry<Runnable, Demand> first = all.next();
            if (answer(first.getValue(), owed) == Answer.NOT_NOW) {
                return null;
            }
            Runnable next = first.getKey();
            all.remove();
            called.add(next);
            return next;
        }
    }

    private static BigDecimal checked(BigDecimal cap) {
        if (Objects.requireNonNull(cap, "cap").signum() < 0) {
            throw new IllegalArgumentException("a cap cannot be negative: " + cap);
        }
        return cap;
    }

    /** The sums of one unit; under the lock. */
    private static final class Purse {

        private BigDecimal spent = BigDecimal.ZERO;
        private BigDecimal reserved = BigDecimal.ZERO;
        private @Nullable BigDecimal cap;

        Purse(@Nullable BigDecimal cap) {
            this.cap = cap;
        }

        /** Whether the rest suffices once all others have given back what they hold. */
        boolean suffices(BigDecimal amount) {
            return cap == null || spent.add(amount).compareTo(cap) <= 0;
        }

        boolean hasFree(BigDecimal amount) {
            return cap == null || spent.add(reserved).add(amount).compareTo(cap) <= 0;
        }

        void reserve(BigDecimal amount) {
            reserved = reserved.add(amount);
        }

        void settle(BigDecimal held, BigDecimal taken) {
            reserved = reserved.subtract(held);
            spent = spent.add(taken);
        }

        /**
         * @param most what is owed elsewhere
         * @param paid what was spent there
         */
        Balance.Account account(BigDecimal most, BigDecimal paid) {
            return new Balance.Account(spent.add(paid), reserved.add(most), cap);
        }
    }
}
