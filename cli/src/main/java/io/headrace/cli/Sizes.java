package io.headrace.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes as people write them: {@code 0}, {@code 500MB}, {@code 1.5GB}; a KB is 1,024 of them. */
final class Sizes implements ITypeConverter<Long> {

    private static final Pattern FORM =
            Pattern.compile("(\\d{1,12}(?:\\.\\d{1,9})?)(B|KB|MB|GB|TB)", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "BKMGT";
    private static final int SHIFT = 10;

    @Override
    public Long convert(String text) {
        if (text.equals("0")) {
            return 0L;
        }
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is not a size, write for example 500MB or 2GB");
        }
        int shift =
                SHIFT * UNITS.indexOf(matcher.group(2).toUpperCase(Locale.ROOT).charAt(0));
        long unit = 1L << shift;
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new TypeConversionException("'" + text + "' is too large, 8388607TB are the most");
        }
        return bytes.longValue();
    }

    /** Short and rounded: {@code 812 B}, {@code 1.4 MB}. */
    static String format(long bytes) {
        if (bytes < (1L << SHIFT)) {
            return bytes + " B";
        }
        int unit = Math.min((Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes)) / SHIFT, UNITS.length() - 1);
        long size = 1L << (SHIFT * unit);
        return String.format(Locale.ROOT, "%.1f %sB", bytes / (double) size, UNITS.charAt(unit));
    }
}
