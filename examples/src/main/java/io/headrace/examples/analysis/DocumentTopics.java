package io.headrace.examples.analysis;

import java.util.List;
import java.util.Objects;

/**
 * A document between the stages: what the first one found, and the text that the second one needs again.
 *
 * @param text the document
 * @param topics its main topics, the most important first
 */
public record DocumentTopics(String text, List<String> topics) {

    public DocumentTopics {
        Objects.requireNonNull(text, "text");
        topics = List.copyOf(topics);
    }

    /** The topics only: the text may be private. */
    @Override
    public String toString() {
        return "DocumentTopics[" + text.length() + " characters, " + topics + "]";
    }
}
