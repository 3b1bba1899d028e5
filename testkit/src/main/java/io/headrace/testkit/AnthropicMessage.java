package io.headrace.testkit;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/** One answer of Anthropic Messages, whole or as events. */
final class AnthropicMessage {

    /** Characters of a tool's arguments in one event. */
    private static final int ARGUMENTS = 8;

    private static final byte[] PING = Sse.event("ping", "{\"type\": \"ping\"}".getBytes(StandardCharsets.UTF_8));

    private final Reply reply;
    private final PromptCache.Use prompt;
    private final String id;
    private final String callId;
    private final String model;
    private final String thoughts;
    private final String tier;

    AnthropicMessage(AnthropicRequest request, Question.Occasion occasion) {
        this.reply = Reply.to(request.body, occasion.model(), occasion.occurrence());
        this.prompt = occasion.promptCache().use(request.prompt());
        this.id = occasion.id("msg_");
        this.callId = occasion.id("toolu_");
        this.model = ModelNames.dated(request.body.model());
        this.tier = occasion.isOfBatch() ? "batch" : "standard";
        this.thoughts =
                request.thinks() ? "It is about " + String.join(", ", Topics.of(request.body.userText(), 3)) + "." : "";
    }

    long tokens() {
        return reply.tokens();
    }

    void write(JsonGenerator json) {
        json.writeStartObject();
        head(json);
        json.writeArrayPropertyStart("content");
        if (!thoughts.isEmpty()) {
            thinking(json, thoughts, AnthropicRequest.signature(thoughts));
        }
        if (!reply.text().isEmpty()) {
            text(json, reply.text());
        }
        if (reply.call() != null) {
            toolUse(json, reply.call(), reply.call().arguments());
        }
        json.writeEndArray();
        end(json);
        json.writeObjectPropertyStart("usage");
        usage(json, reply.tokens());
        json.writeEndObject();
        json.writeEndObject();
    }

    List<byte[]> events() {
        List<byte[]> events = new ArrayList<>();
        events.add(event("message_start", json -> {
            json.writeObjectPropertyStart("message");
            head(json);
            json.writeArrayPropertyStart("content");
            json.writeEndArray();
            json.writeNullProperty("stop_reason");
            json.writeNullProperty("stop_sequence");
            json.writeObjectPropertyStart("usage");
            usage(json, 1);
            json.writeEndObject();
            json.writeEndObject();
        }));
        int index = 0;
        if (!thoughts.isEmpty()) {
            begin(events, index, json -> thinking(json, "", ""));
            for (String piece : Reply.pieces(thoughts)) {
                delta(events, index, "thinking_delta", "thinking", piece);
            }
            delta(events, index, "signature_delta", "signature", AnthropicRequest.signature(thoughts));
            end(events, index++);
        }
        if (reply.call() == null) {
            begin(events, index, json -> text(json, ""));
            for (String piece : Reply.pieces(reply.text())) {
                delta(events, index, "text_delta", "text", piece);
            }
            end(events, index);
        } else {
            Reply.Call call = reply.call();
            begin(events, index, json -> toolUse(json, call, "{}"));
            delta(events, index, "input_json_delta", "partial_json", "");
            for (String piece : arguments(call.arguments())) {
                delta(events, index, "input_json_delta", "partial_json", piece);
            }
            end(events, index);
        }
        events.add(event("message_delta", json -> {
            json.writeObjectPropertyStart("delta");
            end(json);
            json.writeEndObject();
            json.writeObjectPropertyStart("usage");
            counts(json, reply.tokens());
            json.writeNullProperty("server_tool_use");
            json.writeEndObject();
        }));
        events.add(event("message_stop", json -> {}));
        return events;
    }

    private void head(JsonGenerator json) {
        json.writeStringProperty("id", id);
        json.writeStringProperty("type", "message");
        json.writeStringProperty("role", "assistant");
        json.writeStringProperty("model", model);
    }

    private static void thinking(JsonGenerator json, String thoughts, String signature) {
        json.writeStartObject();
        json.writeStringProperty("type", "thinking");
        json.writeStringProperty("thinking", thoughts);
        json.writeStringProperty("signature", signature);
        json.writeEndObject();
    }

    private static void text(JsonGenerator json, String text) {
        json.writeStartObject();
        json.writeStringProperty("type", "text");
        json.writeStringProperty("text", text);
        json.writeNullProperty("citations");
        json.writeEndObject();
    }

    private void toolUse(JsonGenerator json, Reply.Call call, String input) {
        json.writeStartObject();
        json.writeStringProperty("type", "tool_use");
        json.writeStringProperty("id", callId);
        json.writeStringProperty("name", call.name());
        json.writeName("input");
        json.writeRawValue(input);
        json.writeEndObject();
    }

    private void end(JsonGenerator json) {
        json.writeStringProperty(
                "stop_reason",
                switch (reply.end()) {
                    case DONE -> "end_turn";
                    case TOKEN_LIMIT -> "max_tokens";
                    case STOP_TEXT -> "stop_sequence";
                    case TOOL_CALL -> "tool_use";
                    case REFUSAL -> "refusal";
                });
        json.writeStringProperty("stop_sequence", reply.stopText());
        if (reply.refusal() != null) {
            json.writeObjectPropertyStart("stop_details");
            json.writeStringProperty("type", "refusal");
            json.writeNullProperty("category");
            json.writeStringProperty("explanation", reply.refusal());
            json.writeEndObject();
        }
    }

    private void usage(JsonGenerator json, int output) {
        counts(json, output);
        json.writeObjectPropertyStart("cache_creation");
        json.writeNumberProperty("ephemeral_5m_input_tokens", prompt.shortWrite());
        json.writeNumberProperty("ephemeral_1h_input_tokens", prompt.longWrite());
        json.writeEndObject();
        json.writeNullProperty("server_tool_use");
        json.writeStringProperty("service_tier", tier);
    }

    private void counts(JsonGenerator json, int output) {
        json.writeNumberProperty("input_tokens", prompt.input());
        json.writeNumberProperty("cache_creation_input_tokens", prompt.shortWrite() + prompt.longWrite());
        json.writeNumberProperty("cache_read_input_tokens", prompt.read());
        json.writeNumberProperty("output_tokens", output);
        if (!thoughts.isEmpty() && output > 1) {
            json.writeObjectPropertyStart("output_tokens_details");
            json.writeNumberProperty("thinking_tokens", reply.reasoningTokens());
            json.writeEndObject();
        }
    }

    /** The start of a block; a ping follows that of the first one. */
    private static void begin(List<byte[]> events, int index, Consumer<JsonGenerator> block) {
        events.add(event("content_block_start", json -> {
            json.writeNumberProperty("index", index);
            json.writeName("content_block");
            block.accept(json);
        }));
        if (index == 0) {
            events.add(PING);
        }
    }

    private static void delta(List<byte[]> events, int index, String type, String field, String piece) {
        events.add(event("content_block_delta", json -> {
            json.writeNumberProperty("index", index);
            json.writeObjectPropertyStart("delta");
            json.writeStringProperty("type", type);
            json.writeStringProperty(field, piece);
            json.writeEndObject();
        }));
    }

    private static void end(List<byte[]> events, int index) {
        events.add(event("content_block_stop", json -> json.writeNumberProperty("index", index)));
    }

    private static byte[] event(String type, Consumer<JsonGenerator> fields) {
        return Sse.event(type, Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("type", type);
            fields.accept(json);
            json.writeEndObject();
        }));
    }

    /** JSON cut anywhere but within a character. */
    private static List<String> arguments(String json) {
        List<String> pieces = new ArrayList<>();
        String rest = json;
        while (!rest.isEmpty()) {
            int end = rest.offsetByCodePoints(0, Math.min(ARGUMENTS, rest.codePointCount(0, rest.length())));
            pieces.add(rest.substring(0, end));
            rest = rest.substring(end);
        }
        return pieces;
    }
}
