package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Layer;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The outermost layer: tells listeners when a call is over, exactly once, before the caller hears of it. Its own listener
 * is told first and then the one in the {@code Context}; both hear the events of the layers inside as well.
 *
 * <p>Changes no signal. A call that completes empty counts as failed.
 */
public final class ObserveLayer<Q, R> implements Layer<Q, R> {

    private final CallListener own;
    private final Supplier<Scheduler> clock;

    private ObserveLayer(CallListener own, Supplier<Scheduler> clock) {
        this.own = Objects.requireNonNull(own, "listener");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    /** Tells the listener in the context only. */
    public static <Q, R> ObserveLayer<Q, R> create() {
        return of(CallListener.noop());
    }

    /** Tells {@code listener} too. */
    public static <Q, R> ObserveLayer<Q, R> of(CallListener listener) {
        return of(listener, Schedulers::parallel);
    }

    /**
     * Tells {@code listener} too.
     *
     * @param clock whose time is read, taken at each subscription
     */
    public static <Q, R> ObserveLayer<Q, R> of(CallListener listener, Supplier<Scheduler> clock) {
        return new ObserveLayer<>(listener, clock);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.defer(() -> next.apply(request)).tap(context -> new Watch<R>(context, own, clock.get()));
    }

    /** One subscription. */
    private static final class Watch<R> extends EndOnce<R> {

        private final CallListener own;
        private final CallListener listener;
        private final CallOptions options;
        private final Scheduler clock;
        private final long start;

        Watch(ContextView context, CallListener own, Scheduler clock) {
            this.own = own;
            this.listener = own.and(CallListener.from(context));
            this.options = CallOptions.from(context);
            this.clock = clock;
            this.start = clock.now(TimeUnit.NANOSECONDS);
        }

        @Override
        public Context addToContext(Context context) {
            return own == CallListener.noop() ? context : context.put(CallListener.class, listener);
        }

        @Override
        void answered(R answer) {
            end(End.ANSWERED, null);
        }

        @Override
        void failed(Throwable error) {
            end(End.FAILED, error);
        }

        @Override
        void cancelled() {
            end(End.CANCELLED, null);
        }

        private void end(End end, @Nullable Throwable error) {
            Duration elapsed = Duration.ofNanos(clock.now(TimeUnit.NANOSECONDS) - start);
            listener.tell(new CallEnded(options, elapsed, end, error));
        }
    }
}
