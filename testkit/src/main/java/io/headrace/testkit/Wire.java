package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/** The shapes of one provider: what it checks, how it answers, how it says no. Stateless. */
interface Wire {

    /** A refusal in neutral words; each wire has its own shape for it. */
    record Problem(
            int status,
            String type,
            @Nullable String code,
            @Nullable String param,
            String message) {

        static Problem invalid(String message) {
            return new Problem(400, "invalid_request_error", null, null, message);
        }
    }

    /** A whole answer; {@code cut} says that the token limit ended it. */
    record Answer(
            String id,
            long createdSeconds,
            String model,
            String text,
            boolean cut,
            int promptTokens,
            int answerTokens) {}

    /** The start of its ids for answers. */
    String idPrefix();

    /** The key that the request carries, null if there is none. */
    @Nullable
    String key(HttpHeaders headers);

    Problem pathUnknown(String method, String path);

    Problem methodNotAllowed(String method, String path);

    Problem keyMissing();

    Problem keyUnknown();

    Problem modelUnknown(String model);

    Problem notJson(String reason);

    /** What is wrong with the request's form, null if nothing is. */
    @Nullable
    Problem check(HttpHeaders headers, ChatBody body);

    Problem refusal(Fault.Refusal refusal);

    Problem rateLimited(Fault.RateLimited fault, ChatBody body);

    byte[] answer(Answer answer);

    byte[] problem(Problem problem, String requestId);

    /** Adds the headers that every answer carries. */
    void headers(HttpHeaders headers, String requestId, long workedMillis);

    /** The wire that is spoken at {@code path}, null if none is. */
    static @Nullable Wire at(String path) {
        return switch (path) {
            case "/v1/chat/completions" -> OpenAiWire.INSTANCE;
            case "/v1/messages" -> AnthropicWire.INSTANCE;
            default -> null;
        };
    }

    /** The wire whose errors fit an unknown path. */
    static Wire near(String path) {
        return path.startsWith("/v1/messages") ? AnthropicWire.INSTANCE : OpenAiWire.INSTANCE;
    }

    /** The text after {@code Bearer}, null if there is none. */
    static @Nullable String bearer(HttpHeaders headers) {
        String value = headers.get("authorization");
        if (value == null || !value.regionMatches(true, 0, "Bearer ", 0, 7)) {
            return null;
        }
        String key = value.substring(7).trim();
        return key.isEmpty() ? null : key;
    }
}
