package io.headrace.cache;

import java.util.Objects;

/**
 * The size of a store and what it saved.
 *
 * @param entries answers in it; a store that would have to read everything to count may estimate, and is right after {@link
 *     ResponseCache#compact}
 * @param bytes what they take on disk, or by estimate on the heap
 * @param hits what was counted by {@link ResponseCache#countHit} in all processes so far, answers included that are gone since
 */
public record CacheStatistics(long entries, long bytes, CacheHits hits) {

    /**
     * @throws IllegalArgumentException for a negative number
     */
    public CacheStatistics {
        if (entries < 0 || bytes < 0) {
            throw new IllegalArgumentException("negative statistics: " + entries + " entries, " + bytes + " bytes");
        }
        Objects.requireNonNull(hits, "hits");
    }
}
