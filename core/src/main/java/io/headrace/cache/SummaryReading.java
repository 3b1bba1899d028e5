package io.headrace.cache;

import io.headrace.cache.StoredEntry.Answer;
import java.time.Instant;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Adds up a {@link CacheSummary} in one reading of everything. */
final class SummaryReading {

    private static final int MAX_NAMES = 1_000;
    private static final String OTHER_NAMES = "...";

    private AnswerTotal all = AnswerTotal.NONE;
    private long damaged;
    private @Nullable Instant oldest;
    private @Nullable Instant newest;
    private final SortedMap<String, AnswerTotal> models = new TreeMap<>();
    private final SortedMap<String, AnswerTotal> namespaces = new TreeMap<>();

    void add(StoredEntry stored) {
        if (!(stored instanceof Answer answer)) {
            damaged++;
            return;
        }
        CacheEntry entry = answer.entry();
        all = all.plus(entry);
        oldest = oldest == null || entry.storedAt().isBefore(oldest) ? entry.storedAt() : oldest;
        newest = newest == null || entry.storedAt().isAfter(newest) ? entry.storedAt() : newest;
        add(entry.model(), entry, models);
        int slash = entry.namespace().indexOf('/');
        add(slash < 0 ? entry.namespace() : entry.namespace().substring(0, slash), entry, namespaces);
    }

    private static void add(String name, CacheEntry entry, Map<String, AnswerTotal> totals) {
        String known = totals.containsKey(name) || totals.size() < MAX_NAMES ? name : OTHER_NAMES;
        totals.put(known, totals.getOrDefault(known, AnswerTotal.NONE).plus(entry));
    }

    CacheSummary summary(CacheStatistics statistics) {
        return new CacheSummary(statistics, all, damaged, oldest, newest, models, namespaces);
    }
}
