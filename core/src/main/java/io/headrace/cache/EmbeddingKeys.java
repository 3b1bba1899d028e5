package io.headrace.cache;

import io.headrace.model.EmbeddingRequest;
import java.util.Map;

/**
 * The keys of embedding requests: provider, operation {@code embed}, and every field of {@link EmbeddingRequest} that is set,
 * extra fields as in {@link ChatKeys}. All inputs together make one key.
 */
public final class EmbeddingKeys {

    private EmbeddingKeys() {}

    /**
     * Keys under the provider that {@link io.headrace.model.EmbeddingCall#identity} names.
     *
     * @param provider a normalised base URL or a name, never with a key in it
     */
    public static KeyFunction<EmbeddingRequest> of(String provider) {
        CallKeyBuilder shared = CallKeyBuilder.of(provider, "embed");
        return request -> {
            CallKeyBuilder key = shared.copy();
            key.field("dimensions", request.dimensions());
            for (Map.Entry<String, ?> extra : request.extra().entrySet()) {
                key.rawField("extra." + extra.getKey(), extra.getValue());
            }
            return key.field("inputs", request.inputs())
                    .field("model", request.model())
                    .build();
        };
    }
}
