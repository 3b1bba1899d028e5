package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Rate;

/**
 * A token bucket in whole numbers, exact to the microsecond. A unit has as many shares as a minute has microseconds, so a rate of one
 * unit a minute adds one share each microsecond. Not thread-safe.
 */
final class Bucket {

    private static final long SHARES = 60_000_000;

    private Rate rate;
    private long shares;
    private long refilledMicros;
    private double added;

    Bucket(Rate rate, long nowMicros) {
        this.rate = rate;
        this.shares = full();
        this.added = rate.burst();
        this.refilledMicros = nowMicros;
    }

    /** Brings it up to {@code nowMicros}, which never goes back. */
    void refill(long nowMicros) {
        long elapsed = nowMicros - refilledMicros;
        refilledMicros = nowMicros;
        added += (double) elapsed * rate.perMinute() / SHARES;
        shares = elapsed >= microsUntilFull() ? full() : shares + elapsed * rate.perMinute();
    }

    /** Another rate from now on; what is there stays, as far as the new burst holds it. */
    void change(Rate rate) {
        this.rate = rate;
        shares = Math.min(shares, full());
    }

    Rate rate() {
        return rate;
    }

    /** Takes units, where more than are there leave a debt; fewer than none give back, as far as the burst holds it. */
    void take(long units) {
        shares = Math.min(full(), shares - units * SHARES);
    }

    /** Whole units that are there. */
    long remaining() {
        return Math.max(0, shares / SHARES);
    }

    /** The time until so many units, at most the burst, are there. */
    long microsUntil(long units) {
        long missing = units * SHARES - shares;
        return missing <= 0 ? 0 : (missing + rate.perMinute() - 1) / rate.perMinute();
    }

    long microsUntilFull() {
        return microsUntil(rate.burst());
    }

    /** All that it ever offered: the first burst, and the rate over the time since, whether or not there was room for it. */
    double added() {
        return added;
    }

    private long full() {
        return rate.burst() * SHARES;
    }
}
