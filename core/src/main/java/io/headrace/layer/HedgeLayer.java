package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.Layer;
import io.headrace.model.DeltaSink;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.core.publisher.Sinks;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.concurrent.Queues;

/**
 * Makes a second attempt when a call is slower than most, and takes the first answer: against the few calls that stall (Dean and Barroso: The
 * Tail at Scale, 2013). The losers are cancelled, and settle as sent with unknown outcome, which may cost.
 *
 * <p>Time counts from when the attempt was sent, not from when it began to wait; after as much time again comes a third attempt. After a
 * refusal, when the gate sends the attempt again, it counts from there. Each extra attempt waits at the gate like any other. The call fails
 * when all its attempts have failed, with the first error of those that were sent. Streamed calls have no extra attempts, since their pieces
 * could not be told apart, and their times do not count, for they depend on the reader.
 *
 * <p>Cancel cancels all. Extra attempts begin on the scheduler.
 */
public final class HedgeLayer<Q, R> implements Layer<Q, R> {

    private final HedgeSpec spec;
    private final SlowCalls slow;
    private final Supplier<Scheduler> scheduler;

    private HedgeLayer(HedgeSpec spec, Supplier<Scheduler> scheduler) {
        this.spec = Objects.requireNonNull(spec, "spec");
        this.slow = new SlowCalls(spec);
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
    }

    /** A layer that is timed on {@code Schedulers.parallel()}. */
    public static <Q, R> HedgeLayer<Q, R> of(HedgeSpec spec) {
        return of(spec, Schedulers::parallel);
    }

    /**
     * @param scheduler where slow calls are timed, taken at each subscription
     */
    public static <Q, R> HedgeLayer<Q, R> of(HedgeSpec spec, Supplier<Scheduler> scheduler) {
        return new HedgeLayer<>(spec, scheduler);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.deferContextual(context -> {
            Mono<R> call = Mono.defer(() -> next.apply(request)).switchIfEmpty(Mono.error(NoAnswer::error));
            if (context.hasKey(DeltaSink.class)) {
                return call;
            }
            Mono<Duration> slowAfter = slow.begin();
            Race<R> race = new Race<>(slow);
            Flux<Long> ticks = slowAfter.flatMapMany(
                    after -> Flux.interval(after, scheduler.get()).take(spec.maxAttempts() - 1));
            Flux<Signal<R>> extra = race.isOut()
                    .switchMap(out -> out ? ticks : Flux.empty())
                    .filter(tick -> race.mayBegin(spec.maxAttempts()))
                    .flatMap(tick -> call.materialize(), spec.maxAttempts(), 1);
            return Flux.merge(call.contextWrite(race::into).materialize(), extra)
                    .handle(race::decide)
                    .next();
        });
    }

    /** One call and its attempts. Signals come one after another. */
    private static final class Race<R> implements CallListener {

        private final SlowCalls slow;
        private final Sinks.Many<Boolean> out = Sinks.many()
                .unicast()
                .onBackpressureBuffer(Queues.<Boolean>unboundedMultiproducer().get());
        private final AtomicInteger running = new AtomicInteger(1);
        private @Nullable Throwable first;

        Race(SlowCalls slow) {
            this.slow = slow;
        }

        /** Whether the first attempt is with the server; not while the gate keeps it after a refusal. */
        Flux<Boolean> isOut() {
            return out.asFlux();
        }

        /** Hears of the first attempt when it is sent, and how long it took. */
        @Override
        public void on(CallEvent event) {
            if (event instanceof AttemptStarted) {
                out.tryEmitNext(true);
            } else if (event instanceof AttemptEnded ended) {
                out.tryEmitNext(false);
                if (ended.succeeded()) {
                    slow.answered(ended.elapsed());
                }
            }
        }

        /** Whether another attempt is allowed, and not all have failed meanwhile. */
        boolean mayBegin(int most) {
            int begun = running.get();
            return begun > 0
                    && begun < most
                    && slow.mayHedge()
                    && running.updateAndGet(attempts -> attempts == 0 ? 0 : attempts + 1) > 0;
        }

        void decide(Signal<R> signal, SynchronousSink<R> sink) {
            R answer = signal.get();
            if (answer != null) {
                sink.next(answer);
                return;
            }
            Throwable error = signal.getThrowable();
            if (error != null) {
                first = first == null || (isNotSent(first) && !isNotSent(error)) ? error : first;
                if (running.decrementAndGet() == 0) {
                    sink.error(first);
                }
            }
        }

        private static boolean isNotSent(Throwable error) {
            return error instanceof ApiException api && api.delivery() == Delivery.NOT_SENT;
        }
    }
}
