package io.headrace.provider.openai;

import io.headrace.provider.http.JsonOperation;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/**
 * {@code POST /batches}, with the id of the uploaded file as the request.
 *
 * @param endpoint that the lines of the file are for
 */
record BatchCreation(String tag, String endpoint) implements JsonOperation<String, BatchObject> {

    @Override
    public String about(String file) {
        return "batch " + tag + " of " + file;
    }

    @Override
    public List<String> prompts(String file) {
        return List.of();
    }

    @Override
    public void write(String file, JsonGenerator json) {
        json.writeStartObject();
        json.writeStringProperty("input_file_id", file);
        json.writeStringProperty("endpoint", endpoint);
        json.writeStringProperty("completion_window", "24h");
        json.writeObjectPropertyStart("metadata");
        json.writeStringProperty(BatchObject.TAG, tag);
        json.writeEndObject();
        json.writeEndObject();
    }

    @Override
    public @Nullable BatchObject read(JsonParser in) {
        return BatchOperation.BATCH.read(in);
    }
}
