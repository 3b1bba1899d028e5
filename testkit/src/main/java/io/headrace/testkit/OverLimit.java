package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Why a request was refused with 429, in neutral words.
 *
 * @param label for logs and statistics
 * @param dimension that has no room, null for requests at once
 * @param limit the stated one, per minute; for a request that never fits what it would have to fit into
 * @param used of the limit
 * @param requested by the request
 * @param retryAfter until it would fit, null where it never will or nobody knows
 * @param isTooLarge whether it never fits
 */
record OverLimit(
        String label,
        @Nullable Dimension dimension,
        long limit,
        long used,
        long requested,
        @Nullable Duration retryAfter,
        boolean isTooLarge) {

    private static final String OVER_QUOTA = "over-quota";
    private static final String STORM = "storm";

    static OverLimit tooLarge(Dimension dimension, long burst, long requested) {
        return new OverLimit(OVER_QUOTA, dimension, burst, 0, requested, null, true);
    }

    static OverLimit rate(Dimension dimension, Bucket bucket, long requested, Duration retryAfter) {
        long limit = bucket.rate().perMinute();
        return new OverLimit(
                OVER_QUOTA, dimension, limit, Math.max(0, limit - bucket.remaining()), requested, retryAfter, false);
    }

    static OverLimit concurrency(int limit, int inFlight) {
        return new OverLimit(OVER_QUOTA, null, limit, inFlight, 1, null, false);
    }

    /** No quota at all, only a server that refuses. */
    static OverLimit storm(@Nullable Duration retryAfter) {
        return new OverLimit(STORM, Dimension.REQUESTS, 500, 500, 1, retryAfter, false);
    }
}
