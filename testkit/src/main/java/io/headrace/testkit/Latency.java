package io.headrace.testkit;

import io.headrace.Require;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long the simulated provider works on an answer. Thread-safe; the randomness comes from the seed, the request and its
 * occurrence, so a run can be repeated.
 */
@FunctionalInterface
public interface Latency {

    /** The time for one answer, at least 0. */
    Duration draw(RandomGenerator random);

    /** Answers at once. */
    static Latency none() {
        return random -> Duration.ZERO;
    }

    /** Always the same. */
    static Latency fixed(Duration latency) {
        Require.notNegative(latency, "latency");
        return random -> latency;
    }

    /** Evenly spread from {@code min} to {@code max}. */
    static Latency uniform(Duration min, Duration max) {
        Require.notNegative(min, "min");
        if (max.compareTo(min) < 0) {
            throw new IllegalArgumentException("max " + max + " is below min " + min);
        }
        long spread = max.toNanos() - min.toNanos();
        return random -> min.plusNanos((long) (random.nextDouble() * spread));
    }

    /**
     * Log-normal, the shape of real providers: half of the answers come before {@code median}, few take much longer.
     *
     * @param sigma spread of the logarithm, at least 0; 0.5 puts the 99th percentile at 3.2 times the median
     */
    static Latency logNormal(Duration median, double sigma) {
        Require.notNegative(median, "median");
        if (!(sigma >= 0)) {
            throw new IllegalArgumentException("sigma must be at least 0, is " + sigma);
        }
        return random -> Duration.ofNanos((long) (median.toNanos() * Math.exp(sigma * random.nextGaussian())));
    }

    /**
     * {@code usual} for most answers, {@code slow} for a few.
     *
     * @param share of the slow ones, 0 to 1
     */
    static Latency stragglers(Latency usual, double share, Duration slow) {
        Require.notNegative(slow, "slow");
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share must be 0 to 1, is " + share);
        }
        return random -> random.nextDouble() < share ? slow : usual.draw(random);
    }
}
