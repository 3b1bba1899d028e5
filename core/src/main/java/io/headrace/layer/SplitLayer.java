package io.headrace.layer;

import io.headrace.Call;
import io.headrace.Layer;
import io.headrace.cache.SeveralAnswers;
import io.headrace.model.DeltaSink;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import reactor.core.Exceptions;
import reactor.core.publisher.Mono;

/**
 * Asks for each of several answers by a request of its own, where the call inside gives one at a time and nothing is stored; where it
 * gives several, for those that did not come, unless they are streamed. With a cache, {@link SampleLayer} does that.
 */
final class SplitLayer<Q, R> implements Layer<Q, R> {

    private final SeveralAnswers<Q, R> several;
    private final boolean atOnce;

    SplitLayer(SeveralAnswers<Q, R> several, boolean atOnce) {
        this.several = several;
        this.atOnce = atOnce;
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> {
            int count = several.count(request);
            return count == 1
                    ? next.apply(request)
                    : atOnce ? filledUp(next, request, count) : each(next, request, count);
        };
    }

    private Mono<R> filledUp(Call<Q, R> next, Q request, int count) {
        return Mono.deferContextual(context -> context.hasKey(DeltaSink.class)
                ? next.apply(request)
                : next.apply(request).flatMap(answer -> {
                    int missing = count - several.split(answer).size();
                    return missing <= 0
                            ? Mono.just(answer)
                            : each(next, request, missing).map(rest -> several.join(List.of(answer, rest)));
                }));
    }

    private Mono<R> each(Call<Q, R> next, Q request, int count) {
        Q single = several.withCount(request, 1);
        return joined(several, Collections.nCopies(count, Mono.defer(() -> next.apply(single))));
    }

    /** The answers together, when all calls are over; the first error if one failed. They are not streamed. */
    @SuppressWarnings("unchecked") // zip gives what the calls gave
    static <R> Mono<R> joined(SeveralAnswers<?, R> several, List<Mono<R>> answers) {
        return Mono.zipDelayError(answers, all -> several.join((List<R>) List.of(all)))
                .onErrorMap(
                        Exceptions::isMultiple,
                        errors -> Exceptions.unwrapMultiple(errors).get(0))
                .contextWrite(context -> context.delete(DeltaSink.class));
    }
}
