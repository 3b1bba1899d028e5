package io.headrace.provider.anthropic;

import io.headrace.batch.BatchJob;
import io.headrace.provider.http.JsonOperation;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.Page;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * What is asked about batches with an id alone.
 *
 * @param reader of the answer's object
 */
record BatchOperation<R>(Function<JsonParser, @Nullable R> reader) implements JsonOperation<String, R> {

    static final BatchOperation<BatchJob> BATCH = new BatchOperation<>(BatchObject::read);

    /**
     * A page of the list of batches.
     *
     * @param after the id that it begins after
     */
    static BatchOperation<Page<BatchJob>> list(String after) {
        return new BatchOperation<>(in -> page(after, in));
    }

    @Override
    public String about(String id) {
        return id.isEmpty() ? "batches" : "batch " + id;
    }

    @Override
    public List<String> prompts(String id) {
        return List.of();
    }

    @Override
    public void write(String id, JsonGenerator out) {
        // the id is in the path
    }

    @Override
    public @Nullable R read(JsonParser in) {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        return reader.apply(in);
    }

    private static @Nullable Page<BatchJob> page(String after, JsonParser in) {
        List<BatchJob> batches = null;
        boolean hasMore = false;
        String last = "";
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "data" -> batches = batches(in);
                case "has_more" -> {
                    hasMore = value == JsonToken.VALUE_TRUE;
                    in.skipChildren();
                }
                case "last_id" -> last = JsonValues.string(in, "");
                default -> {
                    hasError |= name.equals("error") && value != JsonToken.VALUE_NULL;
                    in.skipChildren();
                }
            }
        }
        if (hasError) {
            return null;
        }
        if (batches == null) {
            throw new IllegalArgumentException("the answer has no data");
        }
        return Page.of(batches, hasMore, last, after);
    }

    private static @Nullable List<BatchJob> batches(JsonParser in) {
        if (!JsonValues.isArray(in)) {
            return null;
        }
        List<BatchJob> batches = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            BatchJob batch = JsonValues.isObject(in) ? BatchObject.read(in) : null;
            if (batch != null) {
                batches.add(batch);
            }
        }
        return batches;
    }
}
