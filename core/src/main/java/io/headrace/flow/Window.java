package io.headrace.flow;

import io.headrace.ErrorKind;
import io.headrace.ErrorShield;
import io.headrace.ItemNamespaces;
import io.headrace.Outcome;
import io.headrace.Require;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

/**
 * How a step works through its items.
 *
 * @param concurrency items at work at once
 * @param stated whether the user said so; else a gate may raise it, up to {@link #CEILING}
 * @param ordered whether outcomes leave in the order of the items
 * @param failFast whether the step's first failure ends the stream
 * @param offload where the step's function is called; null for the thread that brings the item
 * @param control steers it while items pass; null for none
 */
record Window(
        int concurrency,
        boolean stated,
        boolean ordered,
        boolean failFast,
        @Nullable Supplier<? extends Scheduler> offload,
        @Nullable FlowControl control) {

    /**
     * Each call in flight takes a connection, and so a file descriptor, of which many systems allow a process 1,024 unless told: whoever
     * wants more than fits into that has to say so.
     */
    static final int CEILING = 1_000;

    static final Window DEFAULT = of(100);

    /** More than ever are inside; but not the number that means no bound, for {@code flatMap} would not tell then who has left. */
    private static final int TURNSTILE_BOUNDS = Integer.MAX_VALUE - 1;

    Window {
        checked(concurrency);
    }

    /** So many items unless told otherwise. */
    static Window of(int concurrency) {
        return new Window(concurrency, false, false, false, null, null);
    }

    static int checked(int concurrency) {
        return Require.atLeast(1, concurrency, "concurrency");
    }

    Window withConcurrency(int concurrency) {
        return new Window(concurrency, true, ordered, failFast, offload, control);
    }

    Window inOrder() {
        return new Window(concurrency, stated, true, failFast, offload, control);
    }

    Window failingFast() {
        return new Window(concurrency, stated, ordered, true, offload, control);
    }

    Window offloadedTo(Supplier<? extends Scheduler> scheduler) {
        return new Window(concurrency, stated, ordered, failFast, scheduler, control);
    }

    Window controlledBy(FlowControl control) {
        return new Window(concurrency, stated, ordered, failFast, offload, control);
    }

    /**
     * Applies {@code work} to each ok outcome, at most {@code concurrency} at once, and lets the others pass.
     *
     * @param work must {@linkplain Slot#finish finish} the slot when it has the outcome
     */
    <I, O> Flux<Outcome<O>> work(
            String step,
            Flux<Outcome<I>> items,
            BiFunction<Outcome.Ok<I>, Slot, Publisher<Outcome<O>>> work,
            int prefetch) {
        Function<ItemSlot<I>, Publisher<Outcome<O>>> pass =
                slot -> slot.outcome() instanceof Outcome.Ok<I> ok ? work.apply(ok, slot) : untouched(slot);
        Flux<ItemSlot<I>> entered = items.transform(
                Operators.<Outcome<I>, ItemSlot<I>>lift((source, actual) -> new Turnstile<>(actual, step, this)));
        Flux<Outcome<O>> worked = ordered
                ? entered.flatMapSequential(pass, TURNSTILE_BOUNDS, prefetch)
                : entered.flatMap(pass, TURNSTILE_BOUNDS, prefetch);
        Flux<Outcome<O>> named = worked.contextWrite(context ->
                ItemNamespaces.from(context) == null ? ItemNamespaces.of(step).into(context) : context);
        return ErrorShield.round(failFast ? untilFirstFailure(step, named) : named);
    }

    private static <I, O> Mono<Outcome<O>> untouched(ItemSlot<I> slot) {
        slot.finish();
        return Mono.just(slot.outcome().<O>withoutValue()).hide(); // flatMap does not tell of each scalar that has left
    }

    private static <O> Flux<Outcome<O>> untilFirstFailure(String step, Flux<Outcome<O>> worked) {
        return Flux.defer(() -> {
            AtomicReference<Outcome.@Nullable Failed<O>> first = new AtomicReference<>();
            return worked.takeUntil(outcome -> {
                        if (outcome instanceof Outcome.Failed<O> failed
                                && failed.step().equals(step)
                                && failed.kind() != ErrorKind.PARKED) {
                            first.set(failed);
                            return true;
                        }
                        return false;
                    })
                    .concatWith(Mono.defer(() -> {
                        Outcome.Failed<O> failed = first.get();
                        return failed == null ? Mono.empty() : Mono.error(new FailFastException(failed));
                    }));
        });
    }
}
