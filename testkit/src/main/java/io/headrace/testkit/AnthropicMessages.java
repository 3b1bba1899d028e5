package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Anthropic Messages. */
enum AnthropicMessages implements Endpoint {
    INSTANCE;

    /** The version from which sampling parameters are refused. */
    private static final String WITHOUT_SAMPLING = "2026-10-21";

    @Override
    public Wire wire() {
        return AnthropicWire.INSTANCE;
    }

    @Override
    public HttpMethod method() {
        return HttpMethod.POST;
    }

    @Override
    public Question read(String path, HttpHeaders headers, byte[] body) {
        return new Asked(headers, ChatBody.parse(body));
    }

    private record Asked(HttpHeaders headers, ChatBody body) implements Question {

        @Override
        public String model() {
            return body.model();
        }

        @Override
        public Wire.@Nullable Problem problem() {
            List<ChatBody.Turn> turns = body.turns;
            String version = headers.get("anthropic-version");
            if (version == null || version.isBlank()) {
                return Wire.Problem.invalid("anthropic-version: header is required");
            }
            if (body.model().isEmpty()) {
                return Wire.Problem.invalid("model: Field required");
            }
            if (body.maxTokens < 0) {
                return Wire.Problem.invalid("max_tokens: Field required");
            }
            if (body.maxTokens == 0) {
                return Wire.Problem.invalid("max_tokens: Input should be greater than or equal to 1");
            }
            if (turns == null) {
                return Wire.Problem.invalid("messages: Field required");
            }
            if (turns.isEmpty()) {
                return Wire.Problem.invalid("messages: at least one message is required");
            }
            if (body.sampling != null && version.compareTo(WITHOUT_SAMPLING) >= 0) {
                return Wire.Problem.invalid(body.sampling + ": Extra inputs are not permitted");
            }
            if (body.stream) {
                return Wire.Problem.invalid("stream: The simulated provider does not stream");
            }
            return null;
        }

        @Override
        public Content answer(Occasion occasion) {
            Reply reply = Reply.to(body, occasion.model(), occasion.occurrence());
            return Content.whole(Json.write(json -> {
                json.writeStartObject();
                json.writeStringProperty("id", occasion.id("msg_"));
                json.writeStringProperty("type", "message");
                json.writeStringProperty("role", "assistant");
                json.writeStringProperty("model", ModelNames.dated(body.model()));
                json.writeArrayPropertyStart("content");
                json.writeStartObject();
                json.writeStringProperty("type", "text");
                json.writeStringProperty("text", reply.text());
                json.writeNullProperty("citations");
                json.writeEndObject();
                json.writeEndArray();
                json.writeStringProperty(
                        "stop_reason", reply.end() == Reply.End.TOKEN_LIMIT ? "max_tokens" : "end_turn");
                json.writeNullProperty("stop_sequence");
                json.writeObjectPropertyStart("usage");
                json.writeNumberProperty("input_tokens", body.promptTokens());
                json.writeNumberProperty("output_tokens", reply.tokens());
                json.writeNumberProperty("cache_creation_input_tokens", 0);
                json.writeNumberProperty("cache_read_input_tokens", 0);
                json.writeObjectPropertyStart("cache_creation");
                json.writeNumberProperty("ephemeral_5m_input_tokens", 0);
                json.writeNumberProperty("ephemeral_1h_input_tokens", 0);
                json.writeEndObject();
                json.writeNullProperty("server_tool_use");
                json.writeStringProperty("service_tier", "standard");
                json.writeEndObject();
                json.writeEndObject();
            }));
        }
    }
}
