package io.headrace;

import java.time.Duration;
import java.util.Objects;

/**
 * What something took so far: an item, a step, a run.
 *
 * @param calls calls that were answered or failed, cached ones included
 * @param cached those of them that the cache answered, or an equal call at the same time that another one paid for
 * @param attempts requests sent, retries included
 * @param retried retries scheduled
 * @param elapsed time inside steps
 * @param queued the part of {@code elapsed} spent waiting for a permit or backing off
 * @param usage tokens paid for
 * @param cost money paid
 * @param saved money that the cached answers cost when they were bought
 */
public record Tally(
        long calls,
        long cached,
        long attempts,
        long retried,
        Duration elapsed,
        Duration queued,
        Usage usage,
        Cost cost,
        Cost saved) {

    public static final Tally ZERO =
            new Tally(0, 0, 0, 0, Duration.ZERO, Duration.ZERO, Usage.ZERO, Cost.ZERO, Cost.ZERO);

    public Tally {
        Objects.requireNonNull(elapsed, "elapsed");
        Objects.requireNonNull(queued, "queued");
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(cost, "cost");
        Objects.requireNonNull(saved, "saved");
    }

    @SuppressWarnings("ReferenceEquality") // most sums begin with ZERO itself
    public Tally plus(Tally other) {
        if (this == ZERO) {
            return other;
        }
        return new Tally(
                calls + other.calls,
                cached + other.cached,
                attempts + other.attempts,
                retried + other.retried,
                elapsed.plus(other.elapsed),
                queued.plus(other.queued),
                usage.plus(other.usage),
                cost.plus(other.cost),
                saved.plus(other.saved));
    }
}
