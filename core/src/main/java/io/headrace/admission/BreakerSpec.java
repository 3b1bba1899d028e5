package io.headrace.admission;

import io.headrace.Require;
import java.time.Duration;
import java.util.Objects;

/**
 * When a {@link Breaker} opens and closes. Immutable; each setter gives a copy.
 *
 * @param failureShare opens when this share of the last calls failed, above 0 to 1; it closes when fewer of the probes do
 * @param window how many of the last calls are looked at, from 1 to 100,000
 * @param minCalls fewer calls than this prove nothing, from 1 to {@code window}
 * @param openFor how long it admits nobody before it lets probes through, in milliseconds, at least one, at most 10,000 days
 * @param probes how many calls it lets through then, from 1 to 100,000; it closes or opens when all have ended, or {@code minCalls} of them
 * @param giveUpAfter an endpoint that has answered nothing for so long after it opened is at a standstill, positive
 * @param firstAnswerWithin the same, while no call was ever answered: nothing may be there, positive
 */
public record BreakerSpec(
        double failureShare,
        int window,
        int minCalls,
        Duration openFor,
        int probes,
        Duration giveUpAfter,
        Duration firstAnswerWithin) {

    private static final int MOST_CALLS = 100_000;

    private static final Duration LONGEST_OPEN = Duration.ofDays(10_000);

    private static final BreakerSpec STANDARD =
            new BreakerSpec(0.5, 100, 20, Duration.ofSeconds(10), 3, Duration.ofMinutes(10), Duration.ofSeconds(30));

    /**
     * @throws IllegalArgumentException for a number out of its range
     */
    public BreakerSpec {
        Objects.requireNonNull(openFor, "openFor");
        Require.share(failureShare, "failureShare");
        check(window >= 1 && window <= MOST_CALLS, "window must be 1 to " + MOST_CALLS + ", not ", window);
        check(minCalls >= 1 && minCalls <= window, "minCalls must be 1 to window, not ", minCalls);
        check(
                openFor.compareTo(Duration.ofMillis(1)) >= 0 && openFor.compareTo(LONGEST_OPEN) <= 0,
                "openFor must be from a millisecond to 10,000 days, not ",
                openFor);
        check(probes >= 1 && probes <= MOST_CALLS, "probes must be 1 to " + MOST_CALLS + ", not ", probes);
        Require.positive(giveUpAfter, "giveUpAfter");
        Require.positive(firstAnswerWithin, "firstAnswerWithin");
    }

    /**
     * Opens for 10 s when half of the last 100 calls failed, of 20 at the least; then 3 probes. A standstill after 10 minutes
     * without an answer, or 30 s without the first one.
     */
    public static BreakerSpec standard() {
        return STANDARD;
    }

    /** See {@link #failureShare()}. */
    public BreakerSpec failureShare(double failureShare) {
        return new BreakerSpec(failureShare, window, minCalls, openFor, probes, giveUpAfter, firstAnswerWithin);
    }

    /** See {@link #window()} and {@link #minCalls()}. */
    public BreakerSpec window(int window, int minCalls) {
        return new BreakerSpec(failureShare, window, minCalls, openFor, probes, giveUpAfter, firstAnswerWithin);
    }

    /** See {@link #openFor()}. */
    public BreakerSpec openFor(Duration openFor) {
        return new BreakerSpec(failureShare, window, minCalls, openFor, probes, giveUpAfter, firstAnswerWithin);
    }

    /** See {@link #probes()}. */
    public BreakerSpec probes(int probes) {
        return new BreakerSpec(failureShare, window, minCalls, openFor, probes, giveUpAfter, firstAnswerWithin);
    }

    /** See {@link #giveUpAfter()}. */
    public BreakerSpec giveUpAfter(Duration giveUpAfter) {
        return new BreakerSpec(failureShare, window, minCalls, openFor, probes, giveUpAfter, firstAnswerWithin);
    }

    /** See {@link #firstAnswerWithin()}. */
    public BreakerSpec firstAnswerWithin(Duration firstAnswerWithin) {
        return new BreakerSpec(failureShare, window, minCalls, openFor, probes, giveUpAfter, firstAnswerWithin);
    }

    private static void check(boolean holds, String what, Object is) {
        if (!holds) {
            throw new IllegalArgumentException(what + is);
        }
    }
}
