package io.headrace.provider.http;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What an answer says about trying again. */
final class RetryAdvice {

    /**
     * {@code Please try again in 1.898s.}, {@code 6m0s}, {@code Please retry after 37 seconds}: no number without a unit, and each unit
     * once at the most, for the stack grows with each repetition.
     */
    private static final Pattern WORDS = Pattern.compile("(?i:\\b(?:try again|retry) (?:in|after)) (?:"
            + "(?<compact>(?:\\d{1,9}(?:\\.\\d{1,9})?(?:h|ms|m|s)){1,4})"
            + "|(?<number>\\d{1,9}(?:\\.\\d{1,9})?) (?<unit>milliseconds?|seconds?|minutes?|hours?)"
            + ")(?!\\w|[.,]\\d)");

    /** Nobody means to be asked again so late: it is a time of day where a wait was due, or a server that counts wrong. */
    private static final Duration NO_WAIT = Duration.ofDays(365);

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

    /**
     * The wait asked for: {@code retry-after-ms}, else {@code retry-after} in seconds or as an HTTP date, by the server's own clock if
     * it tells its time; null if none, such as for a year and more. Of several, such as those of a server and of a proxy before it, the
     * longest.
     */
    static @Nullable Duration retryAfter(HttpAnswer answer, Clock clock) {
        Duration millis = longest(answer.headers("retry-after-ms"), text -> number(text, 1e-3));
        return millis != null ? millis : longest(answer.headers("retry-after"), text -> wait(text, answer, clock));
    }

    private static @Nullable Duration longest(List<String> values, Function<String, @Nullable Duration> reader) {
        Duration longest = null;
        for (String value : values) {
            Duration wait = reader.apply(value);
            if (wait == null && value.indexOf(',') >= 0) { // joined on the way
                wait = longest(List.of(value.split(",")), reader);
            }
            longest = longest == null || (wait != null && wait.compareTo(longest) > 0) ? wait : longest;
        }
        return longest;
    }

    private static @Nullable Duration wait(String value, HttpAnswer answer, Clock clock) {
        Duration seconds = number(value, 1);
        return seconds != null ? seconds : until(value, answer, clock);
    }

    /** The wait that the server's words ask for, where no header does; null if none that is beyond doubt. */
    static @Nullable Duration inWords(String message) {
        Matcher words = WORDS.matcher(message);
        if (!words.find()) {
            return null;
        }
        String compact = words.group("compact");
        return meant(DurationText.parse(
                compact != null ? compact : words.group("number") + abbreviated(words.group("unit"))));
    }

    private static String abbreviated(String unit) {
        return unit.startsWith("milli") ? "ms" : unit.substring(0, 1);
    }

    private static @Nullable Duration number(String value, double unitInSeconds) {
        try {
            return meant(DurationText.ofSeconds(Double.parseDouble(value.trim()) * unitInSeconds));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static @Nullable Duration until(String date, HttpAnswer answer, Clock clock) {
        Instant then = DurationText.date(date);
        Instant servers = DurationText.date(answer.header("date"));
        Duration wait = then == null ? null : Duration.between(servers == null ? clock.instant() : servers, then);
        return meant(wait);
    }

    private static @Nullable Duration meant(@Nullable Duration wait) {
        return wait == null || wait.isNegative() || wait.compareTo(NO_WAIT) >= 0 ? null : wait;
    }
}
