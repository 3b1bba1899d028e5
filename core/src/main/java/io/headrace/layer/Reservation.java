package io.headrace.layer;

import io.headrace.Fingerprint;
import io.headrace.ItemWork;
import io.headrace.Namespace;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/** Samples that a call has reserved: they are its caller's with the answer, and given back with any other end, once. */
final class Reservation<R> implements CoreSubscriber<R>, Subscription {

    @SuppressWarnings("rawtypes") // field updaters know no type arguments
    private static final AtomicIntegerFieldUpdater<Reservation> ENDED =
            AtomicIntegerFieldUpdater.newUpdater(Reservation.class, "ended");

    private final CoreSubscriber<? super R> actual;
    private final Namespace namespace;
    private final Fingerprint fingerprint;
    private final int from;
    private final int count;
    private @Nullable Subscription upstream;
    private volatile int ended;

    Reservation(CoreSubscriber<? super R> actual, Namespace namespace, Fingerprint fingerprint, int from, int count) {
        this.actual = actual;
        this.namespace = namespace;
        this.fingerprint = fingerprint;
        this.from = from;
        this.count = count;
    }

    @Override
    public Context currentContext() {
        return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            actual.onSubscribe(this);
        }
    }

    /** What comes after a cancel may be another caller's by now. */
    @Override
    public void onNext(R answer) {
        if (end()) {
            actual.onNext(answer);
        } else {
            Operators.onNextDropped(answer, currentContext());
        }
    }

    /** What is parked for an item stays its own, so that an equal call of the item is parked as the next sample. */
    @Override
    public void onError(Throwable error) {
        if (Parked.of(error) == null || ItemWork.from(currentContext()) == ItemWork.none()) {
            giveBack();
        } else {
            end();
        }
        actual.onError(error);
    }

    @Override
    public void onComplete() {
        giveBack();
        actual.onComplete();
    }

    @Override
    public void request(long n) {
        Objects.requireNonNull(upstream).request(n);
    }

    /** Whether the answer is dropped is decided first; and the call has left its flight before another one takes the sample. */
    @Override
    public void cancel() {
        boolean mine = end();
        Objects.requireNonNull(upstream).cancel();
        if (mine) {
            namespace.giveBack(fingerprint, from, count);
        }
    }

    private void giveBack() {
        if (end()) {
            namespace.giveBack(fingerprint, from, count);
        }
    }

    private boolean end() {
        return ended == 0 && ENDED.compareAndSet(this, 0, 1);
    }
}
