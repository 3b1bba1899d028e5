package io.headrace.flow;

import io.headrace.Item;
import io.headrace.Outcome;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A named stage of a pipeline, used with {@code Flux.transform}. It works on the values of {@link Outcome.Ok} outcomes and passes failed and
 * skipped ones on as they are. What goes wrong with an item becomes an {@link Outcome.Failed}, never an error signal. Only broken
 * infrastructure ends the stream: {@link io.headrace.StorageException}. An {@code onErrorContinue} further down does not reach into a step.
 *
 * <p>A {@code StackOverflowError} or {@code LinkageError} in the step's function, or behind the answer of a call, fails its item too. But
 * Reactor rethrows such errors instead of signalling them: on a thread that the function switched to by itself, say by {@code publishOn} or
 * {@code delayElement}, one is lost, and its item never ends. {@link ItemStep#offload} is the safe way to other threads.
 *
 * <p>A step is immutable and may be applied to any number of streams; its state is made per subscription. Demand passes through it to the
 * source: it holds no more items than its window.
 *
 * @param <I> the values it takes
 * @param <O> the values it gives
 */
public interface Step<I, O> extends Function<Flux<Outcome<I>>, Flux<Outcome<O>>> {

    /** Unique within a pipeline and stable between runs: reports, dead letters and journals use it. */
    String name();

    /** This step followed by {@code next}. */
    default <P> Pipeline<I, P> then(Step<O, P> next) {
        return Pipeline.of(this).then(next);
    }

    /**
     * One value to one value by way of a {@code Mono}, usually a call.
     *
     * @param function applied to each value; a {@code Mono} that ends empty fails its item
     */
    static <I, O> MapStep<I, O> map(String name, Function<? super I, ? extends Mono<O>> function) {
        Objects.requireNonNull(function, "function");
        return mapItem(name, item -> function.apply(item.value()));
    }

    /** {@link #map} for a function that wants to know the item's id or ordinal too. */
    static <I, O> MapStep<I, O> mapItem(String name, Function<Item<I>, ? extends Mono<O>> function) {
        return new MapStep<>(name, Window.DEFAULT, function);
    }

    /**
     * One value to one value by a plain function. It runs on the thread that brings the value, often an event loop: {@link ItemStep#offload}
     * functions that take more than some microseconds.
     */
    static <I, O> MapStep<I, O> compute(String name, Function<? super I, ? extends O> function) {
        Objects.requireNonNull(function, "function");
        return mapItem(name, item -> Mono.justOrEmpty(function.apply(item.value())));
    }

    /** Lets values pass that {@code keep} accepts; the others become {@link Outcome.Skipped}. */
    static <T> FilterStep<T> filter(String name, Predicate<? super T> keep) {
        Objects.requireNonNull(keep, "keep");
        return filterWhen(name, value -> Mono.just(keep.test(value)));
    }

    /** {@link #filter} by way of a {@code Mono}, for a decision that takes a call. */
    static <T> FilterStep<T> filterWhen(String name, Function<? super T, ? extends Mono<Boolean>> keep) {
        return new FilterStep<>(name, Window.DEFAULT, keep);
    }

    /**
     * One value to many: the item {@code id} becomes {@code id/0}, {@code id/1} and so on; without any value it is {@link Outcome.Skipped}.
     * The values of one item are on the heap together, since each child knows how many siblings it has. What the item took so far is booked on
     * its first child.
     */
    static <I, O> ExpandStep<I, O> expand(String name, Function<? super I, ? extends Flux<O>> function) {
        return new ExpandStep<>(name, Window.DEFAULT, function);
    }

    /**
     * Many items by one call: collects up to {@code size} items, or those that came within
     * {@link BatchStep#maxWait a time} from the first, and answers each of them.
     *
     * @param size most items of a batch, at least 1
     * @param function gives each item back with its new value, {@code item.withValue(answer)}, in any order. An item that is missing fails
     *     alone; a second answer to an item, and items that were not in the batch, are ignored and logged once; an error fails the batch
     */
    static <I, O> BatchStep<I, O> batch(
            String name, int size, Function<List<Item<I>>, ? extends Flux<Item<O>>> function) {
        return new BatchStep<>(name, size, function);
    }
}
