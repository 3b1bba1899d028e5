package io.headrace.flow;

import io.headrace.Outcome;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;

/**
 * Steps in a row, itself a function for {@code Flux.transform}. An item enters a step the moment the step before is done
 * with it: there is no barrier between stages.
 *
 * <p>Immutable.
 *
 * @param <I> the values the first step takes
 * @param <O> the values the last step gives
 */
public final class Pipeline<I, O> implements Function<Flux<Outcome<I>>, Flux<Outcome<O>>> {

    private final List<Step<?, ?>> steps;

    private Pipeline(List<Step<?, ?>> steps) {
        this.steps = steps;
    }

    /** A pipeline of one step. */
    public static <I, O> Pipeline<I, O> of(Step<I, O> step) {
        return new Pipeline<>(List.of(step));
    }

    /**
     * This pipeline followed by {@code next}.
     *
     * @throws IllegalArgumentException if a step of that name is in it already
     */
    public <P> Pipeline<I, P> then(Step<O, P> next) {
        Objects.requireNonNull(next, "next");
        Set<String> names = new HashSet<>();
        List<Step<?, ?>> all =
                Stream.<Step<?, ?>>concat(steps.stream(), Stream.of(next)).toList();
        for (Step<?, ?> step : all) {
            if (!names.add(step.name())) {
                throw new IllegalArgumentException("two steps of a pipeline are named '" + step.name() + "'");
            }
        }
        return new Pipeline<>(all);
    }

    /** The steps in order. */
    public List<Step<?, ?>> steps() {
        return steps;
    }

    /** This pipeline, steered by {@code control} while items pass; steps of a user's own kind are not. */
    public Pipeline<I, O> controlledBy(FlowControl control) {
        return new Pipeline<>(steps.stream()
                .<Step<?, ?>>map(step -> step instanceof ItemStep<?, ?, ?> ours ? ours.controlledBy(control) : step)
                .toList());
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"}) // each step takes what the one before gives: then() saw to it
    public Flux<Outcome<O>> apply(Flux<Outcome<I>> items) {
        Flux<?> stream = items;
        for (Step step : steps) {
            stream = (Flux<?>) step.apply(stream);
        }
        return (Flux<Outcome<O>>) stream;
    }

    @Override
    public String toString() {
        return "Pipeline" + steps.stream().map(Step::name).toList();
    }
}
