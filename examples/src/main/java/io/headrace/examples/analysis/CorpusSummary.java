package io.headrace.examples.analysis;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What is known of all documents together.
 *
 * @param documents documents that were analysed
 * @param categories documents of each category, the largest first
 * @param topics the most frequent topics, at most 20, the most frequent first
 * @param topicDocuments documents in which the topics were counted: all of them, or a sample of a large corpus
 * @param prose the model's words on it; empty where there are no documents
 */
public record CorpusSummary(
        long documents, Map<String, Long> categories, List<TopicCount> topics, long topicDocuments, String prose) {

    /** In how many documents a topic was found. */
    public record TopicCount(String topic, long documents) {}

    public CorpusSummary {
        categories = Collections.unmodifiableMap(new LinkedHashMap<>(categories));
        topics = List.copyOf(topics);
        Objects.requireNonNull(prose, "prose");
    }
}
