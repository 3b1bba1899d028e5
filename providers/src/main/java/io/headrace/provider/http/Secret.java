package io.headrace.provider.http;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * A key that must not be seen: it appears in no {@code toString} and is struck out of texts, and so are the values that go
 * with it, such as those of further headers. Immutable.
 */
public final class Secret {

    /** No key at all. */
    static final Secret NONE = new Secret("", List.of());

    /** A shorter value is a word, and no key. */
    private static final int SHORTEST_HIDDEN = 8;

    private final String value;
    private final List<String> hidden;

    private Secret(String value, List<String> hidden) {
        this.value = value;
        this.hidden = hidden;
    }

    /**
     * @param what what the key is called, for the error message
     * @throws IllegalArgumentException if it is blank or cannot be sent in an HTTP header
     */
    static Secret of(String what, String value) {
        String trimmed = Objects.requireNonNull(value, what).trim();
        if (trimmed.isEmpty()) {
            throw new IllegalArgumentException(what + " is blank");
        }
        if (!trimmed.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(what + " holds a space or a character outside ASCII; no key does");
        }
        return new Secret(trimmed, List.of(trimmed));
    }

    /** This key, hiding {@code values} too where they are long enough to be keys. */
    Secret hiding(Collection<String> values) {
        List<String> all = new ArrayList<>(hidden);
        values.stream().filter(v -> v.length() >= SHORTEST_HIDDEN).forEach(all::add);
        // of two that overlap, the longer leaves nothing of the other
        all.sort(Comparator.comparingInt(String::length).reversed());
        return new Secret(value, List.copyOf(all));
    }

    boolean isPresent() {
        return !value.isEmpty();
    }

    /** The key itself, for a header. */
    String reveal() {
        return value;
    }

    /** {@code text} without the key. */
    String strikeFrom(String text) {
        String struck = text;
        for (String each : hidden) {
            struck = struck.replace(each, "[key]");
        }
        return struck;
    }

    @Override
    public String toString() {
        return value.isEmpty() ? "[no key]" : "[key]";
    }
}
