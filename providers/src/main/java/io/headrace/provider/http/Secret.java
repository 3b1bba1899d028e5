package io.headrace.provider.http;

import java.util.Objects;

/** A key that must not be seen: it appears in no {@code toString} and can be struck out of texts. Immutable. */
public final class Secret {

    /** No key at all. */
    public static final Secret NONE = new Secret("");

    private final String value;

    private Secret(String value) {
        this.value = value;
    }

    /**
     * @param what what the key is called, for the error message
     * @throws IllegalArgumentException if it is blank or cannot be sent in an HTTP header
     */
    public static Secret of(String what, String value) {
        String trimmed = Objects.requireNonNull(value, what).trim();
        if (trimmed.isEmpty()) {
            throw new IllegalArgumentException(what + " is blank");
        }
        if (!trimmed.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(what + " holds a space or a character outside ASCII; no key does");
        }
        return new Secret(trimmed);
    }

    public boolean isPresent() {
        return !value.isEmpty();
    }

    /** The key itself, for a header. */
    public String reveal() {
        return value;
    }

    /** {@code text} without the key. */
    String strikeFrom(String text) {
        return value.isEmpty() ? text : text.replace(value, "[key]");
    }

    @Override
    public String toString() {
        return value.isEmpty() ? "[no key]" : "[key]";
    }
}
