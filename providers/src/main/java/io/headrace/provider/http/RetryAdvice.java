package io.headrace.provider.http;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What the headers of an answer say about trying again. */
final class RetryAdvice {

    private RetryAdvice() {}

    /** {@code x-should-retry}; null if the server does not say. */
    static @Nullable Boolean shouldRetry(HttpAnswer answer) {
        String value = answer.header("x-should-retry");
        if (value == null) {
            return null;
        }
        return switch (value.trim()) {
            case "true" -> Boolean.TRUE;
            case "false" -> Boolean.FALSE;
            default -> null;
        };
    }

    /** The wait asked for: {@code retry-after-ms}, else {@code retry-after} in seconds or as an HTTP date; null if none. */
    static @Nullable Duration retryAfter(HttpAnswer answer, Clock clock) {
        Duration millis = number(answer.header("retry-after-ms"), 1e-3);
        if (millis != null) {
            return millis;
        }
        String value = answer.header("retry-after");
        Duration seconds = number(value, 1);
        return seconds != null || value == null ? seconds : until(value, clock);
    }

    private static @Nullable Duration number(@Nullable String value, double unitInSeconds) {
        if (value == null) {
            return null;
        }
        try {
            return DurationText.ofSeconds(Double.parseDouble(value.trim()) * unitInSeconds);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static @Nullable Duration until(String date, Clock clock) {
        Instant then = DurationText.date(date);
        Duration wait = then == null ? null : Duration.between(clock.instant(), then);
        return wait == null || wait.isNegative() ? null : wait;
    }
}
