package io.headrace.dataset;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which fields of a file hold the text and the id, for {@link Dataset#open(java.nio.file.Path, FieldChoice)}. What is null is
 * chosen by the first rows:
 *
 * <ul>
 *   <li>the text is the first of {@link #TEXT_NAMES} that holds a string in most rows, in capitals or not; else the only
 *       field that does in every row; else the one of these whose strings are at least four times as long as any other's;
 *       else it is an error. A field with one of {@link #ID_NAMES} is never taken for the text;
 *   <li>the id is the first of {@link #ID_NAMES} that holds a string or number in every row, none of them twice; else ids
 *       are made of position and content, and where a field has such a name, a line of the log says why it is not the id.
 * </ul>
 *
 * @param text the field with the text; null to choose
 * @param id the field with the id; null to choose
 */
public record FieldChoice(@Nullable String text, @Nullable String id) {

    /** Both are chosen by the first rows. */
    public static final FieldChoice DETECT = new FieldChoice(null, null);

    /** Names that a text field often has, the best first. */
    public static final List<String> TEXT_NAMES = List.of(
            "text",
            "document",
            "content",
            "body",
            "question",
            "prompt",
            "input",
            "instruction",
            "query",
            "problem",
            "article",
            "passage",
            "context",
            "sentence",
            "review",
            "abstract",
            "description",
            "message");

    /** Names that an id field often has, the best first. */
    public static final List<String> ID_NAMES = List.of(
            "id",
            "_id",
            "uid",
            "uuid",
            "key",
            "task_id",
            "doc_id",
            "document_id",
            "item_id",
            "row_id",
            "example_id",
            "question_id",
            "qid");

    private static final Logger LOG = LoggerFactory.getLogger(FieldChoice.class);
    private static final int CLEARLY_LONGER = 4;

    /**
     * This choice with the text filled in, and the id if there is one.
     *
     * @throws IllegalArgumentException if a field does not exist or no text field is clear, listing the fields
     */
    FieldChoice in(FirstRows<Map<String, Object>> first) {
        first.check(Set.of());
        first.requireAny();
        String chosenId = id != null ? existing(first, id) : detectId(first);
        String chosenText = text != null ? existing(first, text) : detectText(first, chosenId);
        return new FieldChoice(chosenText, chosenId);
    }

    private static String existing(FirstRows<Map<String, Object>> first, String field) {
        first.check(Set.of(field));
        return field;
    }

    private static @Nullable String detectId(FirstRows<Map<String, Object>> first) {
        String noIds = null;
        for (String name : ID_NAMES) {
            for (String field : first.fields()) {
                if (field.toLowerCase(Locale.ROOT).equals(name)) {
                    String problem = problemAsId(first.values(), field);
                    if (problem == null) {
                        return field;
                    }
                    noIds = noIds == null ? "'" + field + "' " + problem : noIds;
                }
            }
        }
        if (noIds != null) {
            LOG.warn(
                    "{}: the field {} of its first rows, so ids are made of position and content; name the id field to have"
                            + " it all the same",
                    first.name(),
                    noIds);
        }
        return null;
    }

    private static String detectText(FirstRows<Map<String, Object>> first, @Nullable String idField) {
        List<String> fields =
                first.fields().stream().filter(field -> !field.equals(idField)).toList();
        for (String name : TEXT_NAMES) {
            for (String field : fields) {
                if (field.toLowerCase(Locale.ROOT).equals(name)
                        && strings(first.values(), field) * 2 > first.values().size()) {
                    return field;
                }
            }
        }
        List<String> longestFirst = fields.stream()
                .filter(field -> !ID_NAMES.contains(field.toLowerCase(Locale.ROOT)))
                .filter(field ->
                        strings(first.values(), field) == first.values().size() && length(first.values(), field) > 0)
                .sorted(Comparator.comparingLong((String field) -> length(first.values(), field))
                        .reversed())
                .toList();
        if (!longestFirst.isEmpty() && isClear(first.values(), longestFirst)) {
            return longestFirst.get(0);
        }
        throw new IllegalArgumentException("cannot tell which field of " + first.name()
                + " holds the text; name the text field, one of: " + String.join(", ", first.fields()));
    }

    private static boolean isClear(Collection<Map<String, Object>> rows, List<String> longestFirst) {
        return longestFirst.size() == 1
                || length(rows, longestFirst.get(0)) >= CLEARLY_LONGER * length(rows, longestFirst.get(1));
    }

    /** Why the field holds no ids; null if it does. */
    private static @Nullable String problemAsId(Collection<Map<String, Object>> rows, String field) {
        Set<String> seen = new HashSet<>();
        for (Map<String, Object> row : rows) {
            Object value = row.get(field);
            if (!(value instanceof Number || value instanceof String)
                    || value.toString().isBlank()) {
                return "does not hold a string or number in each";
            }
            if (!seen.add(value.toString())) {
                return "holds one value in two";
            }
        }
        return null;
    }

    private static long strings(Collection<Map<String, Object>> rows, String field) {
        return rows.stream().filter(row -> row.get(field) instanceof String).count();
    }

    private static long length(Collection<Map<String, Object>> rows, String field) {
        return rows.stream()
                .mapToLong(row -> row.get(field) instanceof String text ? text.length() : 0)
                .sum();
    }
}
