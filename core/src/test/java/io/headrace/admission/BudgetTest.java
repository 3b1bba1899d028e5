package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.Budget.Answer;
import io.headrace.admission.Budget.Balance.Account;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.util.context.Context;

class BudgetTest {

    private static final Runnable NOBODY = () -> {};

    private static BigDecimal usd(String amount) {
        return new BigDecimal(amount);
    }

    private static Demand upTo(String amount) {
        return new Demand(100, 50, Cost.of(usd(amount)));
    }

    private static Settlement answered(String amount) {
        return Settlement.answered(Usage.of(100, 20), Cost.of(usd(amount)), Duration.ZERO);
    }

    private static Settlement failed(Delivery delivery, Usage usage, Cost cost) {
        return new Settlement(delivery, usage, cost, ErrorKind.SERVER_ERROR, null, Duration.ZERO);
    }

    private static void check(Budget budget, String spent, String reserved) {
        Account account = budget.balance().usd();
        assertThat(account.spent()).isEqualByComparingTo(spent);
        assertThat(account.reserved()).isEqualByComparingTo(reserved);
    }

    @Test
    void answered_paysWhatItCost() {
        Budget budget = Budget.ofUsd(usd("1"));
        assertThat(budget.reserve(upTo("0.30"), NOBODY)).isEqualTo(Answer.RESERVED);
        check(budget, "0", "0.30");
        budget.settle(upTo("0.30"), answered("0.10"));
        check(budget, "0.10", "0");
        assertThat(budget.balance().usd().free()).isEqualByComparingTo("0.90");
        assertThat(budget.balance().tokens()).isEqualTo(new Account(usd("120"), usd("0"), null));
        assertThat(budget.balance().tokens().free()).isNull();
    }

    @Test
    void notSentOrRefused_paysNothing() {
        Budget budget = Budget.of(usd("1"), 1_000);
        for (Delivery free : List.of(Delivery.NOT_SENT, Delivery.REFUSED)) {
            budget.reserve(upTo("0.30"), NOBODY);
            budget.settle(upTo("0.30"), failed(free, Usage.ZERO, Cost.ZERO));
        }
        check(budget, "0", "0");
        assertThat(budget.balance().tokens().free()).isEqualByComparingTo("1000");
    }

    @Test
    void unknown_paysAllItReserved() {
        Budget budget = Budget.of(usd("1"), 1_000);
        budget.reserve(upTo("0.30"), NOBODY);
        budget.settle(upTo("0.30"), Settlement.cancelled(Duration.ZERO));
        budget.reserve(upTo("0.20"), NOBODY);
        budget.settle(upTo("0.20"), Settlement.answered(Usage.UNKNOWN, Cost.UNKNOWN, Duration.ZERO));
        budget.reserve(upTo("0.10"), NOBODY);
        budget.settle(upTo("0.10"), failed(Delivery.UNKNOWN, Usage.of(1, 1), Cost.of(usd("0.01"))));
        check(budget, "0.60", "0");
        assertThat(budget.balance().tokens().spent()).isEqualByComparingTo("450");
    }

    @Test
    void dearerThanItSaid_isPaidInFull() {
        Budget budget = Budget.ofUsd(usd("1"));
        budget.reserve(upTo("0.30"), NOBODY);
        budget.settle(upTo("0.30"), answered("1.40"));
        check(budget, "1.40", "0");
        assertThat(budget.balance().usd().free()).isEqualByComparingTo("-0.40");
        assertThat(budget.reserve(upTo("0"), NOBODY)).isEqualTo(Answer.EXHAUSTED);
    }

    @Test
    void othersHoldTheRest_isNotNowAndCalledOnceWhenItComesBack() {
        Budget budget = Budget.ofUsd(usd("1"));
        List<String> calls = new ArrayList<>();
        Runnable room = () -> calls.add("room");
        budget.reserve(upTo("0.60"), room);
        assertThat(budget.reserve(upTo("0.40"), NOBODY)).isEqualTo(Answer.RESERVED);
        assertThat(budget.reserve(upTo("0.60"), room)).isEqualTo(Answer.NOT_NOW);
        assertThat(budget.reserve(upTo("0.70"), room)).isEqualTo(Answer.NOT_NOW);
        assertThat(calls).isEmpty();
        budget.settle(upTo("0.60"), answered("0.10"));
        budget.settle(upTo("0.40"), answered("0.10"));
        assertThat(calls).containsExactly("room");
        assertThat(budget.reserve(upTo("0.80"), room)).isEqualTo(Answer.RESERVED);
    }

    @Test
    void restDoesNotSuffice_isExhausted() {
        Budget budget = Budget.ofUsd(usd("1"));
        budget.charge(usd("0.95"), 0);
        assertThat(budget.reserve(upTo("0.05"), NOBODY)).isEqualTo(Answer.RESERVED);
        assertThat(budget.reserve(upTo("0.05"), NOBODY)).isEqualTo(Answer.NOT_NOW);
        assertThat(budget.reserve(upTo("0.06"), NOBODY)).isEqualTo(Answer.EXHAUSTED);
        ApiException error = budget.exhausted(upTo("0.06"));
        assertThat(error.kind()).isEqualTo(ErrorKind.BUDGET_EXHAUSTED);
        assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(error)
                .hasMessageContaining("of 1 USD 0.95 are spent and 0.05 reserved")
                .hasMessageContaining("0.06");
    }

    @Test
    void tokens_areCappedToo() {
        Budget budget = Budget.ofTokens(200);
        Demand unpriced = new Demand(100, 50, Cost.UNKNOWN);
        assertThat(budget.impossible(unpriced)).isNull();
        assertThat(budget.reserve(unpriced, NOBODY)).isEqualTo(Answer.RESERVED);
        assertThat(budget.reserve(unpriced, NOBODY)).isEqualTo(Answer.NOT_NOW);
        budget.settle(unpriced, Settlement.answered(Usage.of(60, 10), Cost.UNKNOWN, Duration.ZERO));
        assertThat(budget.reserve(unpriced, NOBODY)).isEqualTo(Answer.EXHAUSTED);
        assertThat(budget.exhausted(unpriced)).hasMessageContaining("of 200 tokens 70 are spent");
    }

    @Test
    void eitherCap_mayBind() {
        Budget budget = Budget.of(usd("1"), 200);
        assertThat(budget.reserve(upTo("0.01"), NOBODY)).isEqualTo(Answer.RESERVED);
        assertThat(budget.reserve(upTo("0.01"), NOBODY)).isEqualTo(Answer.NOT_NOW);
        check(budget, "0", "0.01");
        budget.capTokens(10_000);
        assertThat(budget.reserve(upTo("1.01"), NOBODY)).isEqualTo(Answer.EXHAUSTED);
        assertThat(budget.balance().tokens().reserved()).isEqualByComparingTo("150");
    }

    @Test
    void unknownCeilingUnderACapOnMoney_isImpossibleAndSaysWhatToDo() {
        Budget budget = Budget.ofUsd(usd("2.50"));
        Demand unbounded = new Demand(1, 1, Cost.UNKNOWN);
        assertThat(budget.impossible(unbounded))
                .contains("2.50 USD")
                .contains("maxOutputTokens")
                .contains("price")
                .contains("images", "documents", "extra fields");
        assertThat(budget.reserve(unbounded, NOBODY)).isEqualTo(Answer.EXHAUSTED);
        assertThat(budget.exhausted(unbounded).kind()).isEqualTo(ErrorKind.BUDGET_EXHAUSTED);
        assertThat(budget.exhausted(unbounded)).hasMessage(budget.impossible(unbounded));
        check(budget, "0", "0");
    }

    @Test
    void whoeverFailsOnRoom_keepsItFromNobody() {
        Budget budget = Budget.ofUsd(usd("1"));
        AtomicLong calls = new AtomicLong();
        budget.reserve(upTo("1"), NOBODY);
        budget.reserve(upTo("1"), () -> {
            throw new IllegalStateException("broken");
        });
        budget.reserve(upTo("1"), calls::incrementAndGet);
        assertThatIllegalStateException()
                .isThrownBy(() -> budget.settle(upTo("1"), Settlement.unused()))
                .withMessage("broken");
        assertThat(calls).hasValue(1);
        check(budget, "0", "0");
    }

    @Test
    void roomForSome_callsThoseWhoCameFirst() {
        Budget budget = Budget.ofUsd(usd("1"));
        List<String> calls = new ArrayList<>();
        budget.reserve(upTo("1"), NOBODY);
        Runnable first = () -> calls.add("first " + budget.reserve(upTo("0.40"), NOBODY));
        assertThat(budget.reserve(upTo("0.40"), first)).isEqualTo(Answer.NOT_NOW);
        Runnable second = () -> calls.add("second " + budget.reserve(upTo("0.70"), NOBODY));
        assertThat(budget.reserve(upTo("0.70"), second)).isEqualTo(Answer.NOT_NOW);
        Runnable third = () -> calls.add("third " + budget.reserve(upTo("0.10"), NOBODY));
        assertThat(budget.reserve(upTo("0.10"), third)).isEqualTo(Answer.NOT_NOW);
        budget.settle(upTo("1"), Settlement.unused());
        assertThat(calls).containsExactly("first RESERVED");
        budget.forget(second);
        assertThat(calls).containsExactly("first RESERVED", "third RESERVED");
        budget.settle(upTo("0.40"), answered("0.40"));
        budget.settle(upTo("0.10"), Settlement.unused());
        assertThat(calls).hasSize(2);
    }

    @Test
    void whoComesLater_waitsBehindThoseWhoWait() {
        Budget budget = Budget.ofUsd(usd("1"));
        List<String> calls = new ArrayList<>();
        Runnable large = () -> calls.add("large");
        Runnable small = () -> calls.add("small");
        budget.reserve(upTo("0.50"), NOBODY);
        assertThat(budget.reserve(upTo("0.80"), large)).isEqualTo(Answer.NOT_NOW);
        assertThat(budget.reserve(upTo("0.10"), small)).isEqualTo(Answer.NOT_NOW);
        assertThat(budget.reserve(upTo("1.10"), NOBODY))
                .as("what can never be waits for nobody")
                .isEqualTo(Answer.EXHAUSTED);
        budget.settle(upTo("0.50"), Settlement.unused());
        assertThat(calls).containsExactly("large", "small");
        assertThat(budget.reserve(upTo("0.80"), large)).isEqualTo(Answer.RESERVED);
        assertThat(budget.reserve(upTo("0.10"), small)).isEqualTo(Answer.RESERVED);
    }

    @Test
    void whoeverWasCalled_hasTheTurnOfTheOneBehind() {
        Budget budget = Budget.ofUsd(usd("1"));
        List<String> calls = new ArrayList<>();
        Runnable first = () -> calls.add("first");
        budget.reserve(upTo("0.50"), NOBODY);
        budget.reserve(upTo("0.50"), NOBODY);
        assertThat(budget.reserve(upTo("0.40"), first)).isEqualTo(Answer.NOT_NOW);
        assertThat(budget.reserve(upTo("0.90"), () -> calls.add("second"))).isEqualTo(Answer.NOT_NOW);
        budget.settle(upTo("0.50"), Settlement.unused());
        assertThat(calls).containsExactly("first");
        assertThat(budget.reserve(upTo("0.10"), () -> {})).isEqualTo(Answer.NOT_NOW);
        assertThat(budget.reserve(upTo("0.40"), first)).isEqualTo(Answer.RESERVED);
        assertThat(budget.reserve(upTo("0.10"), first)).as("one turn").isEqualTo(Answer.NOT_NOW);
    }

    @Test
    void whoeverWaitsForWhatIsOwedNoMore_holdsUpNobody() {
        Budget budget = Budget.ofUsd(usd("1"));
        List<Cost> owed = new ArrayList<>(List.of(Cost.of(usd("0.20"))));
        budget.owes(this, () -> owed.get(0), () -> Cost.ZERO);
        budget.reserve(upTo("0.10"), NOBODY);
        assertThat(budget.reserve(upTo("0.75"), () -> {})).isEqualTo(Answer.NOT_NOW);
        owed.set(0, Cost.of(usd("0.50")));
        assertThat(budget.reserve(upTo("0.05"), NOBODY))
                .as("only batches keep the large one from going, for a day")
                .isEqualTo(Answer.RESERVED);
        owed.set(0, Cost.ZERO);
        assertThat(budget.reserve(upTo("0.05"), NOBODY))
                .as("it has room by now")
                .isEqualTo(Answer.RESERVED);
    }

    @Test
    void restThatDoesNotSufficeAnyMore_callsThoseWhoWaitToTellThem() {
        Budget budget = Budget.ofUsd(usd("1"));
        List<Answer> answers = new ArrayList<>();
        budget.reserve(upTo("0.90"), NOBODY);
        budget.reserve(upTo("0.50"), () -> answers.add(budget.reserve(upTo("0.50"), NOBODY)));
        budget.reserve(upTo("0.20"), () -> answers.add(budget.reserve(upTo("0.20"), NOBODY)));
        budget.settle(upTo("0.90"), answered("0.75"));
        assertThat(answers).containsExactly(Answer.EXHAUSTED, Answer.RESERVED);
    }

    @Test
    void raisedCap_callsThoseWhoWait() {
        Budget budget = Budget.ofUsd(usd("1"));
        AtomicLong calls = new AtomicLong();
        budget.reserve(upTo("1"), NOBODY);
        assertThat(budget.reserve(upTo("1"), calls::incrementAndGet)).isEqualTo(Answer.NOT_NOW);
        budget.capUsd(usd("2"));
        assertThat(calls).hasValue(1);
        assertThat(budget.reserve(upTo("1"), NOBODY)).isEqualTo(Answer.RESERVED);
    }

    @Test
    void loweredCap_isExhaustedAtOnce() {
        Budget budget = Budget.ofUsd(usd("5"));
        budget.charge(usd("2"), 10);
        budget.capUsd(usd("1"));
        assertThat(budget.reserve(upTo("0"), NOBODY)).isEqualTo(Answer.EXHAUSTED);
    }

    @Test
    void callsBack_withoutItsLock() throws Exception {
        Budget budget = Budget.ofUsd(usd("1"));
        List<Budget.Balance> seen = new ArrayList<>();
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            budget.reserve(upTo("1"), NOBODY);
            budget.reserve(upTo("1"), () -> {
                try {
                    seen.add(other.submit(budget::balance).get(20, TimeUnit.SECONDS));
                } catch (Exception e) {
                    throw new AssertionError("the lock was held", e);
                }
            });
            budget.settle(upTo("1"), Settlement.unused());
        } finally {
            other.shutdownNow();
        }
        assertThat(seen).hasSize(1);
    }

    @Test
    void context_carriesIt() {
        Budget budget = Budget.ofTokens(1);
        assertThat(Budget.from(budget.into(Context.empty()))).containsSame(budget);
        assertThat(Budget.from(Context.empty())).isEmpty();
    }

    @Test
    void negativeAmounts_areRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Budget.ofUsd(usd("-1")));
        assertThatIllegalArgumentException().isThrownBy(() -> Budget.ofTokens(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> Budget.ofTokens(1).charge(usd("-1"), 0));
    }

    /** Many threads that reserve, wait for room and settle by any end: never above the cap, nobody forgotten, all comes back. */
    @Test
    void manyThreads_neverPassTheCapAndLeaveNothingReserved() throws Exception {
        for (int round = 0; round < 5; round++) {
            Budget budget = Budget.of(usd("30"), 400_000);
            AtomicLong paidMicros = new AtomicLong();
            ExecutorService threads = Executors.newFixedThreadPool(16);
            try {
                List<Future<?>> all = new ArrayList<>();
                for (int t = 0; t < 16; t++) {
                    Random random = new Random(round * 100L + t);
                    all.add(threads.submit(() -> spend(budget, random, paidMicros)));
                }
                for (Future<?> one : all) {
                    one.get(60, TimeUnit.SECONDS);
                }
            } finally {
                threads.shutdownNow();
            }
            Account money = budget.balance().usd();
            assertThat(money.reserved()).isEqualByComparingTo("0");
            assertThat(budget.balance().tokens().reserved()).isEqualByComparingTo("0");
            assertThat(money.spent()).isEqualByComparingTo(BigDecimal.valueOf(paidMicros.get(), 6));
            assertThat(money.spent()).isLessThanOrEqualTo(usd("30")).isGreaterThan(usd("28"));
        }
    }

    private static void spend(Budget budget, Random random, AtomicLong paidMicros) {
        Semaphore room = new Semaphore(0);
        Runnable whenRoom = room::release;
        while (true) {
            long ceiling = 1 + random.nextInt(2_000_000);
            Demand demand = new Demand(random.nextInt(1_000), 10, Cost.of(BigDecimal.valueOf(ceiling, 6)));
            Answer answer = budget.reserve(demand, whenRoom);
            if (answer == Answer.EXHAUSTED) {
                return;
            }
            if (answer == Answer.NOT_NOW) {
                room.acquireUninterruptibly();
                continue;
            }
            Account money = budget.balance().usd();
            assertThat(money.spent().add(money.reserved())).isLessThanOrEqualTo(usd("30"));
            long actual = random.nextLong(ceiling + 1);
            switch (random.nextInt(3)) {
                case 0 -> {
                    paidMicros.addAndGet(actual);
                    budget.settle(
                            demand,
                            Settlement.answered(
                                    Usage.of(demand.inputTokens(), 1),
                                    Cost.of(BigDecimal.valueOf(actual, 6)),
                                    Duration.ZERO));
                }
                case 1 -> budget.settle(demand, Settlement.unused());
                default -> {
                    paidMicros.addAndGet(ceiling);
                    budget.settle(demand, Settlement.cancelled(Duration.ZERO));
                }
            }
        }
    }
}
