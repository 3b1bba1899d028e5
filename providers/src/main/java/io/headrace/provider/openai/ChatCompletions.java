package io.headrace.provider.openai;

import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Message;
import io.headrace.model.Part;
import io.headrace.provider.http.JsonFields;
import io.headrace.provider.http.JsonOperation;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** {@code POST /chat/completions}. */
record ChatCompletions(String maxTokensField) implements JsonOperation<ChatRequest, ChatResponse> {

    private static final Set<String> SUPPORTED = Set.of("temperature", "topP", "maxOutputTokens", "stop", "seed");

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
        if (Boolean.TRUE.equals(request.extra().get("stream"))) {
            throw new IllegalArgumentException("extra field \"stream\": a chat call reads one whole answer");
        }
        request.requireOnly("openai", SUPPORTED);
        JsonFields out = JsonFields.begin(json, request.extra());
        out.string("model", request.model());
        if (out.begins("messages")) {
            json.writeStartArray();
            for (Message message : request.messages()) {
                json.writeStartObject();
                json.writeStringProperty("role", role(message.role()));
                json.writeStringProperty("content", text(message));
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        out.number("temperature", request.temperature());
        out.number("top_p", request.topP());
        out.number(maxTokensField, request.maxOutputTokens());
        out.strings("stop", request.stop());
        out.number("seed", request.seed());
        out.end();
    }

    @Override
    public @Nullable ChatResponse read(JsonParser in) {
        return new ChatCompletionReader(in).read();
    }

    private static String role(Message.Role role) {
        return switch (role) {
            case SYSTEM -> "system";
            case USER -> "user";
            case ASSISTANT -> "assistant";
            case TOOL -> throw new IllegalArgumentException("messages hold tool results, which cannot be sent");
        };
    }

    private static String text(Message message) {
        for (Part part : message.parts()) {
            if (!(part instanceof Part.Text || part instanceof Part.CachePoint)) {
                throw new IllegalArgumentException(
                        "messages hold a " + part.getClass().getSimpleName() + ", which cannot be sent");
            }
        }
        return message.text();
    }
}
