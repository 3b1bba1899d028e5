package io.headrace.provider.openai;

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
 * What is asked about files and batches with an id alone.
 *
 * @param what the id is of, for error messages
 * @param reader of the answer's object
 */
record BatchOperation<R>(String what, Function<JsonParser, @Nullable R> reader) implements JsonOperation<String, R> {

    static final BatchOperation<BatchObject> BATCH = new BatchOperation<>("batch ", BatchObject::read);
    static final BatchOperation<String> FILE = new BatchOperation<>("file ", BatchOperation::id);

    /**
     * A page of the list of batches.
     *
     * @param after the id that it begins after
     */
    static BatchOperation<Page<BatchObject>> list(String after) {
        return new BatchOperation<>("batches after ", in -> page(after, in));
    }

    @Override
    public String about(String id) {
        return id.isEmpty() ? "batches" : what + id;
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

    private static @Nullable String id(JsonParser in) {
        String id = "";
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            if (name.equals("id")) {
                id = JsonValues.string(in, "");
            } else {
                hasError |= name.equals("error") && value != JsonToken.VALUE_NULL;
                in.skipChildren();
            }
        }
        if (id.isEmpty() && !hasError) {
            throw new IllegalArgumentException("the answer has no id");
        }
        return hasError ? null : id;
    }

    private static @Nullable Page<BatchObject> page(String after, JsonParser in) {
        List<BatchObject> batches = null;
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

    private static @Nullable List<BatchObject> batches(JsonParser in) {
        if (!JsonValues.isArray(in)) {
            return null;
        }
        List<BatchObject> batches = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            BatchObject batch = JsonValues.isObject(in) ? BatchObject.read(in) : null;
            if (batch != null) {
                batches.add(batch);
            }
        }
        return batches;
    }
}
