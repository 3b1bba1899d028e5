package io.headrace.provider.openai;

import io.headrace.Usage;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.http.JsonValues;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads an embedding answer in one pass, its vectors as numbers or in Base64, in the order of their index. For one use. */
final class EmbeddingReader {

    private final JsonParser in;
    private final TreeMap<Integer, float[]> vectors = new TreeMap<>();
    private String model = "";
    private long tokens = -1;
    private boolean hasError;

    EmbeddingReader(JsonParser in) {
        this.in = in;
    }

    /**
     * The answer; null if the body tells of an error.
     *
     * @throws IllegalArgumentException for no vectors, a missing or doubled index, or vectors of different lengths
     */
    @Nullable
    EmbeddingResponse read() {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "model" -> model = JsonValues.string(in, "");
                case "data" -> data();
                case "usage" -> tokens = JsonValues.isObject(in) ? promptTokens() : -1;
                case "error" -> {
                    hasError |= in.currentToken() != JsonToken.VALUE_NULL;
                    in.skipChildren();
                }
                case "object" -> hasError |= JsonValues.is("error", in); // one that is not wrapped
                default -> in.skipChildren();
            }
        }
        if (hasError) {
            return null;
        }
        check();
        Usage usage = tokens < 0 ? Usage.UNKNOWN : Usage.of(tokens, 0);
        return new EmbeddingResponse(model, new ArrayList<>(vectors.values()), usage, "");
    }

    private void check() {
        if (vectors.isEmpty()) {
            throw new IllegalArgumentException("the answer has no vectors");
        }
        if (vectors.lastKey() != vectors.size() - 1) {
            throw new IllegalArgumentException(
                    "the answer has " + vectors.size() + " vectors, and the last has the index " + vectors.lastKey());
        }
        List<Integer> lengths = vectors.values().stream()
                .map(vector -> vector.length)
                .distinct()
                .toList();
        if (lengths.size() > 1) {
            throw new IllegalArgumentException("the vectors have different lengths: " + lengths);
        }
        vectors.forEach(EmbeddingReader::checkFinite);
    }

    /** Distances to a vector with such a number are none, and it would be kept in the cache. */
    private static void checkFinite(int index, float[] vector) {
        for (float number : vector) {
            if (!Float.isFinite(number)) {
                throw new IllegalArgumentException("the vector " + index + " holds a number that is " + number);
            }
        }
    }

    private void data() {
        if (!JsonValues.isArray(in)) {
            return;
        }
        int position = 0;
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (JsonValues.isObject(in)) {
                vector(position++);
            }
        }
    }

    private void vector(int position) {
        long index = position;
        float[] vector = null;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "index" -> index = JsonValues.count(in, position);
                case "embedding" ->
                    vector = value == JsonToken.VALUE_STRING ? decode(in.getString(), position) : numbers();
                default -> in.skipChildren();
            }
        }
        if (vector == null) {
            throw new IllegalArgumentException("data[" + position + "] has no embedding");
        }
        if (vectors.put((int) Math.min(index, Integer.MAX_VALUE), vector) != null) {
            throw new IllegalArgumentException("two vectors have the index " + index);
        }
    }

    /** 32-bit floats, the lowest byte first. */
    private static float[] decode(String base64, int position) {
        byte[] bytes = Base64.getDecoder().decode(base64);
        if (bytes.length == 0 || bytes.length % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    "data[" + position + "] has " + bytes.length + " bytes, which are no vector");
        }
        float[] vector = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
        return vector;
    }

    private float @Nullable [] numbers() {
        if (!JsonValues.isArray(in)) {
            return null;
        }
        float[] numbers = new float[1_536];
        int length = 0;
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (!in.currentToken().isNumeric()) {
                throw new IllegalArgumentException("a vector holds something that is no number");
            }
            if (length == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * length);
            }
            numbers[length++] = in.getFloatValue();
        }
        return length == 0 ? null : Arrays.copyOf(numbers, length);
    }

    private long promptTokens() {
        long prompt = -1;
        long total = -1;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "prompt_tokens" -> prompt = JsonValues.count(in, -1);
                case "total_tokens" -> total = JsonValues.count(in, -1);
                default -> in.skipChildren();
            }
        }
        return prompt < 0 ? total : prompt;
    }
}
