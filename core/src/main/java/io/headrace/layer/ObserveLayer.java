package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.FatalErrorHandler;
import io.headrace.ItemWork;
import io.headrace.Layer;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/**
 * The outermost layer: tells listeners once when a call is over, before the caller hears of it. Its own listener is told first, then the one in
 * the {@code Context}; both hear the events of the layers inside too. The stack of a {@linkplain FallbackLayer fallback} tells its end only to
 * its own listener, and nothing twice, because to the caller it is one call.
 *
 * <p>A {@linkplain ErrorKind#PARKED parked} call of an item is told to the {@link ItemWork} and signals nothing; other signals pass unchanged. A
 * call that completes empty counts as failed. Errors that code behind the call throws, and that Reactor would rethrow, go to the {@link
 * FatalErrorHandler} in the {@code Context}.
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
        return request -> new Observed<>(next, request, own, clock);
    }

    /** The call inside, watched: no operator of Reactor catches what its subscriber throws. */
    private static final class Observed<Q, R> extends Mono<R> {

        private final Call<Q, R> next;
        private final Q request;
        private final CallListener own;
        private final Supplier<Scheduler> clock;

        Observed(Call<Q, R> next, Q request, CallListener own, Supplier<Scheduler> clock) {
            this.next = next;
            this.request = request;
            this.own = own;
            this.clock = clock;
        }

        @Override
        public void subscribe(CoreSubscriber<? super R> actual) {
            Watch<R> watch = new Watch<>(actual, own, clock.get());
            Mono<R> answer;
            try {
                answer = next.apply(request);
            } catch (Throwable e) {
                Operators.error(watch, Operators.onOperatorError(e, watch.currentContext()));
                return;
            }
            answer.subscribe(watch);
        }
    }

    /** One subscription. */
    private static final class Watch<R> implements CoreSubscriber<R>, Subscription {

        @SuppressWarnings("rawtypes") // field updaters know no type arguments
        private static final AtomicIntegerFieldUpdater<Watch> STATE =
                AtomicIntegerFieldUpdater.newUpdater(Watch.class, "state");

        private static final int ON_ITS_WAY = 0;
        private static final int ENDED = 1;
        /** The item has been told too: whoever stands behind the call has gone on. */
        private static final int LEFT = 2;

        private final CoreSubscriber<? super R> actual;
        private final Context context;
        private final CallListener listener;
        private final CallOptions options;
        private final Scheduler clock;
        private final long start;
        private @Nullable Subscription upstream;
        private final ItemWork work;
        private volatile int state;
        /** Set while the thread hands the answer over. */
        private @Nullable Thread delivering;

        private boolean cancelledInDelivery;

        Watch(CoreSubscriber<? super R> actual, CallListener own, Scheduler clock) {
            Context outside = actual.currentContext();
            CallListener outer = CallListener.from(outside);
            CallListener added = own.except(outer);
            ItemWork here = ItemWork.from(outside);
            this.work = here == ItemWork.ofCall() ? ItemWork.none() : here;
            Context inside = work == ItemWork.none() ? outside : ItemWork.inCall(outside);
            this.actual = actual;
            this.listener = FallbackLayer.isPartOfCall(outside) ? added : added.and(outer);
            this.context = added == CallListener.noop() ? inside : inside.put(CallListener.class, added.and(outer));
            this.options = CallOptions.from(outside);
            this.clock = clock;
            this.start = clock.now(TimeUnit.NANOSECONDS);
            work.callBegan();
        }

        @Override
        public Context currentContext() {
            return context;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (Operators.validate(upstream, subscription)) {
                upstream = subscription;
                actual.onSubscribe(this);
            }
        }

        @Override
        public void onNext(R answer) {
            end(End.ANSWERED, null);
            delivering = Thread.currentThread();
            try {
                actual.onNext(answer);
            } catch (Throwable e) {
                handle(e);
            } finally {
                delivering = null;
                if (cancelledInDelivery) {
                    leave();
                }
            }
        }

        @Override
        public void onError(Throwable error) {
            ApiException parked = Parked.of(error);
            end(parked == null ? End.FAILED : End.PARKED, parked == null ? error : null);
            if (parked != null && work != ItemWork.none()) {
                if (isFirstToLeave()) {
                    work.callParked(parked);
                }
                return;
            }
            try {
                actual.onError(error);
            } catch (Throwable e) {
                handle(e);
            } finally {
                leave();
            }
        }

        @Override
        public void onComplete() {
            if (state == ON_ITS_WAY) {
                end(End.FAILED, NoAnswer.error());
            }
            try {
                actual.onComplete();
            } catch (Throwable e) {
                handle(e);
            } finally {
                leave();
            }
        }

        @Override
        public void request(long n) {
            Objects.requireNonNull(upstream).request(n);
        }

        /**
         * The cancel reaches the source first, so ends are told from the inside outwards here too. A subscriber that cancels while it
         * is given the answer has not gone on with it yet.
         */
        @Override
        public void cancel() {
            Objects.requireNonNull(upstream).cancel();
            end(End.CANCELLED, null);
            if (delivering == Thread.currentThread()) {
                cancelledInDelivery = true;
            } else {
                leave();
            }
        }

        /** The first of value, completion, error and cancel, whichever thread brings it. */
        private void end(End end, @Nullable Throwable error) {
            if (state == ON_ITS_WAY && STATE.compareAndSet(this, ON_ITS_WAY, ENDED)) {
                Duration elapsed = Duration.ofNanos(clock.now(TimeUnit.NANOSECONDS) - start);
                listener.tell(new CallEnded(options, elapsed, end, error));
            }
        }

        private void leave() {
            if (isFirstToLeave()) {
                work.callEnded();
            }
        }

        private boolean isFirstToLeave() {
            return STATE.getAndSet(this, LEFT) != LEFT;
        }

        /** What code behind the call threw must not get lost in the thread that brought the answer. */
        private void handle(Throwable error) {
            FatalErrorHandler.handleOrThrow(error, context);
        }
    }
}
