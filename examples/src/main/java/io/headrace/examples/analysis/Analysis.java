package io.headrace.examples.analysis;

import java.util.List;
import java.util.Objects;

/**
 * What is known of a document after both stages.
 *
 * @param topics its main topics, the most important first
 * @param category one of the categories that were asked for
 * @param confidence how sure the model says it is, 0 to 1
 */
public record Analysis(List<String> topics, String category, double confidence) {

    public Analysis {
        topics = List.copyOf(topics);
        Objects.requireNonNull(category, "category");
    }
}
