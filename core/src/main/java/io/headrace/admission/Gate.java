package io.headrace.admission;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Layer;
import io.headrace.Priority;
import io.headrace.Relay;
import io.headrace.observe.CarefulMeter;
import io.headrace.observe.Meter;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.ContextView;
import reactor.util.retry.Retry;

/**
 * The admission scheduler of one quota, such as a model of a provider's account. It decides which waiting attempt goes next, and when, over
 * all calls that share it: those of runs, services and streams. Make one for each quota and give it to every stack that uses the quota.
 *
 * <p>An attempt goes when all resources of the gate, and all those of one of its keys, grant its {@link Demand}. They are reserved all or
 * none, and settled once by what the attempt really took. Until then the attempt waits, without a thread and for as long as it takes. Only a
 * demand above a stated limit is rejected, at once. The order is by priority, then by fair shares between tenants, then first come, first
 * served; see {@link io.headrace.CallOptions}.
 *
 * <p>An attempt that the server refuses for its rate limits, at no cost, goes back to the head of its tenant's line and does not count as a
 * failure; the key's resources hear of it and keep everyone waiting. A call that was refused for more than a minute goes behind the others,
 * and fails if the server keeps refusing it while it answers them.
 *
 * <p>A grant is held from just before the attempt's subscription until just before downstream sees its end: answer, error or cancel. A cancel
 * in line makes no attempt. An attempt that waited starts on the thread that made room for it, or on the scheduler if time did. Each grant is
 * told as {@link io.headrace.observe.CallEvent.Admitted}.
 *
 * <p>Does not detect deadlocks: a call that makes calls through the same gate holds its own grant meanwhile, and enough of them wait for each
 * other for ever. Give the outer call no gate.
 *
 * <p>Thread-safe; a lock guards the arithmetic and is never held while a call, a listener or a meter runs.
 */
public final class Gate {

    /** Not a time to wait: the budget is used up. */
    private static final long NEVER = -1;

    /** Not a time to wait: the gate has room, and the attempt's item has no place in its step. */
    private static final long NO_PLACE = -2;

    /** Not a time to wait: the gate has room, and others hold too much of the attempt's budget just now. */
    private static final long NO_MONEY = -3;

    private final String name;
    private final GateClock clock;
    private final WakeUp wakeUp;
    private final Resources shared;
    private final @Nullable Slots slots;
    private final KeyRing keys;
    private final FairQueue<Ticket<?>> queue;
    private final Standstill standstill;
    private final GateEvents events;
    private final GateMemory memory;
    private final Object lock = new Object();
    private int inFlight;
    private int unpaid;
    private long answers;
    private int failFastWaiting;
    private volatile int concurrency;
    private boolean paused;

    /**
     * @param shared what all keys share, {@code slots} among them
     */
    Gate(
            String name,
            Supplier<Scheduler> scheduler,
            List<Resource> shared,
            @Nullable Slots slots,
            KeyRing keys,
            FairQueue<Ticket<?>> queue,
            Standstill standstill,
            GateEvents events,
            GateMemory memory) {
        this.name = name;
        this.clock = new GateClock(scheduler);
        this.wakeUp = new WakeUp(scheduler, clock, this::wake);
        this.shared = new Resources(shared);
        this.slots = slots;
        this.keys = keys;
        this.queue = queue;
        this.standstill = standstill;
        this.events = events;
        this.memory = memory;
    }

    /**
     * Starts a gate.
     *
     * @param name what people know the quota by, such as {@code openai/gpt-4o-mini}
     */
    public static GateBuilder builder(String name) {
        return new GateBuilder(name);
    }

    public String name() {
        return name;
    }

    /** A layer whose every attempt counts as one request and nothing else. */
    public <Q, R> Layer<Q, R> layer() {
        return layer(DemandEstimator.requests(), Meter.free());
    }

    /**
     * A layer whose every subscription is one call. It passes this gate once, and once more after each refusal by the server's rate limits.
     *
     * @param demands what requests ask for
     * @param meter reads off answers what they used, and what they may and did cost where there is a budget
     */
    public <Q, R> Layer<Q, R> layer(DemandEstimator<? super Q> demands, Meter<? super Q, ? super R> meter) {
        Objects.requireNonNull(demands, "demands");
        Meter<Q, R> careful = CarefulMeter.of(meter);
        return next -> {
            Objects.requireNonNull(next, "next");
            return request -> Mono.deferContextual(context -> {
                Admission<Q, R> admission = new Admission<>(request, demands, careful, context.hasKey(Budget.class));
                return admitted(admission, next, false, context)
                        .onErrorResume(
                                refused -> admission.goesOn(),
                                refused -> Mono.defer(() -> admitted(admission, next, true, context))
                                        .retryWhen(Retry.indefinitely().filter(error -> admission.goesOn()))
                                        .onErrorMap(
                                                error -> admission.refusals.areFinal(),
                                                error -> admission.refusals.error(name, error)));
            });
        };
    }

    private <Q, R> Mono<R> admitted(Admission<Q, R> admission, Call<Q, R> next, boolean again, ContextView context) {
        admission.goesOn(false);
        Ticket<R> ticket = new Ticket<>(this, admission, again, context);
        Mono<R> sent = Relay.around(next, (asked, inside) -> ticket).apply(admission.request);
        if (enterAtOnce(ticket)) {
            return sent;
        }
        return Mono.<Void>create(ticket::await)
                .then(Mono.defer(() -> ticket.begin() ? sent : Mono.never()))
                .doOnCancel(ticket::withdraw);
    }

    /** Admits nobody until {@link #resume}; who was admitted goes on. */
    public void pause() {
        synchronized (lock) {
            paused = true;
        }
    }

    /**
     * Ends {@link #pause} and a standstill. Keys that had left the ring get one try each; after a standstill the others are tried again at
     * once too.
     */
    public void resume() {
        change((now, deferred) -> {
            paused = false;
            keys.tryAgain(now, standstill.end());
        });
    }

    /**
     * At most {@code max} attempts at a time from now on; those that are out stay.
     *
     * @throws IllegalStateException for a gate that was made without {@link GateBuilder#concurrency}
     * @throws IllegalArgumentException for less than 1
     */
    public void concurrency(int max) {
        if (slots == null) {
            throw new IllegalStateException(
                    "gate '" + name + "' has no limit on concurrency to change: set one when building it");
        }
        update(() -> slots.change(max));
    }

    /**
     * States another limit on a rate for each key from now on, as {@link GateBuilder#rate} does: of what is there, as much stays as the new
     * burst holds. Calls in line that ask for more than it ever allows fail.
     *
     * @throws IllegalStateException for {@link Charge#TOKENS} where no such limit was stated when the gate was built
     */
    public void rate(Charge charge, Rate rate) {
        Objects.requireNonNull(rate, "rate");
        change((now, deferred) -> keys.seats().forEach(seat -> {
            TokenBucket bucket = seat.bucket(charge);
            if (bucket == null) {
                throw new IllegalStateException("gate '" + name + "' has no limit on the rate of " + charge.unit()
                        + " to change: set one when building it");
            }
            bucket.change(rate, now);
        }));
    }

    /** Runs {@code change}, which changes resources of this gate, under its lock; then admits whoever may go. */
    public void update(Runnable change) {
        change((now, deferred) -> change.run());
    }

    /**
     * Writes the limits that were learned to the store of {@link GateBuilder#learnedIn}, as at the end of a process. Blocks to write a small
     * file for each key, so not for event loops. Does nothing without a store.
     */
    public void keepLearned() {
        List<Runnable> writes;
        synchronized (lock) {
            writes = memory.writes();
        }
        writes.forEach(Runnable::run);
    }

    /** How things stand. */
    public GateSnapshot snapshot() {
        synchronized (lock) {
            long now = clock.now();
            Entry<Ticket<?>> next = queue.peek(now);
            ApiException stands = standstill.reason();
            return new GateSnapshot(
                    name,
                    inFlight,
                    queue.size() + unpaid,
                    next == null ? Duration.ZERO : Duration.ofNanos(Math.max(0, now - next.since)),
                    next == null ? "" : binding(next.waiting, now),
                    paused,
                    stands == null ? "" : String.valueOf(stands.getMessage()),
                    shared.levels(now),
                    keys.seats().stream()
                            .map(seat -> GateSnapshot.Key.of(seat, now))
                            .toList());
        }
    }

    /** The name of what {@code next} waits for longest; empty if it goes as soon as the timer comes to it. */
    private String binding(Ticket<?> next, long now) {
        Demand demand = next.demand;
        if (paused) {
            return "paused";
        }
        if (keys.waitNanos(demand, now) > shared.waitNanos(demand, now)) {
            return keys.binding(demand, now);
        }
        String name = shared.binding(demand, now);
        return name.isEmpty() && next.budget != null ? "budget" : name;
    }

    /** Whether {@code ticket} may go now and nobody is in line; it is not put in line otherwise. */
    private boolean enterAtOnce(Ticket<?> ticket) {
        synchronized (lock) {
            long now = clock.now();
            return queue.size() == 0 && neverGranted(ticket) == null && take(ticket, now) == 0;
        }
    }

    /** Puts {@code ticket} in line, or lets it go if it is its turn; neither if it is there already or was cancelled on its way here. */
    void enter(Ticket<?> ticket) {
        change((now, deferred) -> {
            if (ticket.state == Ticket.State.NEW || ticket.state == Ticket.State.UNPLACED) {
                enter(ticket, now, deferred);
            }
        });
    }

    /** The budget of {@code ticket} has room: back into line with it if it left the line for that. */
    void onRoom(Ticket<?> ticket) {
        change((now, deferred) -> {
            if (ticket.state == Ticket.State.UNPAID) {
                unpaid--;
                enter(ticket, now, deferred);
            }
        });
    }

    private void enter(Ticket<?> ticket, long now, Deferred deferred) {
        ApiException never = neverGranted(ticket);
        if (never != null) {
            refuse(ticket, never, deferred);
            return;
        }
        ticket.waits(now);
        queue.add(ticket.entry);
        failFastWaiting += ticket.failsFast() ? 1 : 0;
    }

    /** Moves {@code ticket} up to the line of its priority, if that has gone up. It keeps the time it came. */
    void raise(Ticket<?> ticket) {
        change((now, deferred) -> {
            Priority priority = ticket.priority();
            if (!ticket.state.isBeforeTheGrant() || ticket.entry.priority == priority) {
                return;
            }
            boolean isInLine = ticket.state == Ticket.State.WAITING;
            if (isInLine) {
                queue.remove(ticket.entry);
            }
            ticket.entry.priority = priority;
            if (isInLine) {
                queue.add(ticket.entry);
            }
        });
    }

    /** Hears what the server said of the limits of the key that {@code ticket} was sent with. */
    void observe(Ticket<?> ticket, ServerLimits limits) {
        change((now, deferred) -> {
            if (ticket.state == Ticket.State.HELD) {
                ticket.seat().observe(limits, ticket.since, now);
            }
        });
    }

    /** Ends {@code ticket}, whatever state it is in; the second time does nothing. */
    void settle(Ticket<?> ticket, Function<Duration, Settlement> end) {
        if (ticket.state == Ticket.State.OVER) { // an answer settles, and the completion behind it comes too late
            return;
        }
        if (ticket.state.isBeforeTheGrant()) {
            boolean[] left = new boolean[1];
            change((now, deferred) -> left[0] = leave(ticket));
            if (left[0]) {
                ticket.forgetRoom();
                return;
            }
        }
        Settlement settlement = end.apply(Duration.ofNanos(clock.since(ticket.since)));
        Deferred deferred = Deferred.mine();
        boolean held = false;
        try { // as change does, without an object for it: this is done for each attempt
            synchronized (lock) {
                long now = clock.now();
                held = ticket.state == Ticket.State.HELD;
                if (held) {
                    settle(ticket, settlement, now);
                }
                memory.keep(now, deferred);
                letGo(now, deferred);
            }
        } finally { // whatever those who are let go throw
            try {
                deferred.run();
            } finally {
                if (held && ticket.budget != null) {
                    ticket.budget.settle(ticket.demand, settlement);
                }
            }
        }
        if (held) {
            ticket.widenWindow(concurrency);
        }
    }

    private void settle(Ticket<?> ticket, Settlement end, long now) {
        ticket.state = Ticket.State.OVER;
        inFlight--;
        Seat seat = ticket.seat();
        shared.settle(ticket.demand, end, now);
        seat.settle(ticket.demand, end, now);
        concurrency = Math.min(keys.concurrency(), shared.concurrency());
        queue.settle(ticket.entry, tokens(end, ticket.demand));
        boolean anyKey = keys.gone() == null;
        if (end.succeeded()) {
            answers++;
            if (anyKey) {
                standstill.end();
            }
        }
        if (end.isFree() && end.error() == ErrorKind.RATE_LIMITED) {
            ticket.refused(answers, now);
        } else if (end.isFree() && end.error() != null && seat.gone() != null && (anyKey || standstill.pauses())) {
            ticket.goesOn();
        }
    }

    /** Whether {@code ticket} is over without ever having been admitted. */
    private boolean leave(Ticket<?> ticket) {
        if (ticket.state == Ticket.State.HELD) {
            return false;
        }
        if (ticket.state == Ticket.State.WAITING) {
            leaveLine(ticket);
        } else if (ticket.state == Ticket.State.UNPAID) {
            unpaid--;
        }
        ticket.leave();
        return true;
    }

    private void leaveLine(Ticket<?> ticket) {
        queue.remove(ticket.entry);
        failFastWaiting -= ticket.failsFast() ? 1 : 0;
    }

    /** Changes something under the lock, admits whoever may go then, and starts them after the lock. */
    private void change(Change change) {
        Deferred deferred = Deferred.mine();
        try {
            synchronized (lock) {
                long now = clock.now();
                change.make(now, deferred);
                letGo(now, deferred);
            }
        } finally { // whatever a resource throws, who was admitted goes
            deferred.run();
        }
    }

    /** Under the lock, when anything has changed: has those started after it who may go now. */
    private void letGo(long now, Deferred deferred) {
        admitWaiting(now, deferred);
        events.handOver(deferred);
    }

    private void admitWaiting(long now, Deferred deferred) {
        Entry<Ticket<?>> entry;
        while ((entry = queue.peek(now)) != null) {
            Ticket<?> next = entry.waiting;
            long wait = take(next, now);
            if (wait == 0) {
                failFastWaiting -= next.failsFast() ? 1 : 0;
                queue.admit(entry, now);
                deferred.add(next);
            } else if (wait == NO_PLACE) {
                leaveLine(next);
            } else if (wait == NEVER) {
                turnAway(next, Objects.requireNonNull(next.budget).exhausted(next.demand), deferred);
            } else if (wait == NO_MONEY && !queue.hasOnePayer()) {
                leaveLine(next); // and keeps nobody who could pay waiting
                next.state = Ticket.State.UNPAID;
                unpaid++;
            } else if (mustWait(next, wait == NO_MONEY ? Resource.UNTIL_SETTLED : wait, now, deferred)) {
                return;
            }
        }
    }

    /**
     * Whether {@code first} must wait, and with it all who stand behind it. Where waiting is of no use it is turned away, or the gate
     * pauses; then whoever is first is looked at anew.
     */
    private boolean mustWait(Ticket<?> first, long wait, long now, Deferred deferred) {
        ApiException hopeless = paused ? null : keys.hopeless(now);
        if (hopeless != null) {
            ApiException error = notSent(hopeless.kind(), String.valueOf(hopeless.getMessage()));
            standstill.begin(error);
            paused = standstill.pauses();
            if (!paused) {
                turnAway(first, error, deferred);
            }
            return false;
        }
        ApiException never = wait == Resource.UNTIL_SETTLED ? neverGranted(first) : null;
        if (never != null) {
            turnAway(first, never, deferred);
            return false;
        }
        failFast(deferred, now);
        long next = paused ? wait : Math.min(wait, keys.standstillNanos(now));
        if (next == Resource.UNTIL_SETTLED || wakeUp.in(next, now)) {
            return true;
        }
        if (first.state == Ticket.State.WAITING) {
            turnAway(
                    first,
                    notSent(
                            ErrorKind.UNAVAILABLE,
                            "its scheduler is shut down, so nothing ends the wait of a call that may not go at once"),
                    deferred);
        }
        return false;
    }

    /**
     * Takes all resources for {@code ticket}, 0, or none: how long to wait then, {@link #NEVER}, or {@link #NO_PLACE} and
     * {@link #NO_MONEY}, after which it comes back by itself.
     */
    private long take(Ticket<?> ticket, long now) {
        Demand demand = ticket.demand;
        long wait = paused ? Resource.UNTIL_SETTLED : keys.waitNanos(demand, now);
        wait = Math.max(wait, shared.waitNanos(demand, now));
        if (wait == 0 && !ticket.hasPlace()) {
            return NO_PLACE;
        }
        if (wait == 0 && ticket.budget != null) {
            wait = switch (ticket.budget.reserve(demand, ticket.onRoom)) {
                case RESERVED -> 0;
                case NOT_NOW -> NO_MONEY;
                case EXHAUSTED -> NEVER;
            };
        }
        if (wait == 0) {
            shared.take(demand, now);
            ticket.admit(keys.take(demand, now), now);
            inFlight++;
        }
        return wait;
    }

    /** Lets those who would rather fail than wait fail, while the keys or the gate are shut. */
    private void failFast(Deferred deferred, long now) {
        if (failFastWaiting == 0) {
            return;
        }
        ErrorKind shut = paused && standstill.reason() != null ? ErrorKind.UNAVAILABLE : keys.shut(now);
        shut = shut == null ? shared.shut(now) : shut;
        if (shut != null) {
            ApiException error = notSent(shut, "it is shut, and the call asked not to wait");
            queue.forEach(entry -> {
                if (entry.waiting.failsFast()) {
                    turnAway(entry.waiting, error, deferred);
                }
            });
        }
    }

    /** Why {@code ticket} may never go. What no budget can pay for is no fault of the request's: a run leaves its item pending. */
    private @Nullable ApiException neverGranted(Ticket<?> ticket) {
        String why = shared.impossible(ticket.demand);
        why = why == null ? keys.impossible(ticket.demand) : why;
        if (why != null) {
            return notSent(ErrorKind.INVALID_REQUEST, why);
        }
        why = ticket.budget == null ? null : ticket.budget.impossible(ticket.demand);
        return why == null ? null : notSent(ErrorKind.BUDGET_EXHAUSTED, why);
    }

    private void wake(long at) {
        change((now, deferred) -> wakeUp.woken(at));
    }

    private void turnAway(Ticket<?> ticket, ApiException error, Deferred deferred) {
        leaveLine(ticket);
        refuse(ticket, error, deferred);
    }

    private static void refuse(Ticket<?> ticket, ApiException error, Deferred deferred) {
        ticket.refuse(error);
        deferred.add(ticket);
    }

    private ApiException notSent(ErrorKind kind, String why) {
        return ApiException.builder(kind, "gate '" + name + "': " + why)
                .delivery(Delivery.NOT_SENT)
                .build();
    }

    /** What a tenant is charged for an attempt. One whose turns cost nothing would be first in line for ever. */
    private static long tokens(Settlement end, Demand demand) {
        long used = end.usage().inputTokens() + end.usage().outputTokens();
        boolean tellsNothing = !end.isFree() && (used == 0 || !end.usage().isKnown());
        return Math.max(1, tellsNothing ? demand.tokens() : used);
    }

    /** What is done under the lock, at a moment of the gate's clock. */
    @FunctionalInterface
    private interface Change {
        void make(long now, Deferred deferred);
    }
}
