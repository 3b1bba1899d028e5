package io.headrace.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as {@link Durations} reads them, and days: {@code 30d}. */
final class Ages implements ITypeConverter<Duration> {

    private static final Pattern DAYS = Pattern.compile("(\\d{1,6})d");

    @Override
    public Duration convert(String text) {
        Matcher days = DAYS.matcher(text);
        if (days.matches()) {
            return Duration.ofDays(Long.parseLong(days.group(1)));
        }
        try {
            return new Durations().convert(text);
        } catch (TypeConversionException e) {
            throw new TypeConversionException("'" + text + "' is not an age, write for example 90m, 12h or 30d");
        }
    }
}
