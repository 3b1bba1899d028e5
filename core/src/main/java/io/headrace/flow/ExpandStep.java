package io.headrace.flow;

import io.headrace.Outcome;
import io.headrace.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.util.concurrent.Queues;

/** A step from one value to many, made by {@link Step#expand}. */
public final class ExpandStep<I, O> extends ItemStep<I, O, ExpandStep<I, O>> {

    private final Function<? super I, ? extends Flux<O>> function;

    ExpandStep(String name, Window window, Function<? super I, ? extends Flux<O>> function) {
        super(name, window);
        this.function = Objects.requireNonNull(function, "function");
    }

    @Override
    ExpandStep<I, O> with(Window window) {
        return new ExpandStep<>(name(), window, function);
    }

    @Override
    public Flux<Outcome<O>> apply(Flux<Outcome<I>> items) {
        return window().work(name(), items, this::children, Queues.XS_BUFFER_SIZE);
    }

    private Publisher<Outcome<O>> children(Outcome.Ok<I> ok, Slot slot) {
        return measure(
                        ok,
                        slot,
                        () -> Objects.requireNonNull(
                                        function.apply(ok.value()),
                                        "the function returned null, it must return a Flux; no value is an empty one")
                                .collectList(),
                        (values, tally) -> children(ok, values, tally),
                        failed -> List.of(failed))
                .flatMapIterable(children -> children);
    }

    private List<Outcome<O>> children(Outcome.Ok<I> parent, List<O> values, Tally tally) {
        if (values.isEmpty()) {
            return List.of(new Outcome.Skipped<>(parent.item(), name(), tally));
        }
        List<Outcome<O>> children = new ArrayList<>(values.size());
        for (int i = 0; i < values.size(); i++) {
            children.add(new Outcome.Ok<>(
                    parent.item().child(i, values.size(), values.get(i)), i == 0 ? tally : Tally.ZERO));
        }
        return children;
    }
}
