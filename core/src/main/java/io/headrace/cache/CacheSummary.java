package io.headrace.cache;

import java.time.Instant;
import java.util.Collections;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is in a cache, from reading all of it.
 *
 * @param statistics what the store says of itself
 * @param answers answers that were read
 * @param damaged records that cannot be read
 * @param oldest when the oldest was stored; null if there is none
 * @param newest when the newest was stored; null if there is none
 * @param models by the model that answered; names beyond the first thousand are counted together under {@code ...}
 * @param namespaces by the part of the namespace before the first slash, in the same way
 */
public record CacheSummary(
        CacheStatistics statistics,
        AnswerTotal answers,
        long damaged,
        @Nullable Instant oldest,
        @Nullable Instant newest,
        SortedMap<String, AnswerTotal> models,
        SortedMap<String, AnswerTotal> namespaces) {

    public CacheSummary {
        Objects.requireNonNull(statistics, "statistics");
        Objects.requireNonNull(answers, "answers");
        models = Collections.unmodifiableSortedMap(new TreeMap<>(models));
        namespaces = Collections.unmodifiableSortedMap(new TreeMap<>(namespaces));
    }
}
