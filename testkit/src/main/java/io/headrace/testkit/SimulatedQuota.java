package io.headrace.testkit;

import io.headrace.Require;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a simulated provider allows one API key. Every rate is a token bucket that is full at the start, holds at most its burst and
 * refills evenly. A request is let in only if all limits have room for it; otherwise it is refused with 429 and takes nothing.
 * One that asks for more than a burst is refused for ever, without a delay. Immutable; each setter gives a copy.
 *
 * @param rates what is limited; a dimension that is missing is not
 * @param maxConcurrent requests at once, 0 for no limit; the refusal names no delay, since nobody knows it
 * @param outputCharge when output is charged, null for as the asked provider does
 * @param minRetryAfter the least delay that a refusal for a rate names; zero for just the time until the request fits
 * @param countsRefused whether a refused request takes one from the requests, as far as any are left
 */
public record SimulatedQuota(
        Map<Dimension, Rate> rates,
        int maxConcurrent,
        @Nullable OutputCharge outputCharge,
        Duration minRetryAfter,
        boolean countsRefused) {

    /** What is counted. */
    public enum Dimension {
        REQUESTS,
        /** Input and output together. */
        TOKENS,
        /** Of the prompt, without what the prompt cache gave. */
        INPUT_TOKENS,
        OUTPUT_TOKENS
    }

    /**
     * How fast a bucket refills and what it holds.
     *
     * @param perMinute 1 to 100,000,000,000
     * @param burst the most that can be taken at once, in the same range
     */
    public record Rate(long perMinute, long burst) {

        private static final long MOST = 100_000_000_000L;

        public Rate {
            check("perMinute", perMinute);
            check("burst", burst);
        }

        /** A rate of which a whole minute may come at once. */
        public static Rate perMinute(long perMinute) {
            return new Rate(perMinute, perMinute);
        }

        private Rate times(double factor) {
            return new Rate(Math.max(1, Math.round(perMinute * factor)), Math.max(1, Math.round(burst * factor)));
        }

        private static void check(String name, long value) {
            if (value < 1 || value > MOST) {
                throw new IllegalArgumentException(name + " must be 1 to " + MOST + ", is " + value);
            }
        }
    }

    /** When the tokens of an answer are taken. */
    public enum OutputCharge {
        /**
         * The request's own limit is taken when it is let in, and nothing comes back: what OpenAI does. A request without such a
         * limit is charged for its prompt only.
         */
        RESERVED,
        /** As {@link #RESERVED}, but an answer gives back what it did not use: what Anthropic does. */
        CORRECTED,
        /** The tokens of an answer are taken when it begins; a request is let in while any are left. */
        PRODUCED
    }

    private static final SimulatedQuota UNLIMITED = new SimulatedQuota(Map.of(), 0, null, Duration.ZERO, false);

    public SimulatedQuota {
        Map<Dimension, Rate> copy = new EnumMap<>(Dimension.class);
        copy.putAll(rates);
        rates = Collections.unmodifiableMap(copy);
        Require.atLeast(0, maxConcurrent, "maxConcurrent");
        Objects.requireNonNull(minRetryAfter, "minRetryAfter");
        Require.notNegative(minRetryAfter, "minRetryAfter");
    }

    /** No limit at all, the start of every quota. */
    public static SimulatedQuota unlimited() {
        return UNLIMITED;
    }

    /** So many requests a minute, all of which may come at once. */
    public SimulatedQuota requestsPerMinute(long perMinute) {
        return limit(Dimension.REQUESTS, Rate.perMinute(perMinute));
    }

    /** So many tokens a minute, input and output together, all of which may come at once. */
    public SimulatedQuota tokensPerMinute(long perMinute) {
        return limit(Dimension.TOKENS, Rate.perMinute(perMinute));
    }

    /** Limits one dimension, or limits it anew. */
    public SimulatedQuota limit(Dimension dimension, Rate rate) {
        Map<Dimension, Rate> more = new EnumMap<>(Dimension.class);
        more.putAll(rates);
        more.put(dimension, rate);
        return new SimulatedQuota(more, maxConcurrent, outputCharge, minRetryAfter, countsRefused);
    }

    /** See {@link #maxConcurrent()}. */
    public SimulatedQuota maxConcurrent(int maxConcurrent) {
        return new SimulatedQuota(rates, maxConcurrent, outputCharge, minRetryAfter, countsRefused);
    }

    /** See {@link #outputCharge()}. */
    public SimulatedQuota outputCharge(@Nullable OutputCharge outputCharge) {
        return new SimulatedQuota(rates, maxConcurrent, outputCharge, minRetryAfter, countsRefused);
    }

    /** See {@link #minRetryAfter()}. */
    public SimulatedQuota minRetryAfter(Duration minRetryAfter) {
        return new SimulatedQuota(rates, maxConcurrent, outputCharge, minRetryAfter, countsRefused);
    }

    /** See {@link #countsRefused()}. */
    public SimulatedQuota countsRefused(boolean countsRefused) {
        return new SimulatedQuota(rates, maxConcurrent, outputCharge, minRetryAfter, countsRefused);
    }

    /**
     * Rates, bursts and concurrency multiplied and rounded; what is limited stays limited, to 1 at the least.
     *
     * @param factor above 0
     */
    public SimulatedQuota times(double factor) {
        if (!(factor > 0)) {
            throw new IllegalArgumentException("factor must be above 0, is " + factor);
        }
        Map<Dimension, Rate> scaled = new EnumMap<>(Dimension.class);
        rates.forEach((dimension, rate) -> scaled.put(dimension, rate.times(factor)));
        int concurrent = maxConcurrent == 0 ? 0 : (int) Math.max(1, Math.round(maxConcurrent * factor));
        return new SimulatedQuota(scaled, concurrent, outputCharge, minRetryAfter, countsRefused);
    }
}
