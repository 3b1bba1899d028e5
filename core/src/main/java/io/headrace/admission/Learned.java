package io.headrace.admission;

import org.jspecify.annotations.Nullable;

/**
 * What was learned of a quota: the start of the next process. Immutable; JSON by its components.
 *
 * @param at when it was true, in milliseconds since 1970
 * @param concurrency calls at once; null while no limit was met
 * @param requestsPerSecond likewise
 * @param tokensPerSecond likewise, in tokens as {@link Demand#tokens()} counts them
 */
public record Learned(
        long at,
        @Nullable Double concurrency,
        @Nullable Double requestsPerSecond,
        @Nullable Double tokensPerSecond) {

    /** Nothing. */
    public static final Learned NOTHING = new Learned(0, null, null, null);

    /**
     * @throws IllegalArgumentException for a limit that is not a positive number
     */
    public Learned {
        check("concurrency", concurrency);
        check("requestsPerSecond", requestsPerSecond);
        check("tokensPerSecond", tokensPerSecond);
    }

    private static void check(String name, @Nullable Double limit) {
        if (limit != null && !(limit > 0 && limit < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(name + " must be a positive number, not " + limit);
        }
    }
}
