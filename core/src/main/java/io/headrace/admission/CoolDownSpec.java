package io.headrace.admission;

import io.headrace.Require;
import java.time.Duration;

/**
 * How a gate waits after refusals. Immutable: each setter gives a copy.
 *
 * @param firstWait the wait after the first refusal where the server names none, positive
 * @param longestWait the longest that it doubles to, a year at the most
 * @param closesWhenOverloaded whether an overloaded server that says when to come back closes the gate too
 * @param refusedFor a quota that refused everything for so long is at a standstill, positive
 * @param longestHint a server that asks for a longer wait puts the quota at a standstill at once, positive
 */
public record CoolDownSpec(
        Duration firstWait,
        Duration longestWait,
        boolean closesWhenOverloaded,
        Duration refusedFor,
        Duration longestHint) {

    private static final CoolDownSpec STANDARD = new CoolDownSpec(
            Duration.ofSeconds(1), Duration.ofSeconds(5), false, Duration.ofMinutes(10), Duration.ofMinutes(10));

    /**
     * @throws IllegalArgumentException for a time out of its range
     */
    public CoolDownSpec {
        Require.positive(firstWait, "first");
        if (longestWait.compareTo(firstWait) < 0) {
            throw new IllegalArgumentException("longest " + longestWait + " is shorter than first " + firstWait);
        }
        if (longestWait.compareTo(CoolDown.FOREVER) > 0) {
            throw new IllegalArgumentException("longest must be at most 365 days, not " + longestWait);
        }
        Require.positive(refusedFor, "refusedFor");
        Require.positive(longestHint, "longestHint");
    }

    /** Own waits of 1, 2, 4 and then 5 s; a standstill after 10 minutes of refusals or at a hint above 10 minutes. */
    public static CoolDownSpec standard() {
        return STANDARD;
    }

    /**
     * The waits where the server names none: {@code first}, doubled for each burst that follows without an answer in between,
     * up to {@code longest}, which is a year at the most.
     */
    public CoolDownSpec ownWaits(Duration first, Duration longest) {
        return new CoolDownSpec(first, longest, closesWhenOverloaded, refusedFor, longestHint);
    }

    /** See {@link #closesWhenOverloaded()}; default false. */
    public CoolDownSpec closesWhenOverloaded(boolean closesWhenOverloaded) {
        return new CoolDownSpec(firstWait, longestWait, closesWhenOverloaded, refusedFor, longestHint);
    }

    /** See {@link #refusedFor()}; default 10 minutes. */
    public CoolDownSpec refusedFor(Duration refusedFor) {
        return new CoolDownSpec(firstWait, longestWait, closesWhenOverloaded, refusedFor, longestHint);
    }

    /** See {@link #longestHint()}; default 10 minutes. */
    public CoolDownSpec longestHint(Duration longestHint) {
        return new CoolDownSpec(firstWait, longestWait, closesWhenOverloaded, refusedFor, longestHint);
    }
}
