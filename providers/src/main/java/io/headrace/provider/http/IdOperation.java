package io.headrace.provider.http;

import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * What is asked with an id alone, which is in the path: nothing is posted, and the answer is an object.
 *
 * @param name of what has that id, for error messages
 * @param reader of the answer, from behind its first token; null if it tells of an error
 */
public record IdOperation<R>(UnaryOperator<String> name, Function<JsonParser, @Nullable R> reader)
        implements JsonOperation<String, R> {

    @Override
    public String about(String id) {
        return name.apply(id);
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
}
