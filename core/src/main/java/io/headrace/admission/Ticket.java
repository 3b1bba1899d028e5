package io.headrace.admission;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.FatalErrorHandler;
import io.headrace.Priority;
import io.headrace.Relay;
import io.headrace.Urgency;
import io.headrace.WorkSlot;
import io.headrace.observe.AttemptNumber;
import io.headrace.observe.CallEvent.Admitted;
import io.headrace.observe.CallEvent.RetryScheduled;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * One attempt's claim on a {@link Gate}: it waits, holds and settles. It hears the attempt's signals, so that whichever comes
 * first settles before anybody downstream sees it.
 */
final class Ticket<R> extends Relay<R> implements Grant, Runnable {

    /** The life of a claim. */
    enum State {
        NEW,
        WAITING,
        /** Its turn came, and its item had no place in the step; it comes back to the gate with one. */
        UNPLACED,
        /** Its turn came, and its budget had no room; it comes back when there is some. */
        UNPAID,
        HELD,
        OVER;

        boolean isBeforeTheGrant() {
            return this != HELD && this != OVER;
        }
    }

    @SuppressWarnings("rawtypes") // field updaters know no type arguments
    private static final AtomicIntegerFieldUpdater<Ticket> FATE =
            AtomicIntegerFieldUpdater.newUpdater(Ticket.class, "fate");

    private static final int OPEN = 0;
    private static final int BEGUN = 1;
    private static final int WITHDRAWN = 2;

    private final Gate gate;
    private final Admission<?, R> admission;
    private final CallListener listener;
    private final CallOptions options;
    private final int number;
    private final WorkSlot slot;
    private final @Nullable Urgency urgency;
    private Disposable raising = Disposables.disposed();
    private WorkSlot.Wait wait = WorkSlot.Wait.NONE;
    private @Nullable MonoSink<Void> sink;
    private @Nullable Throwable refusal;
    private long waited;
    private volatile int fate;

    final Demand demand;
    final @Nullable Budget budget;

    /** Has it try again when its budget has room. */
    final Runnable onRoom = this::comeBack;

    // the gate's own, under its lock
    volatile State state = State.NEW;
    final Entry<Ticket<?>> entry;
    long since;

    private @Nullable Seat seat;

    Ticket(Gate gate, Admission<?, R> admission, boolean again, ContextView context) {
        this.gate = gate;
        this.admission = admission;
        this.demand = admission.demand;
        this.listener = CallListener.from(context);
        this.options = CallOptions.from(context);
        this.slot = WorkSlot.from(context);
        this.urgency = Urgency.from(context);
        this.budget = context.getOrDefault(Budget.class, null);
        this.number = AttemptNumber.from(context);
        boolean first = !again && number == 1;
        boolean ahead = !first && admission.refusals.goesFirst();
        this.entry = new Entry<>(this, options.tenant(), priority(), demand.tokens(), ahead, budget);
    }

    /** Waits for the gate, in line if need be; {@code sink} completes with the grant, or fails. */
    void await(MonoSink<Void> sink) {
        this.sink = sink;
        this.wait = slot.newWait();
        if (urgency != null) {
            raising = urgency.onRaise(() -> gate.raise(this));
            gate.raise(this); // what was raised before it could be heard
        }
        gate.enter(this);
        wait.begin();
    }

    private void comeBack() {
        gate.onRoom(this);
    }

    /** After the gate's lock: it waits for its budget no more. */
    void forgetRoom() {
        if (budget != null) {
            budget.forget(onRoom);
        }
    }

    /** How urgent it is now. */
    Priority priority() {
        return urgency == null ? options.priority() : urgency.priority();
    }

    /** Under the gate's lock: the attempt may go, with the key of {@code seat}. */
    void admit(Seat seat, long now) {
        this.seat = seat;
        waited = state == State.WAITING ? Math.max(0, now - entry.since) : 0;
        state = State.HELD;
        since = now;
    }

    /** Whether it would rather fail than wait for a gate that is shut. */
    boolean failsFast() {
        return options.failFast();
    }

    /** Lets the step work on as many items at once as the gate lets attempts out, where that is known. */
    void widenWindow(int concurrency) {
        if (concurrency != Integer.MAX_VALUE) {
            slot.atLeast(concurrency);
        }
    }

    /** What it was admitted with. */
    Seat seat() {
        return Objects.requireNonNull(seat, "not admitted");
    }

    /** Under the gate's lock: it is to stand in line, at the head if it has been there before. */
    void waits(long now) {
        if (state == State.UNPLACED || state == State.UNPAID) {
            entry.again = true;
        } else {
            entry.since = now;
        }
        state = State.WAITING;
    }

    /**
     * Under the gate's lock, which has room for it: whether its item has a place in the step. Else it is unplaced, holding nothing,
     * and enters the gate again when the step has a place for its item.
     */
    boolean hasPlace() {
        if (wait.end(() -> gate.enter(this))) {
            return true;
        }
        state = State.UNPLACED;
        return false;
    }

    /** Under the gate's lock: the server refused it for its rate limits, and its call waits here again unless it always will be. */
    void refused(long answers, long now) {
        admission.refusals.add(answers, now);
        if (!admission.refusals.areFinal()) {
            goesOn();
        }
    }

    /** Under the gate's lock: it was turned away at no cost, for what its call need not meet again. */
    void goesOn() {
        admission.goesOn(true);
    }

    /** Under the gate's lock: it does not go. */
    void leave() {
        state = State.OVER;
        wait.cancel();
    }

    /** Under the gate's lock: it never may. */
    void refuse(Throwable error) {
        leave();
        refusal = error;
    }

    /** After the gate's lock: lets the attempt go, or fail. What was cancelled meanwhile goes nowhere. */
    @Override
    public void run() {
        raising.dispose();
        MonoSink<Void> waiting = sink;
        if (refusal != null) {
            forgetRoom();
            if (waiting != null) {
                waiting.error(refusal);
            }
            return;
        }
        try {
            listener.tell(new Admitted(options, Duration.ofNanos(waited)));
        } finally {
            if (waiting != null) {
                goOn(waiting);
            }
        }
    }

    /** On the thread of whoever made room: an error that Reactor rethrows ends this item's work, and not that one's. */
    private static void goOn(MonoSink<Void> waiting) {
        try {
            waiting.success();
        } catch (Throwable e) {
            FatalErrorHandler.handleOrThrow(e, waiting.contextView());
        }
    }

    @Override
    protected Context inside(Context outside) {
        return into(outside);
    }

    /** The attempt is about to be made; one that did not wait is told here. */
    @Override
    protected void starting() {
        if (sink == null) {
            run();
        }
    }

    /** The attempt is about to be made, and ends what it began by itself; not any more after {@link #withdraw}. */
    boolean begin() {
        return fate == OPEN && FATE.compareAndSet(this, OPEN, BEGUN);
    }

    /** After a cancel: the attempt is not made, unless it has begun. */
    void withdraw() {
        if (fate == OPEN && FATE.compareAndSet(this, OPEN, WITHDRAWN)) {
            raising.dispose();
            gate.settle(this, elapsed -> Settlement.unused());
        }
    }

    @Override
    public @Nullable ApiKey key() {
        Seat taken = seat;
        return taken == null ? null : taken.key();
    }

    @Override
    public void observed(ServerLimits limits) {
        gate.observe(this, limits);
    }

    @Override
    protected void answered(R answer) {
        gate.settle(this, elapsed -> admission.answered(answer, elapsed));
    }

    @Override
    protected @Nullable Throwable completed() {
        gate.settle(this, Settlement::cancelled);
        return null;
    }

    @Override
    protected Throwable failed(Throwable error) {
        Seat taken = seat;
        if (taken != null) {
            taken.failed(error);
        }
        gate.settle(this, elapsed -> Settlement.failed(error, elapsed));
        if (admission.goesOn() && error instanceof ApiException refusal) {
            listener.tell(new RetryScheduled(options, number, refusal.kind(), Duration.ZERO));
        }
        return error;
    }

    @Override
    protected void cancelled() {
        gate.settle(this, Settlement::cancelled);
    }

    @Override
    protected void notStarted() {
        gate.settle(this, elapsed -> Settlement.unused());
    }
}
