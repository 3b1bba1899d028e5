package io.headrace.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as people write them: {@code 100ms}, {@code 2s}, {@code 1.5m}, {@code 1h}. */
final class Durations implements ITypeConverter<Duration> {

    private static final BigDecimal LONGEST = BigDecimal.valueOf(Long.MAX_VALUE);
    private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|s|m|h)");

    @Override
    public Duration convert(String text) {
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is not a duration, write for example 100ms, 2s or 1m");
        }
        BigDecimal nanos =
                BigDecimal.valueOf(unit(matcher.group(2)).getDuration().toNanos());
        BigDecimal exact = new BigDecimal(matcher.group(1)).multiply(nanos);
        if (exact.compareTo(LONGEST) > 0) {
            throw new TypeConversionException("'" + text + "' is too long, 292 years are the most");
        }
        return Duration.ofNanos(exact.longValue());
    }

    private static ChronoUnit unit(String name) {
        return switch (name) {
            case "ms" -> ChronoUnit.MILLIS;
            case "s" -> ChronoUnit.SECONDS;
            case "m" -> ChronoUnit.MINUTES;
            default -> ChronoUnit.HOURS;
        };
    }

    /** Short and rounded to what matters: {@code 340ms}, {@code 2.1s}, {@code 3m 20s}, {@code 5h 30m}. */
    static String format(Duration duration) {
        long millis = duration.toMillis();
        if (millis < 1_000) {
            return millis + "ms";
        }
        if (millis < 10_000) {
            return millis / 1_000 + "." + millis / 100 % 10 + "s";
        }
        if (duration.toMinutes() < 1) {
            return duration.toSeconds() + "s";
        }
        if (duration.toHours() < 1) {
            return duration.toMinutes() + "m " + duration.toSecondsPart() + "s";
        }
        return duration.toHours() + "h " + duration.toMinutesPart() + "m";
    }
}
