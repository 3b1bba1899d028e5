package io.headrace.admission;

import io.headrace.Require;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Where {@link AdaptiveLimits} start and how they move. The standard needs no setting: what is here is for tests and for
 * servers that one knows. Immutable: each setter returns a changed copy, so one spec serves as the template of many keys.
 */
public final class AdaptiveSpec {

    private static final AdaptiveSpec STANDARD = new AdaptiveSpec(16, 10, false, 1, Duration.ofHours(1));

    private static final double FORGOTTEN = 1 / 32.0;

    private final double initialConcurrency;
    private final double initialRate;
    private final boolean overrides;
    private final double serverErrorFactor;
    private final Duration halfLife;

    private AdaptiveSpec(
            double initialConcurrency,
            double initialRate,
            boolean overrides,
            double serverErrorFactor,
            Duration halfLife) {
        this.initialConcurrency = initialConcurrency;
        this.initialRate = initialRate;
        this.overrides = overrides;
        this.serverErrorFactor = serverErrorFactor;
        this.halfLife = halfLife;
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
        return startingAt(concurrency, requestsPerSecond, true);
    }

    /** Where to start when nothing was learned by an earlier process; otherwise as {@link #initial}. */
    public AdaptiveSpec unlearned(double concurrency, double requestsPerSecond) {
        return startingAt(concurrency, requestsPerSecond, false);
    }

    private AdaptiveSpec startingAt(double concurrency, double requestsPerSecond, boolean overrides) {
        if (!(concurrency >= 1) || !(requestsPerSecond > 0)) {
            throw new IllegalArgumentException(
                    "initial limits too small: " + concurrency + " at once, " + requestsPerSecond + " a second");
        }
        return new AdaptiveSpec(concurrency, requestsPerSecond, overrides, serverErrorFactor, halfLife);
    }

    /**
     * What a transient error of the server does to the concurrency, at most once a second: 1, the default, only stops its
     * growth for that second, 0.9 takes a tenth of it.
     *
     * @param serverErrorFactor above 0, at most 1
     */
    public AdaptiveSpec serverErrorFactor(double serverErrorFactor) {
        Require.share(serverErrorFactor, "serverErrorFactor");
        return new AdaptiveSpec(initialConcurrency, initialRate, overrides, serverErrorFactor, halfLife);
    }

    /** After this time half of what an earlier process learned is where this one starts; default an hour. */
    public AdaptiveSpec halfLife(Duration halfLife) {
        Objects.requireNonNull(halfLife, "halfLife");
        Require.positive(halfLife, "halfLife");
        return new AdaptiveSpec(initialConcurrency, initialRate, overrides, serverErrorFactor, halfLife);
    }

    double initialConcurrency() {
        return initialConcurrency;
    }

    double initialRate() {
        return initialRate;
    }

    /** The share of what was learned that a process starts with; 0 for what is too old. */
    double trust(Duration age) {
        double trust =
                Math.pow(0.5, (double) TimeUnit.NANOSECONDS.convert(age) / TimeUnit.NANOSECONDS.convert(halfLife));
        return overrides || trust < FORGOTTEN ? 0 : trust;
    }

    double serverErrorFactor() {
        return serverErrorFactor;
    }
}
