package io.headrace.layer;

/**
 * How much of a computed wait is left to chance, so that callers who failed together do not come back together. The names
 * and formulas are those of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. There {@code e} is
 * the exponential wait, {@code min(cap, base * multiplier^(failures - 1))}.
 */
public enum Jitter {
    /** Exactly {@code e}. */
    NONE,
    /** Evenly between 0 and {@code e}: the least load on the server. */
    FULL,
    /** {@code e/2} and evenly up to {@code e/2} more: never waits less than half. */
    EQUAL,
    /** {@code min(cap, evenly between base and three times the previous wait)}; the first time as if it had been base. */
    DECORRELATED
}
