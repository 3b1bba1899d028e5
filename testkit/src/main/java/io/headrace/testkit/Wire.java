package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How one provider talks, whatever it is asked: its key, its headers, how it says no. Stateless. */
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

    /** The key that the request carries, null if there is none. */
    @Nullable
    String key(HttpHeaders headers);

    Problem pathUnknown(String method, String path);

    Problem methodNotAllowed(String method, String path);

    Problem keyMissing();

    Problem keyUnknown();

    Problem modelUnknown(String model);

    Problem notJson(String reason);

    Problem refusal(Fault.Refusal refusal);

    Problem rateLimited(Fault.RateLimited fault, String model);

    /** A refusal with 429 for a quota. */
    Problem overLimit(OverLimit over, String model);

    /** When a quota is charged for an answer, unless the quota says otherwise. */
    OutputCharge outputCharge();

    /** Adds what every answer tells of its key's limits. */
    void limitHeaders(HttpHeaders headers, Map<Dimension, KeyLimits.State> limits, Instant now);

    /** Adds the delay that a refusal names. */
    void retryAfter(HttpHeaders headers, Duration delay);

    byte[] problem(Problem problem, String requestId);

    /** The event that tells of a problem within a stream. */
    byte[] problemEvent(Problem problem, String requestId);

    /** Adds the headers that every answer carries. */
    void headers(HttpHeaders headers, String requestId, long workedMillis);

    /** Seconds of a delay, rounded up and at least 1. */
    static String wholeSeconds(Duration delay) {
        return Long.toString(Math.max(1, delay.plusNanos(999_999_999).toSeconds()));
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
