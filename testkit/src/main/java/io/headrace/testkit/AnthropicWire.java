package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Anthropic. */
enum AnthropicWire implements Wire {
    INSTANCE;

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
    public Problem rateLimited(Fault.RateLimited fault, String model) {
        return problem(
                429,
                "rate_limit_error",
                "This request would exceed the rate limit of 50 requests per minute for " + model);
    }

    @Override
    public Problem overLimit(OverLimit over, String model) {
        return AnthropicLimits.overLimit(over);
    }

    @Override
    public OutputCharge outputCharge() {
        return OutputCharge.CORRECTED;
    }

    @Override
    public void limitHeaders(HttpHeaders headers, Map<Dimension, KeyLimits.State> limits, Instant now) {
        AnthropicLimits.headers(headers, limits, now);
    }

    @Override
    public void retryAfter(HttpHeaders headers, Duration delay) {
        headers.set("retry-after", Wire.wholeSeconds(delay));
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
    public byte[] problemEvent(Problem problem, String requestId) {
        return Sse.event("error", problem(problem, requestId));
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
