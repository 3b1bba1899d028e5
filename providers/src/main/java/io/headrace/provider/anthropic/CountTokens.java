package io.headrace.provider.anthropic;

import io.headrace.model.ChatRequest;
import io.headrace.provider.http.JsonFields;
import io.headrace.provider.http.JsonOperation;
import io.headrace.provider.http.JsonValues;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** {@code POST /v1/messages/count_tokens}: the part of a message request that is input. */
final class CountTokens implements JsonOperation<ChatRequest, Long> {

    /** Fields of a message request that count nothing and are refused here. */
    private static final Set<String> UNCOUNTED = Set.of(
            "max_tokens",
            "metadata",
            "service_tier",
            "speed",
            "container",
            "stop_sequences",
            "stream",
            "temperature",
            "top_k",
            "top_p");

    @Override
    public String about(ChatRequest request) {
        return request.model();
    }

    @Override
    public List<String> prompts(ChatRequest request) {
        return request.prompts();
    }

    @Override
    public void write(ChatRequest request, JsonGenerator json) {
        Messages.checkPrompt(request);
        Map<String, @Nullable Object> extra = new LinkedHashMap<>(request.extra());
        extra.keySet().removeAll(UNCOUNTED);
        JsonFields out = JsonFields.begin(json, extra);
        out.string("model", request.model());
        Messages.prompt(request, out, json);
        out.end();
    }

    @Override
    public @Nullable Long read(JsonParser in) {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        long tokens = -1;
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            if (name.equals("input_tokens")) {
                tokens = JsonValues.count(in, -1);
            } else {
                hasError |= name.equals("error") && value != JsonToken.VALUE_NULL;
                in.skipChildren();
            }
        }
        if (hasError) {
            return null;
        }
        if (tokens < 0) {
            throw new IllegalArgumentException("the answer has no input_tokens");
        }
        return tokens;
    }
}
