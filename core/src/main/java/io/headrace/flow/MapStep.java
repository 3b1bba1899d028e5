package io.headrace.flow;

import io.headrace.Item;
import io.headrace.Outcome;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A step from one value to one value, made by {@link Step#map}. */
public final class MapStep<I, O> extends ItemStep<I, O, MapStep<I, O>> {

    private final Function<Item<I>, ? extends Mono<O>> function;

    MapStep(String name, Window window, Function<Item<I>, ? extends Mono<O>> function) {
        super(name, window);
        this.function = Objects.requireNonNull(function, "function");
    }

    @Override
    MapStep<I, O> with(Window window) {
        return new MapStep<>(name(), window, function);
    }

    @Override
    public Flux<Outcome<O>> apply(Flux<Outcome<I>> items) {
        return window().work(name(), items, this::outcome, 1);
    }

    /**
     * The outcome of this step for one item, which is how a step is tested. Lazy; each subscription applies the function
     * anew; never signals an error for what goes wrong with the item; cancel cancels the function's {@code Mono}.
     */
    public Mono<Outcome<O>> apply(Outcome<I> outcome) {
        return outcome instanceof Outcome.Ok<I> ok
                ? outcome(ok, new ItemSlot<>(outcome, null)).onErrorStop()
                : Mono.just(outcome.withoutValue());
    }

    private Mono<Outcome<O>> outcome(Outcome.Ok<I> ok, Slot slot) {
        return measure(
                ok,
                slot,
                () -> function.apply(ok.item()),
                (value, tally) -> new Outcome.Ok<>(ok.item().withValue(value), tally),
                failed -> failed);
    }
}
