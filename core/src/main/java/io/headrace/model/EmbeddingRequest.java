package io.headrace.model;

import io.headrace.Require;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Texts to be made vectors of. One request is one call, one attempt and one stored answer, whatever the number of inputs: a
 * request with one input more is another request. Where single texts come again in other company, ask for them one by one.
 *
 * @param model the provider's name of the model
 * @param inputs at least one; none is empty
 * @param dimensions length of the vectors, at least 1; null for the model's own
 * @param extra raw fields for the request's JSON, see {@link ChatRequest}
 */
public record EmbeddingRequest(
        String model, List<String> inputs, @Nullable Integer dimensions, Map<String, @Nullable Object> extra) {

    /**
     * @throws IllegalArgumentException for a value outside its range, naming it
     */
    public EmbeddingRequest {
        Objects.requireNonNull(model, "model");
        if (model.isBlank()) {
            throw new IllegalArgumentException("an embedding request needs a model");
        }
        inputs = List.copyOf(inputs);
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("an embedding request needs at least one input");
        }
        int empty = inputs.indexOf("");
        if (empty >= 0) {
            throw new IllegalArgumentException("input " + empty + " of an embedding request is empty");
        }
        if (dimensions != null) {
            Require.atLeast(1, dimensions, "dimensions");
        }
        extra = Collections.unmodifiableMap(new LinkedHashMap<>(extra));
    }

    public static EmbeddingRequest of(String model, String... inputs) {
        return of(model, List.of(inputs));
    }

    public static EmbeddingRequest of(String model, List<String> inputs) {
        return new EmbeddingRequest(model, inputs, null, Map.of());
    }

    public EmbeddingRequest withDimensions(int dimensions) {
        return new EmbeddingRequest(model, inputs, dimensions, extra);
    }

    /** This request with a raw field more. */
    public EmbeddingRequest withExtra(String field, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(extra);
        more.put(Objects.requireNonNull(field, "field"), value);
        return new EmbeddingRequest(model, inputs, dimensions, more);
    }

    /** The model and the number of inputs only: inputs are prompts. */
    @Override
    public String toString() {
        return "EmbeddingRequest[" + model + ", " + inputs.size() + " inputs]";
    }
}
