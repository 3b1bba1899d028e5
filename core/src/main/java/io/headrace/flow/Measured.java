package io.headrace.flow;

import io.headrace.Outcome;
import io.headrace.Tally;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * What a step makes of one item: the result of the value that its work came to, or of the failure. Never completes empty; errors are
 * only those that end the stream.
 */
final class Measured<V, O, R> extends Mono<R> {

    private final ItemStep<?, O, ?> step;
    private final Outcome.Ok<?> ok;
    private final Slot slot;
    private final Supplier<? extends @Nullable Mono<V>> work;
    private final BiFunction<V, Tally, R> onValue;
    private final Function<Outcome.Failed<O>, R> onFailure;

    Measured(
            ItemStep<?, O, ?> step,
            Outcome.Ok<?> ok,
            Slot slot,
            Supplier<? extends @Nullable Mono<V>> work,
            BiFunction<V, Tally, R> onValue,
            Function<Outcome.Failed<O>, R> onFailure) {
        this.step = step;
        this.ok = ok;
        this.slot = slot;
        this.work = work;
        this.onValue = onValue;
        this.onFailure = onFailure;
    }

    /** This as an operator like Reactor's own, which its hooks see. */
    Mono<R> assembled() {
        return onAssembly(this);
    }

    @Override
    public void subscribe(CoreSubscriber<? super R> actual) {
        ItemMeter meter = new ItemMeter(ok.tally());
        Context outside = actual.currentContext();
        Context inside = slot.into(outside, step.options(ok.item(), outside));
        new Work<>(this, actual, meter.into(inside, step.name()), meter).begin(work);
    }

    /** One subscription. */
    private static final class Work<V, O, R> extends Guard<V> {

        @SuppressWarnings("rawtypes") // field updaters know no type arguments
        private static final AtomicIntegerFieldUpdater<Work> DEMAND =
                AtomicIntegerFieldUpdater.newUpdater(Work.class, "demand");

        private static final int NONE = 0;
        private static final int WANTED = 1;
        /** A failure came before anybody asked: its result is an answer too, and waits. */
        private static final int KEPT = 2;

        private static final int CANCELLED = 3;

        private final Measured<V, O, R> measured;
        private final CoreSubscriber<? super R> actual;
        private final ItemMeter meter;
        private @Nullable R kept;
        private volatile int demand;

        Work(Measured<V, O, R> measured, CoreSubscriber<? super R> actual, Context inside, ItemMeter meter) {
            super(actual, inside);
            this.measured = measured;
            this.actual = actual;
            this.meter = meter;
        }

        @Override
        void value(V value) {
            measured.slot.finish();
            R result;
            try {
                result = measured.onValue.apply(value, meter.tally());
            } catch (Throwable e) {
                error(e);
                return;
            }
            emit(result);
        }

        @Override
        void error(Throwable error) {
            measured.slot.finish();
            if (ItemStep.endsStream(error)) {
                actual.onError(measured.step.ending(error));
                return;
            }
            R result;
            try {
                result = measured.onFailure.apply(measured.step.failed(measured.ok, error, meter.tally()));
            } catch (RuntimeException e) {
                actual.onError(e);
                return;
            }
            emit(result);
        }

        @Override
        void empty() {
            error(new IllegalStateException("the function gave no value; to leave items out use a filter step"));
        }

        /** What is kept is wanted no more. */
        @Override
        void left() {
            if (DEMAND.getAndSet(this, CANCELLED) == KEPT) {
                kept = null;
            }
        }

        @Override
        void wanted() {
            if (demand == NONE && DEMAND.compareAndSet(this, NONE, WANTED)) {
                return;
            }
            if (DEMAND.compareAndSet(this, KEPT, WANTED)) {
                handOver(Objects.requireNonNull(kept));
            }
        }

        private void emit(R result) {
            kept = result;
            if (demand == WANTED || !DEMAND.compareAndSet(this, NONE, KEPT)) {
                kept = null;
                handOver(result);
            }
        }

        private void handOver(R result) {
            actual.onNext(result);
            actual.onComplete();
        }
    }
}
