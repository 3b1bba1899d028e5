package io.headrace.flow;

import io.headrace.ApiException;
import io.headrace.FatalErrorHandler;
import io.headrace.ItemWork;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Work of a user's function that ends with a signal whatever it throws, the errors that Reactor rethrows included: thrown by
 * the function, at the subscription, by an operator that gets a value at once, or, by way of the {@link FatalErrorHandler}, by one
 * behind a call. Cancels the work then. A {@code null} in the place of a {@code Mono} is an error that says so.
 *
 * <p>Work of which a call is parked ends by the error of that call, once the subscription has returned and no other call is on its
 * way. What it came to meanwhile does not count, for it was made up without that answer, by a timeout for instance.
 */
final class Guarded<V> extends Mono<V> {

    private final Supplier<? extends @Nullable Mono<? extends V>> work;

    Guarded(Supplier<? extends @Nullable Mono<? extends V>> work) {
        this.work = work;
    }

    @Override
    public void subscribe(CoreSubscriber<? super V> actual) {
        Guard<V> guard = new Guard<>(actual);
        try {
            Mono<? extends V> made = Objects.requireNonNull(
                    work.get(),
                    "the function returned null, it must return a Mono; to leave items out use a filter step");
            made.subscribe(guard);
        } catch (Throwable e) {
            guard.caught(e);
        } finally {
            guard.callEnded();
        }
    }

    /** One subscription. */
    private static final class Guard<V> implements CoreSubscriber<V>, Subscription, ItemWork {

        @SuppressWarnings("rawtypes") // field updaters know no type arguments
        private static final AtomicIntegerFieldUpdater<Guard> ENDED =
                AtomicIntegerFieldUpdater.newUpdater(Guard.class, "ended");

        @SuppressWarnings("rawtypes")
        private static final AtomicIntegerFieldUpdater<Guard> ON_THEIR_WAY =
                AtomicIntegerFieldUpdater.newUpdater(Guard.class, "onTheirWay");

        private static final int BY_SIGNAL = 1;
        private static final int BY_CANCEL = 2;

        private final CoreSubscriber<? super V> actual;
        private final Context context;
        private volatile @Nullable Subscription upstream;
        private volatile int ended;
        /** Calls, and the subscription and demand by which they are begun. */
        @SuppressWarnings("UnusedVariable") // read through its updater
        private volatile int onTheirWay = 1;

        private volatile @Nullable ApiException parked;

        Guard(CoreSubscriber<? super V> actual) {
            this.actual = actual;
            this.context = into(actual.currentContext());
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
        public void onNext(V value) {
            ApiException without = parked;
            if (without != null) {
                onError(without);
            } else if (end(BY_SIGNAL)) {
                actual.onNext(value);
                actual.onComplete();
            } else {
                Operators.onNextDropped(value, context);
            }
        }

        @Override
        public void onError(Throwable error) {
            ApiException without = parked;
            if (end(BY_SIGNAL)) {
                actual.onError(without == null || ItemStep.endsStream(error) ? error : without);
            } else if (error != without) {
                Operators.onErrorDropped(error, context);
            }
        }

        @Override
        public void onComplete() {
            ApiException without = parked;
            if (without != null) {
                onError(without);
            } else if (end(BY_SIGNAL)) {
                actual.onComplete();
            }
        }

        @Override
        public void request(long n) {
            callBegan();
            try {
                Objects.requireNonNull(upstream).request(n);
            } catch (Throwable e) {
                caught(e);
            } finally {
                callEnded();
            }
        }

        @Override
        public void cancel() {
            end(BY_CANCEL);
            Objects.requireNonNull(upstream).cancel();
        }

        @Override
        public boolean handle(Throwable error) {
            if (!end(BY_SIGNAL)) {
                return dropped(error);
            }
            cutOff(error);
            return true;
        }

        @Override
        public void callBegan() {
            ON_THEIR_WAY.incrementAndGet(this);
        }

        @Override
        public void callEnded() {
            if (ON_THEIR_WAY.decrementAndGet(this) == 0) {
                ApiException without = parked;
                if (without != null && end(BY_SIGNAL)) {
                    cutOff(without);
                }
            }
        }

        @Override
        public void callParked(ApiException why) {
            parked = why;
            callEnded();
        }

        private void cutOff(Throwable error) {
            Subscription running = upstream;
            if (running == null) {
                Operators.error(actual, error);
            } else {
                running.cancel();
                actual.onError(error);
            }
        }

        /** What was thrown behind the end is the subscriber's, who is told as ever: by throwing it on. */
        void caught(Throwable error) {
            if (!handle(error)) {
                throw Exceptions.propagate(error);
            }
        }

        private boolean dropped(Throwable error) {
            if (ended == BY_CANCEL) {
                Operators.onErrorDropped(error, context);
                return true;
            }
            return false;
        }

        private boolean end(int how) {
            return ended == 0 && ENDED.compareAndSet(this, 0, how);
        }
    }
}
