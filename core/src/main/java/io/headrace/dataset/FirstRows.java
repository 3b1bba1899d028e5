package io.headrace.dataset;

import io.headrace.ErrorText;
import io.headrace.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The first rows of a source, about a hundred of them, by which it is judged before anything is paid.
 *
 * @param values the values of those that could be read
 * @param problem what is wrong with the first that could not; null if all could
 */
record FirstRows<T>(
        String name, List<T> values, int count, @Nullable String problem) {

    private static final int ROWS = 100;

    /** Opens a source. */
    interface Opening<T> {
        BatchReader<T> open() throws IOException;
    }

    /**
     * Reads them.
     *
     * @throws IllegalArgumentException if the source cannot be opened or read
     */
    static <T> FirstRows<T> of(String name, Opening<T> opening) {
        List<T> values = new ArrayList<>();
        String problem = null;
        int count = 0;
        try (BatchReader<T> reader = opening.open()) {
            List<Outcome<T>> batch = reader.next();
            while (!batch.isEmpty()) {
                count += batch.size();
                for (Outcome<T> outcome : batch) {
                    if (outcome instanceof Outcome.Ok<T> ok) {
                        values.add(ok.value());
                    } else if (problem == null && outcome instanceof Outcome.Failed<T> failed) {
                        problem = failed.message();
                    }
                }
                batch = count < ROWS ? reader.next() : List.of();
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(ErrorText.message(e), e);
        }
        return new FirstRows<>(name, values, count, problem);
    }

    /**
     * Checks that some row can be used and that each of {@code fields} occurs. An empty source passes.
     *
     * @throws IllegalArgumentException naming the first row's problem or the fields that there are
     */
    void check(Set<String> fields) {
        check(fields, "");
    }

    /** The same; {@code advice} ends the message about a field that is missing. */
    void check(Set<String> fields, String advice) {
        if (values.isEmpty() && count > 0) {
            String which = count == 1
                    ? "the first row of " + name + " cannot"
                    : "none of the first " + count + " rows of " + name + " can";
            throw new IllegalArgumentException(which + " be used; " + problem);
        }
        Set<String> seen = fields();
        for (String field : fields) {
            if (!values.isEmpty() && !seen.contains(field)) {
                throw new IllegalArgumentException(name + " has no field '" + field + "'; its first rows have: "
                        + String.join(", ", seen) + advice);
            }
        }
    }

    /**
     * @throws IllegalArgumentException if there is no row
     */
    void requireAny() {
        if (count == 0) {
            throw new IllegalArgumentException(name + " has no rows");
        }
    }

    /** The names of the fields, in the order they appear, where the values are maps. */
    Set<String> fields() {
        Set<String> names = new LinkedHashSet<>();
        for (T value : values) {
            if (value instanceof Map<?, ?> map) {
                map.keySet().forEach(name -> names.add(String.valueOf(name)));
            }
        }
        return names;
    }
}
