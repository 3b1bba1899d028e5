package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.netty.handler.codec.http.HttpHeaders;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What OpenAI tells of rate limits, in its own words. */
final class OpenAiLimits {

    private static final String HEADER = "x-ratelimit-";

    private OpenAiLimits() {}

    static void headers(HttpHeaders headers, Map<Dimension, KeyLimits.State> limits) {
        headers(headers, "requests", limits.get(Dimension.REQUESTS));
        headers(headers, "tokens", limits.get(Dimension.TOKENS));
    }

    private static void headers(HttpHeaders headers, String name, KeyLimits.@Nullable State limit) {
        if (limit != null) {
            headers.set(HEADER + "limit-" + name, Long.toString(limit.limit()));
            headers.set(HEADER + "remaining-" + name, Long.toString(limit.remaining()));
            headers.set(HEADER + "reset-" + name, duration(limit.untilFull()));
        }
    }

    static Wire.Problem overLimit(OverLimit over, String model) {
        Dimension dimension = over.dimension();
        String type = dimension == null || dimension == Dimension.REQUESTS ? "requests" : "tokens";
        String subject = model + " in organization org-simulated on " + unit(dimension);
        return new Wire.Problem(
                429,
                type,
                "rate_limit_exceeded",
                null,
                over.isTooLarge() ? tooLarge(over, subject) : reached(over, subject));
    }

    private static String tooLarge(OverLimit over, String subject) {
        return "Request too large for " + subject + ": Limit " + over.limit() + ", Requested " + over.requested()
                + ". The input or output tokens must be reduced in order to run successfully."
                + " Visit https://platform.openai.com/account/rate-limits to learn more.";
    }

    private static String reached(OverLimit over, String subject) {
        String again = over.retryAfter() == null
                ? "Please try again later."
                : "Please try again in " + duration(over.retryAfter()) + ".";
        return "Rate limit reached for " + subject + ": Limit " + over.limit() + ", Used " + over.used()
                + ", Requested " + over.requested() + ". " + again
                + " Visit https://platform.openai.com/account/rate-limits to learn more.";
    }

    private static String unit(@Nullable Dimension dimension) {
        if (dimension == null) {
            return "concurrent requests";
        }
        return switch (dimension) {
            case REQUESTS -> "requests per min (RPM)";
            case TOKENS -> "tokens per min (TPM)";
            case INPUT_TOKENS -> "input tokens per min (ITPM)";
            case OUTPUT_TOKENS -> "output tokens per min (OTPM)";
        };
    }

    /** Such as {@code 17ms}, {@code 1.378s}, {@code 6m0s}, {@code 1h2m3s}; rounded up to milliseconds. */
    static String duration(Duration duration) {
        long millis = duration.plusNanos(999_999).toMillis();
        if (millis == 0) {
            return "0s";
        }
        if (millis < 1_000) {
            return millis + "ms";
        }
        String seconds =
                BigDecimal.valueOf(millis % 60_000, 3).stripTrailingZeros().toPlainString() + "s";
        long minutes = millis / 60_000;
        if (minutes == 0) {
            return seconds;
        }
        return minutes < 60 ? minutes + "m" + seconds : minutes / 60 + "h" + minutes % 60 + "m" + seconds;
    }
}
