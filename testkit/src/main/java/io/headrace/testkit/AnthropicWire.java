package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Anthropic Messages. */
enum AnthropicWire implements Wire {
    INSTANCE;

    /** The version from which sampling parameters are refused. */
    private static final String WITHOUT_SAMPLING = "2026-10-21";

    @Override
    public String idPrefix() {
        return "msg_";
    }

    @Override
    public @Nullable String key(HttpHeaders headers) {
        String key = headers.get("x-api-key");
        return key == null || key.isBlank() ? Wire.bearer(headers) : key;
    }

    @Override
    public Problem pathUnknown(String method, String path) {
        return problem(404, "not_found_error", "Not found: " + method + " " + path);
    }

    @Override
    public Problem methodNotAllowed(String method, String path) {
        return problem(405, "invalid_request_error", "Method Not Allowed: " + method + " " + path);
    }

    @Override
    public Problem keyMissing() {
        return problem(401, "authentication_error", "x-api-key header is required");
    }

    @Override
    public Problem keyUnknown() {
        return problem(401, "authentication_error", "invalid x-api-key");
    }

    @Override
    public Problem modelUnknown(String model) {
        return problem(404, "not_found_error", "model: " + model);
    }

    @Override
    public Problem notJson(String reason) {
        return Problem.invalid("The request body is not valid JSON: " + reason);
    }

    @Override
    public @Nullable Problem check(HttpHeaders headers, ChatBody body) {
        List<ChatBody.Turn> turns = body.turns;
        String version = headers.get("anthropic-version");
        if (version == null || version.isBlank()) {
            return Problem.invalid("anthropic-version: header is required");
        }
        if (body.model().isEmpty()) {
            return Problem.invalid("model: Field required");
        }
        if (body.maxTokens < 0) {
            return Problem.invalid("max_tokens: Field required");
        }
        if (body.maxTokens == 0) {
            return Problem.invalid("max_tokens: Input should be greater than or equal to 1");
        }
        if (turns == null) {
            return Problem.invalid("messages: Field required");
        }
        if (turns.isEmpty()) {
            return Problem.invalid("messages: at least one message is required");
        }
        if (body.sampling != null && version.compareTo(WITHOUT_SAMPLING) >= 0) {
            return Problem.invalid(body.sampling + ": Extra inputs are not permitted");
        }
        if (body.stream) {
            return Problem.invalid("stream: The simulated provider does not stream");
        }
        return null;
    }

    @Override
    public Problem refusal(Fault.Refusal refusal) {
        return switch (refusal) {
            case QUOTA_EXHAUSTED ->
                new Problem(
                        429,
                        "rate_limit_error",
                        "enforced_spend_limit_reached",
                        null,
                        "This organization has reached its spend limit.");
            case SERVER_ERROR -> problem(500, "api_error", "Internal server error");
            case UNAVAILABLE -> problem(503, "api_error", "Service unavailable");
            case OVERLOADED -> problem(529, "overloaded_error", "Overloaded");
        };
    }

    @Override
    public Problem rateLimited(Fault.RateLimited fault, ChatBody body) {
        return problem(
                429,
                "rate_limit_error",
                "This request would exceed the rate limit of 50 requests per minute for " + body.model());
    }

    @Override
    public byte[] answer(Answer answer) {
        return Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("id", answer.id());
            json.writeStringProperty("type", "message");
            json.writeStringProperty("role", "assistant");
            json.writeStringProperty("model", answer.model());
            json.writeArrayPropertyStart("content");
            json.writeStartObject();
            json.writeStringProperty("type", "text");
            json.writeStringProperty("text", answer.text());
            json.writeNullProperty("citations");
            json.writeEndObject();
            json.writeEndArray();
            json.writeStringProperty("stop_reason", answer.cut() ? "max_tokens" : "end_turn");
            json.writeNullProperty("stop_sequence");
            json.writeObjectPropertyStart("usage");
            json.writeNumberProperty("input_tokens", answer.promptTokens());
            json.writeNumberProperty("output_tokens", answer.answerTokens());
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
        });
    }

    @Override
    public byte[] problem(Problem problem, String requestId) {
        return Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("type", "error");
            json.writeObjectPropertyStart("error");
            json.writeStringProperty("type", problem.type());
            json.writeStringProperty("message", problem.message());
            if (problem.code() != null) {
                json.writeObjectPropertyStart("details");
                json.writeStringProperty("error_code", problem.code());
                json.writeEndObject();
            }
            json.writeEndObject();
            json.writeStringProperty("request_id", requestId);
            json.writeEndObject();
        });
    }

    @Override
    public void headers(HttpHeaders headers, String requestId, long workedMillis) {
        headers.set("request-id", requestId);
        headers.set("anthropic-organization-id", "org-simulated");
    }

    private static Problem problem(int status, String type, String message) {
        return new Problem(status, type, null, null, message);
    }
}
