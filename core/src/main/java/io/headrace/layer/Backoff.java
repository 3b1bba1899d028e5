package io.headrace.layer;

import io.headrace.Require;
import java.time.Duration;
import java.util.Objects;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next attempt: the arithmetic of a retry and nothing else. Immutable; computed to the
 * nanosecond.
 *
 * @param base the wait after the first failure, before jitter; 0 or more
 * @param cap no wait is longer, jitter included; at least {@code base}, at most {@link #LONGEST}
 * @param multiplier by which each failure lengthens the wait, at least 1
 * @param jitter how much of the wait is left to chance
 */
public record Backoff(Duration base, Duration cap, double multiplier, Jitter jitter) {

    /** The longest cap. */
    public static final Duration LONGEST = Duration.ofDays(1);

    /**
     * @throws IllegalArgumentException for a value outside its range, naming it
     */
    public Backoff {
        Objects.requireNonNull(jitter, "jitter");
        Require.notNegative(base, "base");
        if (cap.compareTo(base) < 0 || cap.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "cap must lie between base (" + base + ") and " + LONGEST + ", not at " + cap);
        }
        if (!(multiplier >= 1 && multiplier <= 1000)) {
            throw new IllegalArgumentException("multiplier must lie between 1 and 1000, not at " + multiplier);
        }
    }

    /** Always {@code delay}, without jitter. */
    public static Backoff fixed(Duration delay) {
        return new Backoff(delay, delay, 1, Jitter.NONE);
    }

    /** Doubles from {@code base} up to {@code cap}, with {@link Jitter#FULL}. */
    public static Backoff exponential(Duration base, Duration cap) {
        return new Backoff(base, cap, 2, Jitter.FULL);
    }

    public Backoff withMultiplier(double multiplier) {
        return new Backoff(base, cap, multiplier, jitter);
    }

    public Backoff withJitter(Jitter jitter) {
        return new Backoff(base, cap, multiplier, jitter);
    }

    /**
     * The wait after a failure.
     *
     * @param failures how many there were, this one included, from 1
     * @param previous the wait before this failure, zero for none; only {@link Jitter#DECORRELATED} asks
     */
    Duration delay(int failures, Duration previous, RandomGenerator random) {
        long longest = cap.toNanos();
        long least = base.toNanos();
        long even = (long) Math.min((double) longest, least * Math.pow(multiplier, failures - 1));
        return Duration.ofNanos(
                switch (jitter) {
                    case NONE -> even;
                    case FULL -> between(0, even, random);
                    case EQUAL -> even / 2 + between(0, even - even / 2, random);
                    case DECORRELATED -> {
                        long before = Math.min(longest, Math.max(least, previous.toNanos()));
                        yield Math.min(longest, between(least, before * 3, random));
                    }
                });
    }

    /** Evenly from {@code low} to {@code high}, both included. */
    private static long between(long low, long high, RandomGenerator random) {
        return low == high ? low : random.nextLong(low, high + 1);
    }
}
