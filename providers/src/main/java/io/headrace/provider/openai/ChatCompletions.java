package io.headrace.provider.openai;

import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Message;
import io.headrace.provider.http.JsonFields;
import io.headrace.provider.http.JsonOperation;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** {@code POST /chat/completions}. */
record ChatCompletions(String maxTokensField) implements JsonOperation<ChatRequest, ChatResponse> {

    @Override
    public String about(ChatRequest request) {
        return request.model();
    }

    @Override
    public List<String> prompts(ChatRequest request) {
        return request.messages().stream().map(Message::text).toList();
    }

    @Override
    public void write(ChatRequest request, JsonGenerator json) {
        if (Boolean.TRUE.equals(request.extra().get("stream"))) {
            throw new IllegalArgumentException("extra field \"stream\": a chat call reads one whole answer");
        }
        JsonFields out = JsonFields.begin(json, request.extra());
        out.string("model", request.model());
        if (out.begins("messages")) {
            json.writeStartArray();
            for (Message message : request.messages()) {
                json.writeStartObject();
                json.writeStringProperty("role", role(message.role()));
                json.writeStringProperty("content", message.text());
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
        };
    }
}
