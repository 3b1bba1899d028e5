package io.headrace.dataset;

import io.headrace.Codec;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file of rows with named fields, JSON Lines or CSV, of which a {@link Dataset} is made by saying what its values are:
 *
 * <pre>{@code
 * Dataset<String> questions = Dataset.jsonl(path).text("question");
 * Dataset<Question> typed = Dataset.csv(path).idField("key").as(Question.class);
 * }</pre>
 *
 * <p>Plain or gzip, as its first bytes say; UTF-8. Immutable.
 */
public final class RowFile {

    /** The default of {@link #maxRowBytes}: 16 MiB. */
    public static final int DEFAULT_MAX_ROW_BYTES = 16 << 20;

    private final Path path;
    private final FileFormat format;
    private final @Nullable String idField;
    private final int maxRowBytes;

    RowFile(Path path, FileFormat format) {
        this(Objects.requireNonNull(path, "path"), format, null, DEFAULT_MAX_ROW_BYTES);
    }

    private RowFile(Path path, FileFormat format, @Nullable String idField, int maxRowBytes) {
        this.path = path;
        this.format = format;
        this.idField = idField;
        this.maxRowBytes = maxRowBytes;
    }

    /**
     * Takes ids from a field with strings or numbers. A row where it is missing, blank or anything else is a failed one.
     * Without it the id is made of the row's position and content, such as {@code 17-5f2c91ab}.
     */
    public RowFile idField(String field) {
        return new RowFile(path, format, Objects.requireNonNull(field, "field"), maxRowBytes);
    }

    /**
     * The longest row that is read, from 1 byte to 1 GiB; a longer one is a failed row. A few rows of this length must fit on
     * the heap.
     *
     * @throws IllegalArgumentException if out of range
     */
    public RowFile maxRowBytes(int bytes) {
        if (bytes < 1 || bytes > 1 << 30) {
            throw new IllegalArgumentException("maxRowBytes must lie between 1 and " + (1 << 30) + ", not " + bytes);
        }
        return new RowFile(path, format, idField, bytes);
    }

    /**
     * One string field of each row, the quickest way to read. A row where it is missing or no string is a failed one. The
     * same row read for another field has another version.
     */
    public Dataset<String> text(String field) {
        Objects.requireNonNull(field, "field");
        return dataset("text=" + field, field, fields(idField, field), () -> format.texts(idField, field));
    }

    /**
     * Each row as a {@code type}, by the names of record components or properties; unknown fields are ignored. CSV cells
     * become strings, numbers or booleans as the type wants. A component that a row has not got is null or an empty
     * {@code Optional}, and fails the row if it is a primitive; one that none of the first rows has is taken for a mistake by
     * {@link Dataset#check}, unless it is an {@code Optional} or has an annotation such as {@code @Nullable}.
     */
    public <T> Dataset<T> as(Class<T> type) {
        Codec<T> codec = Codec.json(type);
        String advice = ". Where rows need not have it, let " + type.getSimpleName() + " say so by an Optional";
        Runnable check = check(fields(idField), components(type), advice);
        return dataset("type=" + type.getName(), "", () -> format.values(idField, codec), check);
    }

    /** The names that a record's values go by in JSON: not what an annotation may name otherwise, and not what need not be there. */
    private static Set<String> components(Class<?> type) {
        return type.isRecord() && type.getAnnotations().length == 0
                ? Arrays.stream(type.getRecordComponents())
                        .filter(component -> component.getType() != Optional.class
                                && component.getAccessor().getAnnotations().length == 0
                                && component.getAnnotatedType().getAnnotations().length == 0)
                        .map(RecordComponent::getName)
                        .collect(Collectors.toCollection(LinkedHashSet::new))
                : Set.of();
    }

    /**
     * Each row by {@code codec}, which decodes the row's JSON object; a CSV row is an object of strings. Which fields it needs
     * only the codec knows: {@link Dataset#check} looks for none.
     */
    public <T> Dataset<T> as(Codec<T> codec) {
        Objects.requireNonNull(codec, "codec");
        return dataset("codec", "", fields(idField), () -> format.values(idField, codec));
    }

    /**
     * Each row as a map in the order of its fields: strings, numbers, booleans, null, lists and maps of these for JSON, only
     * strings for CSV.
     */
    public Dataset<Map<String, Object>> maps() {
        return dataset("maps", "", fields(idField), () -> format.maps(idField));
    }

    /** The first rows as maps, to choose fields by. */
    FirstRows<Map<String, Object>> firstRows() {
        return dataset("maps", "", Set.of(), () -> format.maps(null)).firstRows();
    }

    private <T> FileDataset<T> dataset(String values, String part, Set<String> fields, Supplier<RowParser<T>> parsers) {
        return dataset(values, part, parsers, check(fields, Set.of(), ""));
    }

    private <T> FileDataset<T> dataset(String values, String part, Supplier<RowParser<T>> parsers, Runnable check) {
        return new FileDataset<>(
                path,
                format.label(),
                idField == null ? values : values + " id=" + idField,
                part,
                maxRowBytes,
                format::split,
                parsers,
                check);
    }

    /** That the first rows have these fields; {@code advice} ends the message about a component that is missing. */
    private Runnable check(Set<String> fields, Set<String> components, String advice) {
        if (fields.isEmpty() && components.isEmpty()) {
            return () -> {};
        }
        return () -> {
            FirstRows<Map<String, Object>> first = firstRows();
            first.check(fields);
            first.check(components, advice);
        };
    }

    private static Set<String> fields(@Nullable String... names) {
        return Stream.of(names).filter(Objects::nonNull).collect(Collectors.toUnmodifiableSet());
    }
}
