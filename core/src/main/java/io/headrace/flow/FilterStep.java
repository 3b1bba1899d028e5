package io.headrace.flow;

import io.headrace.Outcome;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A step that lets values pass or skips their items, made by {@link Step#filter}. */
public final class FilterStep<T> extends ItemStep<T, T, FilterStep<T>> {

    private final Function<? super T, ? extends Mono<Boolean>> keep;

    FilterStep(String name, Window window, Function<? super T, ? extends Mono<Boolean>> keep) {
        super(name, window);
        this.keep = Objects.requireNonNull(keep, "keep");
    }

    @Override
    FilterStep<T> with(Window window) {
        return new FilterStep<>(name(), window, keep);
    }

    @Override
    public Flux<Outcome<T>> apply(Flux<Outcome<T>> items) {
        return window().work(name(), items, this::outcome, 1);
    }

    private Mono<Outcome<T>> outcome(Outcome.Ok<T> ok, Slot slot) {
        return measure(
                ok,
                slot,
                () -> keep.apply(ok.value()),
                (yes, tally) ->
                        yes ? new Outcome.Ok<>(ok.item(), tally) : new Outcome.Skipped<>(ok.item(), name(), tally),
                failed -> failed);
    }
}
