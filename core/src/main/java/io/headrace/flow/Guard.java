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
 * One subscription to the work of a user's function, which ends with a signal whatever it throws, the errors that Reactor rethrows
 * included: thrown by the function, at the subscription, by an operator that gets a value at once, or, by way of the {@link
 * FatalErrorHandler}, by one behind a call. Cancels the work then. A {@code null} in the place of a {@code Mono} is an error that says
 * so.
 *
 * <p>Work of which a call is parked ends by the error of that call, once the subscription has returned and no other call is on its
 * way. What it came to meanwhile does not count, for it was made up without that answer, by a timeout for instance.
 */
abstract class Guard<V> implements CoreSubscriber<V>, Subscription, ItemWork {

    @SuppressWarnings("rawtypes") // field updaters know no type arguments
    private static final AtomicIntegerFieldUpdater<Guard> ENDED =
            AtomicIntegerFieldUpdater.newUpdater(Guard.class, "ended");

    @SuppressWarnings("rawtypes")
    private static final AtomicIntegerFieldUpdater<Guard> ON_THEIR_WAY =
            AtomicIntegerFieldUpdater.newUpdater(Guard.class, "onTheirWay");

    private static final int BY_SIGNAL = 1;
    private static final int BY_CANCEL = 2;

    private final CoreSubscriber<?> actual;
    private final Context context;
    private volatile @Nullable Subscription upstream;
    private volatile int ended;
    /** Calls, and the subscription and demand by which they are begun. */
    @SuppressWarnings("UnusedVariable") // read through its updater
    private volatile int onTheirWay = 1;

    private volatile @Nullable ApiException parked;

    /**
     * @param actual is given this as its subscription
     * @param outside what the work is given with this in it
     */
    Guard(CoreSubscriber<?> actual, Context outside) {
        this.actual = actual;
        this.context = into(outside);
    }

    /** The work came to {@code value}: it is over. This and the other two are called once in all. */
    abstract void value(V value);

    abstract void error(Throwable error);

    abstract void empty();

    /** The subscriber asks for what the work comes to. */
    void wanted() {}

    /** The subscriber has gone. */
    void left() {}

    final void begin(Supplier<? extends @Nullable Mono<? extends V>> work) {
        try {
            Mono<? extends V> made = Objects.requireNonNull(
                    work.get(),
                    "the function returned null, it must return a Mono; to leave items out use a filter step");
            made.subscribe(this);
        } catch (Throwable e) {
            caught(e);
        } finally {
            callEnded();
        }
    }

    @Override
    public final Context currentContext() {
        return context;
    }

    @Override
    public final void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            actual.onSubscribe(this);
        }
    }

    @Override
    public final void onNext(V value) {
        ApiException without = parked;
        if (without != null) {
            onError(without);
        } else if (end(BY_SIGNAL)) {
            value(value);
        } else {
            Operators.onNextDropped(value, context);
        }
    }

    @Override
    public final void onError(Throwable error) {
        ApiException without = parked;
        if (end(BY_SIGNAL)) {
            error(without == null || ItemStep.endsStream(error) ? error : without);
        } else if (error != without) {
            Operators.onErrorDropped(error, context);
        }
    }

    @Override
    public final void onComplete() {
        ApiException without = parked;
        if (without != null) {
            onError(without);
        } else if (end(BY_SIGNAL)) {
            empty();
        }
    }

    @Override
    public final void request(long n) {
        callBegan();
        try {
            wanted();
            Objects.requireNonNull(upstream).request(n);
        } catch (Throwable e) {
            caught(e);
        } finally {
            callEnded();
        }
    }

    @Override
    public final void cancel() {
        end(BY_CANCEL);
        left();
        Objects.requireNonNull(upstream).cancel();
    }

    @Override
    public final boolean handle(Throwable error) {
        if (!end(BY_SIGNAL)) {
            return dropped(error);
        }
        cutOff(error);
        return true;
    }

    @Override
    public final void callBegan() {
        ON_THEIR_WAY.incrementAndGet(this);
    }

    @Override
    public final void callEnded() {
        if (ON_THEIR_WAY.decrementAndGet(this) == 0) {
            ApiException without = parked;
            if (without != null && end(BY_SIGNAL)) {
                cutOff(without);
            }
        }
    }

    @Override
    public final void callParked(ApiException why) {
        parked = why;
        callEnded();
    }

    private void cutOff(Throwable error) {
        Subscription running = upstream;
        if (running == null) {
            onSubscribe(Operators.emptySubscription());
        } else {
            running.cancel();
        }
        error(error);
    }

    /** What was thrown behind the end is the subscriber's, who is told as ever: by throwing it on. */
    private void caught(Throwable error) {
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
