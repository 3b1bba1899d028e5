package io.headrace.flow;

import io.headrace.Outcome;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * How a step works through its items.
 *
 * @param concurrency items in work at once
 * @param ordered whether outcomes leave in the order of the items
 * @param failFast whether the step's first failure ends the stream
 * @param offload where the step's function is called; null for the thread that brings the item
 */
record Window(
        int concurrency,
        boolean ordered,
        boolean failFast,
        @Nullable Supplier<? extends Scheduler> offload) {

    static final Window DEFAULT = new Window(100, false, false, null);

    Window {
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency must be at least 1, not " + concurrency);
        }
    }

    /** Applies {@code work} to each outcome, at most {@code concurrency} at once. */
    <I, O> Flux<Outcome<O>> work(
            String step, Flux<Outcome<I>> items, Function<Outcome<I>, Publisher<Outcome<O>>> work, int prefetch) {
        Flux<Outcome<O>> worked = ordered
                ? items.flatMapSequential(work, concurrency, prefetch)
                : items.flatMap(work, concurrency, prefetch);
        return (failFast ? untilFirstFailure(step, worked) : worked).onErrorStop();
    }

    private static <O> Flux<Outcome<O>> untilFirstFailure(String step, Flux<Outcome<O>> worked) {
        return Flux.defer(() -> {
            AtomicReference<Outcome.@Nullable Failed<O>> first = new AtomicReference<>();
            return worked.takeUntil(outcome -> {
                        if (outcome instanceof Outcome.Failed<O> failed
                                && failed.step().equals(step)) {
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
