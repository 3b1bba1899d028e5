package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** OpenAI. */
enum OpenAiWire implements Wire {
    INSTANCE;

    private static final String INVALID = "invalid_request_error";

    @Override
    public @Nullable String key(HttpHeaders headers) {
        return Wire.bearer(headers);
    }

    @Override
    public Problem pathUnknown(String method, String path) {
        return new Problem(404, INVALID, null, null, "Invalid URL (" + method + " " + path + ")");
    }

    @Override
    public Problem methodNotAllowed(String method, String path) {
        return new Problem(
                405, INVALID, "method_not_supported", null, "Not allowed to " + method + " on " + path + ".");
    }

    @Override
    public Problem keyMissing() {
        return new Problem(
                401,
                INVALID,
                null,
                null,
                "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer"
                        + " auth (i.e. Authorization: Bearer YOUR_KEY).");
    }

    @Override
    public Problem keyUnknown() {
        return new Problem(401, INVALID, "invalid_api_key", null, "Incorrect API key provided.");
    }

    @Override
    public Problem modelUnknown(String model) {
        return new Problem(
                404,
                INVALID,
                "model_not_found",
                null,
                "The model `" + model + "` does not exist or you do not have access to it.");
    }

    @Override
    public Problem notJson(String reason) {
        return Problem.invalid("We could not parse the JSON body of your request: " + reason);
    }

    /** What is wrong with a chat request, whose conversation stands in {@code field}; null if nothing is. */
    static @Nullable Problem chatProblem(ChatBody body, String field) {
        if (body.model().isEmpty()) {
            return Problem.invalid("you must provide a model parameter");
        }
        List<ChatBody.Turn> turns = body.turns;
        if (turns == null) {
            return new Problem(
                    400, INVALID, "missing_required_parameter", field, "Missing required parameter: '" + field + "'.");
        }
        if (turns.isEmpty()) {
            return new Problem(
                    400,
                    INVALID,
                    "empty_array",
                    field,
                    "Invalid '" + field + "': empty array. Expected an array with minimum length 1, but got an empty"
                            + " array instead.");
        }
        return null;
    }

    static Problem badValue(String field, String message) {
        return new Problem(400, INVALID, "invalid_value", field, message);
    }

    /**
     * Writes a field of log probabilities: a word is a token, and one as likely as it is short.
     *
     * @param withBytes whether each token has its bytes too, which it has everywhere but in the events of Responses
     */
    static void logprobs(JsonGenerator json, String field, List<String> words, long top, boolean withBytes) {
        json.writeArrayPropertyStart(field);
        for (String word : words) {
            double logprob = -0.125 * word.length();
            json.writeStartObject();
            logprob(json, word, logprob, withBytes);
            json.writeArrayPropertyStart("top_logprobs");
            for (int i = 0; i < top; i++) {
                json.writeStartObject();
                logprob(json, i == 0 ? word : "other" + i, logprob - i, withBytes);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void logprob(JsonGenerator json, String token, double logprob, boolean withBytes) {
        json.writeStringProperty("token", token);
        json.writeNumberProperty("logprob", logprob);
        if (withBytes) {
            json.writeArrayPropertyStart("bytes");
            for (byte each : token.getBytes(StandardCharsets.UTF_8)) {
                json.writeNumber(each & 0xFF);
            }
            json.writeEndArray();
        }
    }

    @Override
    public Problem refusal(Fault.Refusal refusal) {
        return switch (refusal) {
            case QUOTA_EXHAUSTED ->
                new Problem(
                        429,
                        "insufficient_quota",
                        "insufficient_quota",
                        null,
                        "You exceeded your current quota, please check your plan and billing details.");
            case SERVER_ERROR ->
                new Problem(
                        500,
                        "server_error",
                        null,
                        null,
                        "The server had an error while processing your request. Sorry about that!");
            case UNAVAILABLE -> overloaded(503);
            case OVERLOADED -> overloaded(529);
        };
    }

    private static Problem overloaded(int status) {
        return new Problem(
                status,
                "service_unavailable_error",
                "server_is_overloaded",
                null,
                "The server is overloaded or not ready yet.");
    }

    @Override
    public Problem rateLimited(Fault.RateLimited fault, String model) {
        return new Problem(
                429,
                "requests",
                "rate_limit_exceeded",
                null,
                "Rate limit reached for " + model
                        + " in organization org-simulated on requests per min (RPM): Limit 500,"
                        + " Used 500, Requested 1. Please try again in "
                        + fault.retryAfter().toMillis() + "ms.");
    }

    @Override
    public Problem overLimit(OverLimit over, String model) {
        return OpenAiLimits.overLimit(over, model);
    }

    @Override
    public OutputCharge outputCharge() {
        return OutputCharge.RESERVED;
    }

    @Override
    public void limitHeaders(HttpHeaders headers, Map<Dimension, KeyLimits.State> limits, Instant now) {
        OpenAiLimits.headers(headers, limits);
    }

    @Override
    public void retryAfter(HttpHeaders headers, Duration delay) {
        headers.set("retry-after", Wire.wholeSeconds(delay));
        headers.set("retry-after-ms", Long.toString(delay.plusNanos(999_999).toMillis()));
    }

    @Override
    public byte[] problem(Problem problem, String requestId) {
        return Json.write(json -> {
            json.writeStartObject();
            json.writeObjectPropertyStart("error");
            json.writeStringProperty("message", problem.message());
            json.writeStringProperty("type", problem.type());
            json.writeStringProperty("param", problem.param());
            json.writeStringProperty("code", problem.code());
            json.writeEndObject();
            json.writeEndObject();
        });
    }

    @Override
    public byte[] problemEvent(Problem problem, String requestId) {
        return Sse.event("error", problem(problem, requestId));
    }

    @Override
    public void headers(HttpHeaders headers, String requestId, long workedMillis) {
        headers.set("x-request-id", requestId);
        headers.set("openai-organization", "org-simulated");
        headers.set("openai-processing-ms", Long.toString(workedMillis));
        headers.set("openai-version", "2020-10-01");
    }
}
