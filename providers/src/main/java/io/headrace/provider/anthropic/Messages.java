package io.headrace.provider.anthropic;

import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part;
import io.headrace.provider.http.JsonFields;
import io.headrace.provider.http.JsonOperation;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** {@code POST /v1/messages}. */
record Messages(String version) implements JsonOperation<ChatRequest, ChatResponse> {

    private static final Set<String> SUPPORTED = Set.of("temperature", "topP", "maxOutputTokens", "stop");

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
        int systems = systems(request.messages());
        check(request, systems);
        JsonFields out = JsonFields.begin(json, request.extra());
        out.string("model", request.model());
        out.number("max_tokens", request.maxOutputTokens());
        if (systems > 0 && out.begins("system")) {
            system(request.messages().subList(0, systems), json);
        }
        if (out.begins("messages")) {
            json.writeStartArray();
            for (Message message :
                    request.messages().subList(systems, request.messages().size())) {
                json.writeStartObject();
                json.writeStringProperty("role", message.role() == Role.USER ? "user" : "assistant");
                json.writeStringProperty("content", text(message));
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        out.number("temperature", request.temperature());
        out.number("top_p", request.topP());
        out.strings("stop_sequences", request.stop());
        out.end();
    }

    @Override
    public @Nullable ChatResponse read(JsonParser in) {
        return new MessageReader(in).read();
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

    /** One system message is a string; several stay apart as blocks. */
    private static void system(List<Message> messages, JsonGenerator json) {
        if (messages.size() == 1) {
            json.writeString(messages.get(0).text());
            return;
        }
        json.writeStartArray();
        for (Message message : messages) {
            json.writeStartObject();
            json.writeStringProperty("type", "text");
            json.writeStringProperty("text", message.text());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void check(ChatRequest request, int systems) {
        if (request.maxOutputTokens() == null && !request.extra().containsKey("max_tokens")) {
            throw new IllegalArgumentException("maxOutputTokens is missing: Anthropic requires max_tokens");
        }
        request.requireOnly("Anthropic", SUPPORTED);
        if (!version.equals(Anthropic.VERSION_WITH_SAMPLING)) {
            refuse("temperature", request.temperature());
            refuse("topP", request.topP());
        }
        if (systems == request.messages().size() && !request.extra().containsKey("messages")) {
            throw new IllegalArgumentException(
                    "messages: Anthropic needs one from the user beside those of the system");
        }
        if (Boolean.TRUE.equals(request.extra().get("stream"))) {
            throw new IllegalArgumentException("extra field \"stream\": a chat call reads one whole answer");
        }
    }

    private void refuse(String field, @Nullable Double value) {
        if (value != null) {
            throw new IllegalArgumentException(field + " is set: the API version " + version
                    + " refuses it; leave it out, or choose version " + Anthropic.VERSION_WITH_SAMPLING);
        }
    }

    /** How many messages of the system lead; they have no place further on. */
    private static int systems(List<Message> messages) {
        int count = 0;
        while (count < messages.size() && messages.get(count).role() == Role.SYSTEM) {
            count++;
        }
        for (int i = count; i < messages.size(); i++) {
            if (messages.get(i).role() == Role.SYSTEM) {
                throw new IllegalArgumentException(
                        "messages[" + i + "] is of the system: Anthropic takes those at the start only");
            }
        }
        return count;
    }
}
