package io.headrace.flow;

import io.headrace.Outcome;
import java.util.function.Function;
import reactor.core.publisher.Flux;

/**
 * A named stage of a pipeline, used with {@code Flux.transform}. It works on the values of {@link Outcome.Ok} outcomes and
 * lets failed and skipped ones pass untouched; what goes wrong with an item becomes a {@link Outcome.Failed} and never an
 * error signal.
 *
 * <p>A step is immutable and may be applied to any number of streams; what it keeps for a stream is made per subscription.
 * Demand reaches the source through it: it holds no more items than its window.
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
}
