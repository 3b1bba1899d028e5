package io.headrace.provider.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Times as headers write them. What cannot be read is null. */
final class DurationText {

    private static final double LONGEST_SECONDS = Duration.ofDays(365).toSeconds();

    private DurationText() {}

    /** Numbers with units, {@code h}, {@code m}, {@code s}, {@code ms}, {@code us}, {@code ns}, one after another: {@code 6m0s}; a bare number is seconds. */
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
        try {
            return OffsetDateTime.parse(text.trim()).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
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
            case "us", "\u00b5s", "\u03bcs" -> 1e-6;
            case "ns" -> 1e-9;
            default -> -1;
        };
    }
}
