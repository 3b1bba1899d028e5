package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.headrace.testkit.SimulatedQuota.Rate;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One key's quota, for one model or for all, and what is left of it. All or nothing. Not thread-safe. */
final class KeyLimits {

    /**
     * What an answer tells of a limit.
     *
     * @param limit per minute
     * @param remaining whole units that are there
     * @param untilFull the time until the bucket is full
     */
    record State(long limit, long remaining, Duration untilFull) {}

    private final Map<Dimension, Bucket> buckets = new EnumMap<>(Dimension.class);
    private SimulatedQuota quota;
    private int inFlight;

    KeyLimits(SimulatedQuota quota, long nowMicros) {
        this.quota = quota;
        change(quota, nowMicros);
    }

    /** Another quota from now on: limits that are new are full, others keep what they have. */
    void change(SimulatedQuota quota, long nowMicros) {
        refill(nowMicros);
        this.quota = quota;
        buckets.keySet().retainAll(quota.rates().keySet());
        quota.rates().forEach((dimension, rate) -> change(dimension, rate, nowMicros));
    }

    private void change(Dimension dimension, Rate rate, long nowMicros) {
        Bucket bucket = buckets.get(dimension);
        if (bucket == null) {
            buckets.put(dimension, new Bucket(rate, nowMicros));
        } else {
            bucket.change(rate);
        }
    }

    void refill(long nowMicros) {
        buckets.values().forEach(bucket -> bucket.refill(nowMicros));
    }

    OutputCharge charge(OutputCharge usual) {
        return quota.outputCharge() == null ? usual : quota.outputCharge();
    }

    /** Takes what the request needs and lets it in, or says why not. */
    @Nullable
    OverLimit take(Demand demand, OutputCharge charge) {
        OverLimit over = over(demand, charge);
        if (over == null) {
            buckets.forEach((dimension, bucket) -> bucket.take(demand.taken(dimension, charge)));
            inFlight++;
            return null;
        }
        Bucket requests = buckets.get(Dimension.REQUESTS);
        if (quota.countsRefused() && requests != null) {
            requests.take(Math.min(1, requests.remaining()));
        }
        return over;
    }

    /** The limit that keeps the request waiting longest. */
    private @Nullable OverLimit over(Demand demand, OutputCharge charge) {
        OverLimit over = null;
        long longest = 0;
        for (Map.Entry<Dimension, Bucket> entry : buckets.entrySet()) {
            Bucket bucket = entry.getValue();
            long needed = demand.needs(entry.getKey(), charge);
            if (needed > bucket.rate().burst()) {
                return OverLimit.tooLarge(entry.getKey(), bucket.rate().burst(), needed);
            }
            long wait = needed == 0 ? 0 : bucket.microsUntil(needed); // whoever needs nothing is not kept by a debt
            if (wait > longest) {
                longest = wait;
                over = OverLimit.rate(entry.getKey(), bucket, needed, delay(wait));
            }
        }
        boolean isFull = quota.maxConcurrent() > 0 && inFlight >= quota.maxConcurrent();
        return over == null && isFull ? OverLimit.concurrency(quota.maxConcurrent(), inFlight) : over;
    }

    private Duration delay(long micros) {
        Duration delay = Duration.of(micros, ChronoUnit.MICROS);
        return delay.compareTo(quota.minRetryAfter()) < 0 ? quota.minRetryAfter() : delay;
    }

    /** What an answer took beside what was taken before; negative for what comes back. */
    void correct(long outputTokens) {
        for (Dimension dimension : new Dimension[] {Dimension.TOKENS, Dimension.OUTPUT_TOKENS}) {
            Bucket bucket = buckets.get(dimension);
            if (bucket != null) {
                bucket.take(outputTokens);
            }
        }
    }

    void leave() {
        inFlight--;
    }

    Map<Dimension, State> state() {
        Map<Dimension, State> state = new EnumMap<>(Dimension.class);
        buckets.forEach((dimension, bucket) -> state.put(
                dimension,
                new State(
                        bucket.rate().perMinute(),
                        bucket.remaining(),
                        Duration.of(bucket.microsUntilFull(), ChronoUnit.MICROS))));
        return state;
    }

    /** What the limit has offered so far, infinity for no limit. */
    double offered(Dimension dimension) {
        Bucket bucket = buckets.get(dimension);
        return bucket == null ? Double.POSITIVE_INFINITY : bucket.added();
    }
}
