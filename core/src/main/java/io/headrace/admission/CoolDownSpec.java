package io.headrace.admission;

import io.headrace.Require;
import java.time.Duration;

/**
 * How a {@link CoolDown} waits. Immutable: each setter returns a changed copy, so one spec serves as the template of many keys.
 */
public final class CoolDownSpec {

    private static final CoolDownSpec STANDARD = new CoolDownSpec(
            Duration.ofSeconds(1), Duration.ofSeconds(5), false, Duration.ofMinutes(10), Duration.ofMinutes(10));

    private final Duration firstWait;
    private final Duration longestWait;
    private final boolean closesWhenOverloaded;
    private final Duration refusedFor;
    private final Duration longestHint;

    private CoolDownSpec(
            Duration firstWait,
            Duration longestWait,
            boolean closesWhenOverloaded,
            Duration refusedFor,
            Duration longestHint) {
        this.firstWait = firstWait;
        this.longestWait = longestWait;
        this.closesWhenOverloaded = closesWhenOverloaded;
        this.refusedFor = refusedFor;
        this.longestHint = longestHint;
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
        Require.positive(first, "first");
        if (longest.compareTo(first) < 0) {
            throw new IllegalArgumentException("longest " + longest + " is shorter than first " + first);
        }
        if (longest.compareTo(CoolDown.FOREVER) > 0) {
            throw new IllegalArgumentException("longest must be at most 365 days, not " + longest);
        }
        return new CoolDownSpec(first, longest, closesWhenOverloaded, refusedFor, longestHint);
    }

    /** Whether an overloaded server that says when to come back closes the gate too; default false. */
    public CoolDownSpec closesWhenOverloaded(boolean closesWhenOverloaded) {
        return new CoolDownSpec(firstWait, longestWait, closesWhenOverloaded, refusedFor, longestHint);
    }

    /** A quota that refused everything for so long is at a standstill; default 10 minutes. */
    public CoolDownSpec refusedFor(Duration refusedFor) {
        Require.positive(refusedFor, "refusedFor");
        return new CoolDownSpec(firstWait, longestWait, closesWhenOverloaded, refusedFor, longestHint);
    }

    /** A server that asks for a longer wait puts the quota at a standstill at once; default 10 minutes. */
    public CoolDownSpec longestHint(Duration longestHint) {
        Require.positive(longestHint, "longestHint");
        return new CoolDownSpec(firstWait, longestWait, closesWhenOverloaded, refusedFor, longestHint);
    }

    Duration firstWait() {
        return firstWait;
    }

    Duration longestWait() {
        return longestWait;
    }

    boolean closesWhenOverloaded() {
        return closesWhenOverloaded;
    }

    Duration refusedFor() {
        return refusedFor;
    }

    Duration longestHint() {
        return longestHint;
    }
}
