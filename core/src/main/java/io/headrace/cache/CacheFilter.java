package io.headrace.cache;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which answers of a cache are meant: those to which all of it applies. Immutable; each method gives a narrower copy.
 *
 * <p>Thread-safe.
 */
public final class CacheFilter {

    private static final CacheFilter ALL = new CacheFilter(null, null, null);
    private static final String MODEL = "model";

    private final @Nullable String namespace;
    private final @Nullable String model;
    private final @Nullable Instant storedBefore;

    private CacheFilter(@Nullable String namespace, @Nullable String model, @Nullable Instant storedBefore) {
        this.namespace = namespace;
        this.model = model;
        this.storedBefore = storedBefore;
    }

    /** Every answer. */
    public static CacheFilter all() {
        return ALL;
    }

    /**
     * Only those bought in that namespace, or in one below it: {@code run} means {@code run} and {@code run/7}, and not {@code
     * runner}. A slash at the end changes nothing.
     *
     * @throws IllegalArgumentException for a blank name
     */
    public CacheFilter namespace(String name) {
        String whole = name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
        if (whole.isBlank()) {
            throw new IllegalArgumentException("a namespace needs a name");
        }
        return new CacheFilter(whole, model, storedBefore);
    }

    /**
     * Only those of that model, by the name it was asked for or by the one that answered.
     *
     * @throws IllegalArgumentException for a blank name
     */
    public CacheFilter model(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a model needs a name");
        }
        return new CacheFilter(namespace, name, storedBefore);
    }

    /** Only those stored before that time. */
    public CacheFilter storedBefore(Instant time) {
        return new CacheFilter(namespace, model, Objects.requireNonNull(time, "time"));
    }

    boolean isAll() {
        return namespace == null && model == null && storedBefore == null;
    }

    /** Whether {@code entry} is meant. */
    public boolean matches(CacheEntry entry) {
        return (namespace == null || isIn(entry.namespace(), namespace))
                && (model == null || isOf(entry, model))
                && (storedBefore == null || entry.storedAt().isBefore(storedBefore));
    }

    private static boolean isIn(String namespace, String wanted) {
        return namespace.startsWith(wanted)
                && (namespace.length() == wanted.length() || namespace.charAt(wanted.length()) == '/');
    }

    private static boolean isOf(CacheEntry entry, String model) {
        return entry.model().equals(model) || FieldDigests.has(entry.fields(), MODEL, model);
    }

    /** What is meant, for people. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        if (namespace != null) {
            parts.add("of namespace " + namespace);
        }
        if (model != null) {
            parts.add("of model " + model);
        }
        if (storedBefore != null) {
            parts.add("stored before " + storedBefore);
        }
        return parts.isEmpty() ? "all answers" : "answers " + String.join(", ", parts);
    }
}
