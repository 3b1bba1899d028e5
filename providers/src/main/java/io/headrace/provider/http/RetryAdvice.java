package io.headrace.provider.http;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What an answer says about trying again. */
final class RetryAdvice {

    /** {@code Please try again in 1.898s.}, {@code 6m0s}, {@code Please retry after 37 seconds}: no number without a unit. */
    private static final Pattern WORDS = Pattern.compile("(?i:\\b(?:try again|retry) (?:in|after)) (?:"
            + "(?<compact>(?:\\d{1,9}(?:\\.\\d{1,9})?(?:h|ms|m|s))+)"
            + "|(?<number>\\d{1,9}(?:\\.\\d{1,9})?) (?<unit>milliseconds?|seconds?|minutes?|hours?)"
            + ")(?!\\w|[.,]\\d)");

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

    /** The wait that the server's words ask for, where no header does; null if none that is beyond doubt. */
    static @Nullable Duration inWords(String message) {
        Matcher words = WORDS.matcher(message);
        if (!words.find()) {
            return null;
        }
        String compact = words.group("compact");
        return DurationText.parse(compact != null ? compact : words.group("number") + abbreviated(words.group("unit")));
    }

    private static String abbreviated(String unit) {
        return unit.startsWith("milli") ? "ms" : unit.substring(0, 1);
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
