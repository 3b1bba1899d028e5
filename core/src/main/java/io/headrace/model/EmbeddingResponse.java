package io.headrace.model;

import io.headrace.Usage;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Vectors of texts. The arrays are not copied: nobody may change them.
 *
 * @param model the model that really answered
 * @param vectors one for each input, in the order of the inputs
 * @param usage tokens as reported, {@link Usage#UNKNOWN} if not reported
 * @param requestId the provider's id of the request, for its support; empty if it gave none
 */
public record EmbeddingResponse(String model, List<float[]> vectors, Usage usage, String requestId) {

    public EmbeddingResponse {
        Objects.requireNonNull(model, "model");
        vectors = List.copyOf(vectors);
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(requestId, "requestId");
    }

    /** The vector of the first input, for most requests the only one. */
    public float[] vector() {
        return vectors.get(0);
    }

    /** The same with the provider's id of the request, which comes in a header. */
    public EmbeddingResponse withRequestId(String requestId) {
        return new EmbeddingResponse(model, vectors, usage, requestId);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EmbeddingResponse that
                && model.equals(that.model)
                && usage.equals(that.usage)
                && requestId.equals(that.requestId)
                && Arrays.deepEquals(vectors.toArray(), that.vectors.toArray());
    }

    @Override
    public int hashCode() {
        return Objects.hash(model, usage, requestId, Arrays.deepHashCode(vectors.toArray()));
    }

    @Override
    public String toString() {
        return "EmbeddingResponse[" + model + ", " + vectors.size() + " vectors]";
    }
}
