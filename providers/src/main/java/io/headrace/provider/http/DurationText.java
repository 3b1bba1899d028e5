package io.headrace.provider.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Times as headers write them. What cannot be read is null. */
final class DurationText {

    private static final int WHOLE_SECONDS = "2026-11-22T00:00:02Z".length();

    private static final double LONGEST_SECONDS = Duration.ofDays(365).toSeconds();

    private DurationText() {}

    /**
     * Numbers with units, {@code h}, {@code m}, {@code s}, {@code ms}, {@code us}, {@code ns}, one after another: {@code 6m0s}; a
     * bare number is seconds.
     */
    static @Nullable Duration parse(@Nullable String text) {
        if (text == null) {
            return null;
        }
        String rest = text.trim();
        double seconds = 0;
        int at = 0;
        while (at < rest.length()) {
            int unitAt = at;
            while (unitAt < rest.length() && isOfNumber(rest.charAt(unitAt))) {
                unitAt++;
            }
            int next = unitAt;
            while (next < rest.length() && !isOfNumber(rest.charAt(next))) {
                next++;
            }
            String unit = rest.substring(unitAt, next);
            double factor = unit.isEmpty() && at == 0 ? 1 : secondsOf(unit);
            if (unitAt == at || factor < 0) {
                return null;
            }
            try {
                seconds += Double.parseDouble(rest.substring(at, unitAt)) * factor;
            } catch (NumberFormatException e) {
                return null;
            }
            at = next;
        }
        return rest.isEmpty() ? null : ofSeconds(seconds);
    }

    static @Nullable Duration ofSeconds(double seconds) {
        return seconds >= 0 ? Duration.ofNanos(Math.round(Math.min(seconds, LONGEST_SECONDS) * 1e9)) : null;
    }

    /** An instant as RFC 3339 writes it. */
    static @Nullable Instant instant(@Nullable String text) {
        if (text == null) {
            return null;
        }
        String instant = text.trim();
        try {
            return instant.length() == WHOLE_SECONDS && instant.endsWith("Z")
                    ? wholeSeconds(instant)
                    : OffsetDateTime.parse(instant).toInstant();
        } catch (DateTimeException | NumberFormatException e) {
            return null;
        }
    }

    /** Reads {@code 2026-11-22T00:00:02Z} at a tenth of what a formatter takes, for it comes four times with each answer. */
    private static Instant wholeSeconds(String text) {
        return LocalDateTime.of(
                        part(text, 0, 4),
                        part(text, 5, 7),
                        part(text, 8, 10),
                        part(text, 11, 13),
                        part(text, 14, 16),
                        part(text, 17, 19))
                .toInstant(ZoneOffset.UTC);
    }

    private static int part(String text, int from, int to) {
        return Integer.parseInt(text, from, to, 10);
    }

    /** The time until {@code then} by the server's own clock if it tells its time, else by {@code clock}; zero for the past. */
    static Duration until(Instant then, HttpHeaders headers, Clock clock) {
        Instant servers = date(headers.get(HttpHeaderNames.DATE));
        Duration left = Duration.between(servers == null ? clock.instant() : servers, then);
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** An instant as HTTP writes it. */
    static @Nullable Instant date(@Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            return ZonedDateTime.parse(text.trim(), DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static boolean isOfNumber(char c) {
        return (c >= '0' && c <= '9') || c == '.';
    }

    private static double secondsOf(String unit) {
        return switch (unit) {
            case "h" -> 3_600;
            case "m" -> 60;
            case "s" -> 1;
            case "ms" -> 1e-3;
            // of the letters in UTF-8 a header makes two characters each
            case "us", "\u00b5s", "\u03bcs", "\u00c2\u00b5s", "\u00ce\u00bcs" -> 1e-6;
            case "ns" -> 1e-9;
            default -> -1;
        };
    }
}
