package io.headrace;

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
import reactor.util.context.ContextView;

/**
 * One subscription of a call, as a layer watches it. The first of answer, completion, error and cancel is heard here, once, whichever thread
 * brings it: an answer or error before the subscriber sees it, a cancel after it has reached the call, so that ends are told from the inside
 * outwards. All signals and the demand pass. One subscriber in place of three or four operators of Reactor.
 *
 * <p>If a method of a subclass throws on an answer or a completion, the call ends with that error instead, even if it is one that Reactor would
 * rethrow. If it throws on an error, that is added to the error.
 */
public abstract class Relay<R> implements CoreSubscriber<R>, Subscription {

    @SuppressWarnings("rawtypes") // field updaters know no type arguments
    private static final AtomicIntegerFieldUpdater<Relay> END =
            AtomicIntegerFieldUpdater.newUpdater(Relay.class, "end");

    private static final int OPEN = 0;
    private static final int BY_SIGNAL = 1;
    private static final int BY_CANCEL = 2;

    private CoreSubscriber<? super R> actual = Operators.emptySubscriber();
    private Context context = Context.empty();
    private @Nullable Subscription upstream;
    private volatile int end;
    private boolean done;

    /** Makes the relay of one subscription. */
    @FunctionalInterface
    public interface Factory<Q, R> {

        Relay<R> relay(Q request, ContextView context);
    }

    /** {@code next} with a relay round each subscription. */
    public static <Q, R> Call<Q, R> around(Call<Q, R> next, Factory<? super Q, R> relays) {
        Objects.requireNonNull(next, "next");
        return request -> Relayed.of(next, request, relays);
    }

    /** {@code inside} with a relay round each subscription. */
    public static <R> Mono<R> around(Mono<R> inside, Supplier<Relay<R>> relays) {
        return Relayed.of(same -> same, inside, (same, context) -> relays.get());
    }

    /** What the call inside is given of the subscriber's context; default all. */
    protected Context inside(Context outside) {
        return outside;
    }

    /** The call is about to be asked. If this throws, it is not, and no end is heard. */
    protected void starting() {}

    /** What {@link #starting} threw goes to the subscriber. */
    protected void notStarted() {}

    protected abstract void answered(R answer);

    /** It completed without an answer; gives the error to end with instead, or null. */
    protected abstract @Nullable Throwable completed();

    /** Gives the error to end with. */
    protected abstract Throwable failed(Throwable error);

    /** A cancel comes before any end was heard, and is about to reach the call. Must not throw. */
    protected void cancelling() {}

    protected abstract void cancelled();

    private <Q> void connect(Call<Q, R> next, Q request, CoreSubscriber<? super R> to) {
        actual = to;
        context = to.currentContext();
        try {
            context = inside(context);
            starting();
        } catch (Throwable e) {
            notStarted();
            Operators.error(to, Operators.onOperatorError(e, to.currentContext()));
            return;
        }
        try {
            next.apply(request).subscribe(this);
        } catch (Throwable e) {
            if (upstream == null && !Exceptions.isJvmFatal(e)) {
                Operators.error(this, Operators.onOperatorError(e, context));
                return;
            }
            if (ends(BY_SIGNAL)) {
                failed(e);
            }
            throw e;
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
    public final void onNext(R answer) {
        if (done) {
            Operators.onNextDropped(answer, context);
            return;
        }
        if (ends(BY_SIGNAL)) {
            try {
                answered(answer);
            } catch (Throwable e) {
                done = true;
                Objects.requireNonNull(upstream).cancel();
                actual.onError(e);
                return;
            }
        }
        actual.onNext(answer);
    }

    @Override
    public final void onError(Throwable error) {
        if (done) {
            Operators.onErrorDropped(error, context);
            return;
        }
        done = true;
        actual.onError(ends(BY_SIGNAL) ? instead(error) : error);
    }

    private Throwable instead(Throwable error) {
        try {
            return failed(error);
        } catch (Throwable e) {
            return Exceptions.addSuppressed(error, e);
        }
    }

    @Override
    public final void onComplete() {
        if (done) {
            return;
        }
        done = true;
        Throwable instead = ends(BY_SIGNAL) ? insteadOfCompletion() : null;
        if (instead == null) {
            actual.onComplete();
        } else {
            actual.onError(instead);
        }
    }

    private @Nullable Throwable insteadOfCompletion() {
        try {
            return completed();
        } catch (Throwable e) {
            return e;
        }
    }

    @Override
    public final void request(long n) {
        Objects.requireNonNull(upstream).request(n);
    }

    @Override
    public final void cancel() {
        try {
            if (end == OPEN) {
                cancelling();
            }
            Objects.requireNonNull(upstream).cancel();
        } finally {
            if (ends(BY_CANCEL)) {
                cancelled();
            }
        }
    }

    private boolean ends(int how) {
        return end == OPEN && END.compareAndSet(this, OPEN, how);
    }

    /** Subscribes by a new relay each time. */
    private static final class Relayed<Q, R> extends Mono<R> {

        private final Call<Q, R> next;
        private final Q request;
        private final Factory<? super Q, R> relays;

        private Relayed(Call<Q, R> next, Q request, Factory<? super Q, R> relays) {
            this.next = next;
            this.request = request;
            this.relays = relays;
        }

        /** An operator like Reactor's own, which its hooks see. */
        static <Q, R> Mono<R> of(Call<Q, R> next, Q request, Factory<? super Q, R> relays) {
            return onAssembly(new Relayed<>(next, request, relays));
        }

        @Override
        public void subscribe(CoreSubscriber<? super R> actual) {
            Relay<R> relay;
            try {
                relay = relays.relay(request, actual.currentContext());
            } catch (Throwable e) {
                Operators.error(actual, Operators.onOperatorError(e, actual.currentContext()));
                return;
            }
            relay.connect(next, request, actual);
        }
    }
}
