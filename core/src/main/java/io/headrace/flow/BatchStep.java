package io.headrace.flow;

import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Require;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A step that answers many items by one call, made by {@link Step#batch}. A batch starts when it is full, when its time is
 * up, or when the items end; the next one fills while it runs. What a batch takes is booked on its first item.
 */
public final class BatchStep<I, O> extends ItemStep<I, O, BatchStep<I, O>> {

    final int size;
    final Duration maxWait;
    final Supplier<? extends Scheduler> timer;
    final Function<List<Item<I>>, ? extends Flux<Item<O>>> function;

    BatchStep(String name, int size, Function<List<Item<I>>, ? extends Flux<Item<O>>> function) {
        this(
                name,
                Window.of(Math.max(Window.DEFAULT.concurrency(), 4 * size)),
                size,
                Duration.ofMillis(50),
                Schedulers::parallel,
                function);
        if (size < 1) {
            throw new IllegalArgumentException("a batch holds at least 1 item, not " + size);
        }
    }

    private BatchStep(
            String name,
            Window window,
            int size,
            Duration maxWait,
            Supplier<? extends Scheduler> timer,
            Function<List<Item<I>>, ? extends Flux<Item<O>>> function) {
        super(name, window);
        this.size = size;
        this.maxWait = maxWait;
        this.timer = timer;
        this.function = Objects.requireNonNull(function, "function");
    }

    @Override
    BatchStep<I, O> with(Window window) {
        return new BatchStep<>(name(), window, size, maxWait, timer, function);
    }

    /**
     * Longest time that a batch waits to fill, counted from its first item; 50 ms unless told.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public BatchStep<I, O> maxWait(Duration maxWait) {
        Require.positive(maxWait, "maxWait");
        return new BatchStep<>(name(), window(), size, maxWait, timer, function);
    }

    /** Where the waiting is timed; {@link Schedulers#parallel()} unless told. Asked for each batch, never disposed here. */
    public BatchStep<I, O> timer(Supplier<? extends Scheduler> timer) {
        Objects.requireNonNull(timer, "timer");
        return new BatchStep<>(name(), window(), size, maxWait, timer, function);
    }

    /** Batches form per stream. At most {@code concurrency} items are waiting or in work. */
    @Override
    public Flux<Outcome<O>> apply(Flux<Outcome<I>> items) {
        return Flux.defer(() -> {
            StepBatches<I, O> batches = new StepBatches<>(this);
            return window().work(name(), items.doOnComplete(batches::startOpen), batches::join, 1);
        });
    }
}
