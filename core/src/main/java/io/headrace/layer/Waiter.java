package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.WorkSlot;
import io.headrace.admission.Budget;
import io.headrace.layer.Purchase.Part;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallListener;
import io.headrace.observe.Meter;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

/**
 * One caller of a {@link SingleFlightLayer}: leads a flight or follows one, and goes for another one where the answer or the
 * failure of the one that it followed was for its leader only. Thread-safe.
 */
final class Waiter<Q, R> {

    /** What callers of one layer round one call share. */
    record Line<Q, R>(Flights flights, KeyedCall<Q, R> call, Meter<? super Q, ? super R> meter) {}

    private final Line<Q, R> line;
    private final KeyedRequest<Q, R> asked;
    private final MonoSink<R> sink;
    private final Context context;
    private final CallOptions options;
    private final CallListener listener;
    private final @Nullable AttemptLog log;
    private final @Nullable LeaderDeltas deltas;
    private final Flights.Id id;
    private WorkSlot.Wait wait = WorkSlot.Wait.NONE;
    private volatile @Nullable Flight<R> flight;
    private volatile boolean cancelled;

    Waiter(Line<Q, R> line, KeyedRequest<Q, R> asked, @Nullable LeaderDeltas deltas, MonoSink<R> sink) {
        this.line = line;
        this.asked = asked;
        this.deltas = deltas;
        this.sink = sink;
        this.context = Context.of(sink.contextView());
        this.options = CallOptions.from(context);
        this.listener = CallListener.from(context);
        this.log = AttemptLog.from(context).orElse(null);
        this.id = new Flights.Id(asked.fingerprint(), asked.sample(), options.cachePolicy());
    }

    CallOptions options() {
        return options;
    }

    CallListener listener() {
        return listener;
    }

    @Nullable
    AttemptLog log() {
        return log;
    }

    Context context() {
        return context;
    }

    @Nullable
    LeaderDeltas deltas() {
        return deltas;
    }

    /** Who is told of a call that this one leads. */
    FlightLog flightLog() {
        Part<Q, R> part = asked.part();
        return part == null ? newLog() : part.purchase().log(this::newLog);
    }

    private FlightLog newLog() {
        return new FlightLog(this, asked.fingerprint(), asked.sample());
    }

    void begin() {
        sink.onCancel(this::cancel);
        enter();
    }

    private void enter() {
        while (!cancelled) {
            Flight<R> there = there();
            if (there == null) {
                Flight<R> mine = new Flight<>(line.flights(), id, this);
                if (line.flights().add(id, mine)) {
                    lead(mine);
                    return;
                }
            } else if (follow(there)) {
                return;
            }
        }
    }

    @SuppressWarnings("unchecked") // who follows a flight of another line never takes its answer
    private @Nullable Flight<R> there() {
        return (Flight<R>) line.flights().get(id);
    }

    private void lead(Flight<R> mine) {
        flight = mine;
        if (cancelled) {
            mine.leave(this);
        }
        if (!mine.isWanted()) {
            return; // nobody had joined meanwhile
        }
        Mono<R> answer;
        try {
            answer = line.call().apply(asked);
        } catch (RuntimeException e) {
            answer = Mono.error(e);
        }
        mine.begin(answer);
    }

    /** Gives the place in the step back: the leader may need it. */
    private boolean follow(Flight<R> other) {
        WorkSlot.Wait mine = WorkSlot.from(context).newWait();
        wait = mine;
        flight = other;
        if (!other.join(this)) {
            line.flights().remove(id, other);
            return false;
        }
        if (asked.part() != null) {
            asked.part().skip();
        }
        if (cancelled) {
            other.leave(this);
        } else {
            mine.begin();
        }
        return true;
    }

    private void cancel() {
        cancelled = true;
        Flight<R> left = flight;
        if (left != null) {
            left.leave(this);
        }
        wait.cancel();
    }

    /**
     * The flight is over: with an answer, an error, or neither.
     *
     * @param origin who began it
     * @param pays whether this is the one who leads it now
     */
    void landed(Waiter<?, R> origin, boolean pays, @Nullable R answer, @Nullable Throwable error) {
        Runnable goOn = () -> {
            if (origin != this && isOnlyFor(origin, error)) {
                enter();
            } else if (error != null) {
                sink.error(error);
            } else if (answer == null) {
                sink.success();
            } else {
                if (!pays) {
                    listener.tell(new CacheHit(
                            options, line.meter().usage(answer), line.meter().cost(answer)));
                }
                sink.success(answer);
            }
        };
        if (wait.end(goOn)) {
            goOn.run();
        }
    }

    /** Whether what came is no answer to this one: from another stack, or for a reason of its leader alone. */
    private boolean isOnlyFor(Waiter<?, R> origin, @Nullable Throwable error) {
        if (origin.line.call() != line.call()) {
            return true;
        }
        if (!(error instanceof ApiException api)) {
            return false;
        }
        if (api.kind() == ErrorKind.BUDGET_EXHAUSTED) {
            return !Budget.from(origin.context).equals(Budget.from(context));
        }
        boolean brokeOff = origin.deltas != null && origin.deltas.delivered();
        boolean gaveUp = origin.options.failFast() && !options.failFast() && api.delivery() == Delivery.NOT_SENT;
        return brokeOff || gaveUp;
    }
}
