package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Layer;
import io.headrace.model.DeltaSink;
import java.util.Objects;
import reactor.core.publisher.Mono;

/**
 * Makes a failure final whose subscriber has got a part of the answer already: it cannot be taken back, so nothing may be asked
 * again. The error keeps its kind and says so. Stands just inside the retries; does nothing to a call without a
 * {@link DeltaSink} in its context.
 */
public final class StreamLayer<Q, R> implements Layer<Q, R> {

    private StreamLayer() {}

    public static <Q, R> StreamLayer<Q, R> create() {
        return new StreamLayer<>();
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.deferContextual(context -> {
            DeltaSink sink = DeltaSink.from(context).orElse(null);
            Mono<R> answer = next.apply(request);
            return sink == null
                    ? answer
                    : answer.onErrorMap(
                            ApiException.class, error -> sink.delivered() && error.isTransient() ? last(error) : error);
        });
    }

    private static ApiException last(ApiException error) {
        return ApiException.builder(
                        error, error.getMessage() + "; not asked again, for a part of the answer was delivered")
                .isTransient(false)
                .build();
    }
}
