package io.headrace.admission;

import io.headrace.Require;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Where the limits that a gate finds by use start, and how they move. The standard needs no setting: what is here is for tests and for
 * servers that one knows. Immutable: each setter gives a copy.
 *
 * @param initialConcurrency calls at once at the start, at least 1
 * @param initialRate requests a second at the start, more than 0
 * @param overrides whether to start so also where an earlier process learned something
 * @param serverErrorFactor what a transient error of the server leaves of the concurrency, above 0, at most 1
 * @param halfLife after this time half of what an earlier process learned is where this one starts, positive
 */
public record AdaptiveSpec(
        double initialConcurrency, double initialRate, boolean overrides, double serverErrorFactor, Duration halfLife) {

    private static final AdaptiveSpec STANDARD = new AdaptiveSpec(16, 10, false, 1, Duration.ofHours(1));

    private static final double FORGOTTEN = 1 / 32.0;

    /**
     * @throws IllegalArgumentException for a number out of its range
     */
    public AdaptiveSpec {
        if (!(initialConcurrency >= 1) || !(initialRate > 0)) {
            throw new IllegalArgumentException(
                    "initial limits too small: " + initialConcurrency + " at once, " + initialRate + " a second");
        }
        Require.share(serverErrorFactor, "serverErrorFactor");
        Require.positive(halfLife, "halfLife");
    }

    /** Starts where an earlier process ended, else with 16 calls at once and 10 a second, which double with each round trip. */
    public static AdaptiveSpec standard() {
        return STANDARD;
    }

    /**
     * Where to start; overrides what an earlier process learned.
     *
     * @param concurrency calls at once, at least 1; default 16
     * @param requestsPerSecond greater than 0; default 10
     */
    public AdaptiveSpec initial(double concurrency, double requestsPerSecond) {
        return new AdaptiveSpec(concurrency, requestsPerSecond, true, serverErrorFactor, halfLife);
    }

    /** Where to start when nothing was learned by an earlier process; otherwise as {@link #initial}. */
    public AdaptiveSpec unlearned(double concurrency, double requestsPerSecond) {
        return new AdaptiveSpec(concurrency, requestsPerSecond, false, serverErrorFactor, halfLife);
    }

    /**
     * What a transient error of the server does to the concurrency, at most once a second: 1, the default, only stops its
     * growth for that second, 0.9 takes a tenth of it.
     *
     * @param serverErrorFactor above 0, at most 1
     */
    public AdaptiveSpec serverErrorFactor(double serverErrorFactor) {
        return new AdaptiveSpec(initialConcurrency, initialRate, overrides, serverErrorFactor, halfLife);
    }

    /** After this time half of what an earlier process learned is where this one starts; default an hour. */
    public AdaptiveSpec halfLife(Duration halfLife) {
        return new AdaptiveSpec(initialConcurrency, initialRate, overrides, serverErrorFactor, halfLife);
    }

    /** The share of what was learned that a process starts with; 0 for what is too old. */
    double trust(Duration age) {
        double trust =
                Math.pow(0.5, (double) TimeUnit.NANOSECONDS.convert(age) / TimeUnit.NANOSECONDS.convert(halfLife));
        return overrides || trust < FORGOTTEN ? 0 : trust;
    }
}
