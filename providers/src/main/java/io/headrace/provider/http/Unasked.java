package io.headrace.provider.http;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/**
 * An operation of which only the answer is at hand; the request is known by a name.
 *
 * @param operation reads the answer; null where none is read but errors
 */
record Unasked<R>(@Nullable JsonOperation<?, R> operation) implements JsonOperation<String, R> {

    @Override
    public String about(String name) {
        return name;
    }

    @Override
    public List<String> prompts(String name) {
        return ServerWords.UNKNOWN_PROMPTS;
    }

    @Override
    public void write(String name, JsonGenerator out) {
        // nothing is asked
    }

    @Override
    public @Nullable R read(JsonParser in) {
        return operation == null ? null : operation.read(in);
    }

    @Override
    public R withRequestId(R answer, String requestId) {
        return operation == null ? answer : operation.withRequestId(answer, requestId);
    }
}
