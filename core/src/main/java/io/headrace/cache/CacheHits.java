package io.headrace.cache;

import io.headrace.Cost;
import io.headrace.Usage;
import java.util.Objects;

/**
 * Answers that a cache gave in place of calls.
 *
 * @param count how many, at least 0
 * @param usage what they had used when they were bought
 * @param cost what they had cost then
 */
public record CacheHits(long count, Usage usage, Cost cost) {

    public static final CacheHits NONE = new CacheHits(0, Usage.ZERO, Cost.ZERO);

    /**
     * @throws IllegalArgumentException for a negative count
     */
    public CacheHits {
        if (count < 0) {
            throw new IllegalArgumentException("hits count from 0, not " + count);
        }
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(cost, "cost");
    }

    /** These and one of {@code entry}. */
    public CacheHits plus(CacheEntry entry) {
        return new CacheHits(count + 1, usage.plus(entry.usage()), cost.plus(entry.cost()));
    }

    public CacheHits plus(CacheHits other) {
        return new CacheHits(count + other.count, usage.plus(other.usage), cost.plus(other.cost));
    }
}
