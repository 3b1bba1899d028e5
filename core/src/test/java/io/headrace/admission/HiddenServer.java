package io.headrace.admission;

import java.util.PriorityQueue;
import java.util.Random;

/**
 * A server with one limit that it tells nobody: a token bucket on requests or on tokens, a number of calls at once that it
 * refuses beyond, or one that it queues beyond. Times are in seconds.
 */
final class HiddenServer {

    /** How a refusal says when to come back. */
    enum Hint {
        EXACT,
        WHOLE_SECONDS,
        NONE
    }

    /** What becomes of a request: refused with a hint, or answered at a time. */
    record Verdict(boolean refused, double at, double hint) {}

    enum Kind {
        REQUESTS,
        TOKENS,
        CONCURRENCY,
        QUEUE,
        NONE
    }

    private final Kind kind;
    private final Hint hint;
    private final double latency;
    private final Random random;
    private double rate;
    private double burst;
    private int slots;
    private boolean storm;
    private double strayShare;
    private double strayHint = -1;

    private double level;
    private double filled;
    private int busy;
    /** When each slot of a queueing server is free again. */
    private final PriorityQueue<Double> turns = new PriorityQueue<>();

    private double accepted;

    private HiddenServer(Kind kind, double rate, double burst, int slots, double latency, Hint hint, long seed) {
        this.kind = kind;
        this.rate = rate;
        this.burst = burst;
        this.slots = slots;
        this.latency = latency;
        this.hint = hint;
        this.level = burst;
        this.random = new Random(seed);
    }

    static HiddenServer requests(double perMinute, double burst, double latency, Hint hint, long seed) {
        return new HiddenServer(Kind.REQUESTS, perMinute / 60, burst, 0, latency, hint, seed);
    }

    static HiddenServer tokens(double perMinute, double burst, double latency, Hint hint, long seed) {
        return new HiddenServer(Kind.TOKENS, perMinute / 60, burst, 0, latency, hint, seed);
    }

    static HiddenServer concurrency(int slots, double latency, Hint hint, long seed) {
        return new HiddenServer(Kind.CONCURRENCY, 0, 0, slots, latency, hint, seed);
    }

    static HiddenServer queueing(int slots, double latency, long seed) {
        return new HiddenServer(Kind.QUEUE, 0, 0, slots, latency, Hint.NONE, seed);
    }

    static HiddenServer unlimited(double latency, long seed) {
        return new HiddenServer(Kind.NONE, 0, 0, 0, latency, Hint.NONE, seed);
    }

    /** Changes the limit from the next request on. */
    void scale(double factor) {
        rate *= factor;
        slots = (int) (slots * factor);
    }

    /** Whether it refuses everything, with a hint of a second or none. */
    void storm(boolean on) {
        storm = on;
    }

    /** Refuses this share of requests whatever their rate, with a hint in seconds, or without one below 0. */
    void strays(double share, double hint) {
        strayShare = share;
        strayHint = hint;
    }

    /** Time on the wire to the server. */
    double wire() {
        return Math.min(latency / 8, 0.005) * (0.5 + random.nextDouble());
    }

    /** How long a refusal takes to come back. */
    double refusalTime() {
        return Math.min(latency / 2, 0.05) * (0.5 + random.nextDouble());
    }

    /** Judges a request that arrives; a queued one is answered when its turn came. */
    Verdict arrive(double tokens, double now) {
        if (storm) {
            return new Verdict(true, now + refusalTime(), hinted(1));
        }
        if (strayShare > 0 && random.nextDouble() < strayShare) {
            return new Verdict(true, now + refusalTime(), strayHint);
        }
        double start = now;
        double served = latency * Math.exp(0.3 * random.nextGaussian() - 0.045);
        switch (kind) {
            case REQUESTS, TOKENS -> {
                double amount = kind == Kind.REQUESTS ? 1 : tokens;
                refill(now);
                if (level < amount) {
                    return new Verdict(true, now + refusalTime(), hinted((amount - level) / rate));
                }
                level -= amount;
                accepted += amount;
            }
            case CONCURRENCY -> {
                if (busy >= slots) {
                    return new Verdict(true, now + refusalTime(), hinted(1));
                }
                accepted++;
            }
            case QUEUE -> {
                accepted++;
                while (turns.size() >= slots) {
                    start = Math.max(start, turns.remove());
                }
                turns.add(start + served);
            }
            case NONE -> accepted++;
        }
        busy++;
        return new Verdict(false, start + served, 0);
    }

    void done() {
        busy--;
    }

    double accepted() {
        return accepted;
    }

    private double hinted(double wait) {
        return switch (hint) {
            case EXACT -> wait;
            case WHOLE_SECONDS -> Math.ceil(wait);
            case NONE -> -1;
        };
    }

    private void refill(double now) {
        level = Math.min(burst, level + (now - filled) * rate);
        filled = now;
    }
}
