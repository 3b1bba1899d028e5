package io.headrace.examples.analysis;

import io.headrace.Item;
import io.headrace.examples.analysis.CorpusSummary.TopicCount;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Counts over a corpus that do not depend on the order of its documents and stay small whatever its size. Categories are
 * few and counted exactly. Topics are not: they are counted exactly up to a number of documents, and beyond it in those of
 * smallest hash, a sample that is the same in every order. Not thread-safe.
 */
final class CorpusCounts {

    private static final int MOST_TOPICS = 20;

    private final int sampleSize;
    private final TreeMap<Rank, Item<Analysis>> sample = new TreeMap<>();
    private final Map<String, Long> categories = new HashMap<>();
    private long documents;

    /**
     * @param sampleSize most documents that are kept to count topics in
     */
    CorpusCounts(int sampleSize) {
        this.sampleSize = sampleSize;
    }

    CorpusCounts add(Item<Analysis> document) {
        documents++;
        categories.merge(document.value().category(), 1L, Long::sum);
        Rank rank = Rank.of(document.id());
        if (sample.size() < sampleSize) {
            sample.put(rank, document);
        } else if (rank.compareTo(sample.lastKey()) < 0) {
            sample.put(rank, document);
            sample.pollLastEntry();
        }
        return this;
    }

    long documents() {
        return documents;
    }

    /** Documents in which {@link #topics} are counted. */
    long topicDocuments() {
        return sample.size();
    }

    /** Documents of each category, the largest first, equal ones by name. */
    Map<String, Long> categories() {
        return largestFirst(categories);
    }

    /** The topics found in most documents, whatever their case, equal ones by name. */
    List<TopicCount> topics() {
        Map<String, Long> counts = new HashMap<>();
        for (Item<Analysis> document : sample.values()) {
            for (String topic : distinct(document.value().topics())) {
                counts.merge(topic, 1L, Long::sum);
            }
        }
        return largestFirst(counts).entrySet().stream()
                .limit(MOST_TOPICS)
                .map(entry -> new TopicCount(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** At most {@code limit} documents, always the same ones of the same corpus. */
    List<Item<Analysis>> sample(int limit) {
        return sample.values().stream().limit(limit).toList();
    }

    private static Collection<String> distinct(List<String> topics) {
        Collection<String> distinct = new TreeSet<>();
        topics.forEach(topic -> distinct.add(topic.toLowerCase(Locale.ROOT)));
        return distinct;
    }

    private static Map<String, Long> largestFirst(Map<String, Long> counts) {
        List<Map.Entry<String, Long>> entries = new ArrayList<>(counts.entrySet());
        entries.sort(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()));
        Map<String, Long> ordered = new LinkedHashMap<>();
        entries.forEach(entry -> ordered.put(entry.getKey(), entry.getValue()));
        return ordered;
    }

    /** A document's place in a shuffle that its id alone decides. */
    private record Rank(long hash, String id) implements Comparable<Rank> {

        private static final Comparator<Rank> ORDER =
                Comparator.comparingLong(Rank::hash).thenComparing(Rank::id);

        /** FNV-1a, and MurmurHash3's finalizer so that ids which differ little land far apart. */
        static Rank of(String id) {
            long hash = 0xcbf29ce484222325L;
            for (int i = 0; i < id.length(); i++) {
                hash = (hash ^ id.charAt(i)) * 0x100000001b3L;
            }
            hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
            hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
            return new Rank(hash ^ (hash >>> 33), id);
        }

        @Override
        public int compareTo(Rank other) {
            return ORDER.compare(this, other);
        }
    }
}
