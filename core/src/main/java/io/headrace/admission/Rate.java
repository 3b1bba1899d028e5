package io.headrace.admission;

import java.math.BigInteger;
import java.time.Duration;
import java.util.Objects;

/**
 * So much in a period, and how much of it at once.
 *
 * @param limit what comes in in each period, evenly; at least 1
 * @param period usually a minute
 * @param burst the most that can be taken at once after a quiet time; at least 1
 */
public record Rate(long limit, Duration period, long burst) {

    private static final BigInteger MOST_NANOS = BigInteger.ONE.shiftLeft(60);

    /**
     * @throws IllegalArgumentException for a number below 1 and a period that is not positive or longer than 10,000 days
     */
    public Rate {
        Objects.requireNonNull(period, "period");
        if (limit < 1 || burst < 1 || period.isNegative() || period.isZero() || period.toDays() > 10_000) {
            throw new IllegalArgumentException("no rate: " + limit + " in " + period + ", " + burst + " at once");
        }
    }

    /** So much in a minute, all of which may be taken at once. */
    public static Rate perMinute(long limit) {
        return of(limit, Duration.ofMinutes(1));
    }

    /** So much in {@code period}, all of which may be taken at once. */
    public static Rate of(long limit, Duration period) {
        return new Rate(limit, period, limit);
    }

    /** The same with at most {@code burst} at once. */
    public Rate withBurst(long burst) {
        return new Rate(limit, period, burst);
    }

    /** The most that one demand can ask for: what a quiet period brings, or what is held. */
    long most() {
        return Math.max(limit, burst);
    }

    boolean isBelow(Rate other) {
        return units(1) < other.units(1);
    }

    /** What comes in in that time. */
    double units(long nanos) {
        return nanos * (double) limit / period.toNanos();
    }

    /** The time in which {@code units} come in, rounded up; at most 36 years. */
    long nanos(long units) {
        long nanos = period.toNanos();
        long product = units * nanos;
        return product >= 0 && Math.multiplyHigh(units, nanos) == 0
                ? -Math.floorDiv(-product, limit)
                : exact(units, BigInteger.valueOf(limit - 1));
    }

    /** The time in which {@link #burst} comes in, rounded down; at most 36 years. */
    long burstNanos() {
        return exact(burst, BigInteger.ZERO);
    }

    private long exact(long units, BigInteger add) {
        return BigInteger.valueOf(units)
                .multiply(BigInteger.valueOf(period.toNanos()))
                .add(add)
                .divide(BigInteger.valueOf(limit))
                .min(MOST_NANOS)
                .longValue();
    }

    /** The period in words, such as {@code minute}. */
    String periodName() {
        return switch ((int) Math.min(Integer.MAX_VALUE, period.toMillis())) {
            case 1_000 -> "second";
            case 60_000 -> "minute";
            case 3_600_000 -> "hour";
            case 86_400_000 -> "day";
            default -> period.toString();
        };
    }
}
