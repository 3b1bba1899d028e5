package io.headrace.provider.openai;

import io.headrace.provider.http.IdOperation;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.Page;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** What is asked about files and batches with an id alone. */
final class BatchOperation {

    static final IdOperation<BatchObject> BATCH = new IdOperation<>(id -> name("batch ", id), BatchObject::read);
    static final IdOperation<String> FILE = new IdOperation<>(id -> name("file ", id), BatchOperation::id);

    private BatchOperation() {}

    /**
     * A page of the list of batches.
     *
     * @param after the id that it begins after
     */
    static IdOperation<Page<BatchObject>> list(String after) {
        return new IdOperation<>(
                id -> name("batches after ", id), in -> Page.read(after, in, BatchObject::read, BatchObject::id));
    }

    private static String name(String what, String id) {
        return id.isEmpty() ? "batches" : what + id;
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
}
