package io.headrace.admission;

import java.time.Duration;

/**
 * A token bucket that never grants more than the server's same bucket holds when the requests arrive, however much their
 * journeys differ, up to {@code jitter}.
 *
 * <p>Kept as the moment at which it is full again, the generic cell rate algorithm: taking {@code n} moves the moment by the
 * time in which {@code n} come in, rounded up to a nanosecond. So all is whole numbers, and what is granted in any span of
 * {@code t} is at most what comes in in {@code t} and in {@code burst - jitter}; what arrives in a span of {@code t} left
 * within {@code t + jitter}, and the server holds a burst besides what comes in. What is nearly as large as the burst waits
 * for up to {@code jitter} after the bucket is full, when the server's surely is too. What is larger than the burst goes when
 * the bucket is full and leaves a debt; it is for servers that hold more than was stated.
 */
final class Bucket {

    /** The part of the burst that the jitter may take away at the most: the smaller a burst, the dearer a margin. */
    private static final int MARGIN = 20;

    private static final long LONG_AGO = Long.MIN_VALUE / 2;

    private final long jitter;
    private Rate rate;
    private long burst;
    private long margin;
    private long fullAt = LONG_AGO;
    private long busySince = LONG_AGO;
    private long toldFullAt = LONG_AGO;

    /** A full one. */
    Bucket(Rate rate, Duration jitter) {
        this.jitter = jitter.toNanos();
        this.rate = rate;
        use(rate);
    }

    Rate rate() {
        return rate;
    }

    /** How long until {@code units} can be taken. Who asks for none never waits. */
    long waitNanos(long units, long now) {
        if (units == 0) {
            return 0;
        }
        long early = units > rate.burst() ? 0 : rate.nanos(units) - (burst - margin);
        return Math.max(0, fullAt + early - now);
    }

    void take(long units, long now) {
        if (units > 0) {
            add(rate.nanos(units), now);
        }
    }

    /**
     * What was taken as {@code reserved} turns out to be {@code actual}. More is taken now, less is given back.
     */
    void correct(long reserved, long actual, long now) {
        long change = rate.nanos(actual) - rate.nanos(reserved);
        if (change > 0) {
            add(change, now);
        } else if (change < 0 && fullAt > now) {
            fullAt = Math.max(fullAt + change, now);
        }
    }

    /**
     * Of what was taken as {@code reserved} the server has never counted more than {@code actual}. The rest is given back,
     * unless the bucket has been full since: then the server's missed no room by it.
     *
     * @param taken when it was taken
     * @param refused whether by the server's limits: then no more is given back than the server has said there is
     */
    void giveBack(long reserved, long actual, long taken, boolean refused, long now) {
        if (taken - busySince >= 0 && fullAt > now) {
            long back = rate.nanos(reserved) - rate.nanos(actual);
            long least = refused ? Math.max(now, toldFullAt) : now;
            fullAt = Math.max(fullAt - back, Math.min(fullAt, least));
        }
    }

    /** At the time {@code at} no more than {@code level} was there. */
    void atMost(long level, long at, long now) {
        long full = fullAt(level, at);
        toldFullAt = Math.max(toldFullAt, full);
        if (full > fullAt && full > now) {
            busySince = fullAt <= now ? now : busySince;
            fullAt = full;
        }
    }

    /** At least {@code level} is there, which may be a debt. */
    void atLeast(long level, long now) {
        fullAt = Math.min(fullAt, fullAt(level, now));
    }

    /** Exactly {@code level} is there, which may be a debt. */
    void set(long level, long now) {
        fullAt = fullAt(level, now);
        busySince = LONG_AGO;
    }

    /** What is taken, above the burst for a debt; the margin counts as there. */
    double used(long now) {
        return rate.units(Math.max(0, fullAt - now));
    }

    /** Another rate from now on. What is there stays, as far as the new burst holds it. */
    void change(Rate rate, long now) {
        double level = this.rate.units(burst - margin) - used(now);
        busySince = fullAt <= now ? now : busySince;
        use(rate);
        double missing = rate.units(burst - margin) - level;
        fullAt = missing <= 0 ? now : now + (long) Math.ceil(missing / rate.units(1));
        toldFullAt = LONG_AGO;
    }

    private long fullAt(long level, long at) {
        return at + rate.nanos(Math.max(0, rate.burst() - level)) - margin;
    }

    private void use(Rate rate) {
        this.rate = rate;
        burst = rate.burstNanos();
        margin = Math.min(jitter, burst / MARGIN);
    }

    private void add(long nanos, long now) {
        if (fullAt <= now) {
            busySince = now;
            fullAt = now;
        }
        fullAt += nanos;
    }
}
