package io.headrace;

import java.time.Duration;
import java.util.Objects;

/**
 * Bounds of arguments, said in one way: each method gives the value that it is given, or throws an {@link IllegalArgumentException} with
 * the value's name, its bound and what it is.
 */
public final class Require {

    private Require() {}

    /** More than zero. */
    public static Duration positive(Duration value, String name) {
        Objects.requireNonNull(value, name);
        if (value.isNegative() || value.isZero()) {
            throw outside(name, "be positive", value);
        }
        return value;
    }

    /** Zero or more. */
    public static Duration notNegative(Duration value, String name) {
        Objects.requireNonNull(value, name);
        if (value.isNegative()) {
            throw outside(name, "not be negative", value);
        }
        return value;
    }

    public static int atLeast(int least, int value, String name) {
        return (int) atLeast((long) least, value, name);
    }

    public static long atLeast(long least, long value, String name) {
        if (value < least) {
            throw outside(name, "be at least " + least, value);
        }
        return value;
    }

    /** Above 0 and at most 1. */
    public static double share(double value, String name) {
        if (!(value > 0 && value <= 1)) {
            throw outside(name, "be above 0 and at most 1", value);
        }
        return value;
    }

    private static IllegalArgumentException outside(String name, String bound, Object value) {
        return new IllegalArgumentException(name + " must " + bound + ", not " + value);
    }
}
