package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What Anthropic tells of rate limits, in its own words. */
final class AnthropicLimits {

    private static final String HEADER = "anthropic-ratelimit-";

    private AnthropicLimits() {}

    static void headers(HttpHeaders headers, Map<Dimension, KeyLimits.State> limits, Instant now) {
        KeyLimits.State tightest = null;
        for (Map.Entry<Dimension, KeyLimits.State> limit : limits.entrySet()) {
            KeyLimits.State state = limit.getValue();
            if (limit.getKey() != Dimension.REQUESTS) {
                tightest = tightest == null || left(state) < left(tightest) ? state : tightest;
            }
        }
        headers(headers, "requests", limits.get(Dimension.REQUESTS), 1, now);
        headers(headers, "tokens", tightest, 1_000, now);
        headers(headers, "input-tokens", limits.get(Dimension.INPUT_TOKENS), 1_000, now);
        headers(headers, "output-tokens", limits.get(Dimension.OUTPUT_TOKENS), 1_000, now);
    }

    /** The share that is left. */
    private static double left(KeyLimits.State state) {
        return (double) state.remaining() / state.limit();
    }

    private static void headers(
            HttpHeaders headers, String name, KeyLimits.@Nullable State limit, long roundedTo, Instant now) {
        if (limit != null) {
            long remaining = (limit.remaining() + roundedTo / 2) / roundedTo * roundedTo;
            Instant full = now.plus(limit.untilFull()).plusNanos(999_999_999).truncatedTo(ChronoUnit.SECONDS);
            headers.set(HEADER + name + "-limit", Long.toString(limit.limit()));
            headers.set(HEADER + name + "-remaining", Long.toString(remaining));
            headers.set(HEADER + name + "-reset", full.toString());
        }
    }

    static Wire.Problem overLimit(OverLimit over) {
        return new Wire.Problem(
                429,
                "rate_limit_error",
                null,
                null,
                "This request would exceed the rate limit for your organization (org-simulated) of "
                        + String.format(Locale.ROOT, "%,d", over.limit()) + " " + unit(over.dimension())
                        + ". For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response"
                        + " headers for current usage. Please reduce the prompt length or the maximum tokens requested,"
                        + " or try again later.");
    }

    private static String unit(@Nullable Dimension dimension) {
        if (dimension == null) {
            return "concurrent connections";
        }
        return switch (dimension) {
            case REQUESTS -> "requests per minute";
            case TOKENS -> "tokens per minute";
            case INPUT_TOKENS -> "input tokens per minute";
            case OUTPUT_TOKENS -> "output tokens per minute";
        };
    }
}
