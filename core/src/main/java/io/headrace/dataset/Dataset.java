package io.headrace.dataset;

import io.headrace.Codec;
import io.headrace.Outcome;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/**
 * A source of items that can be read any number of times. A row is read when it is asked for, and nothing is kept.
 *
 * <pre>{@code
 * Dataset.jsonl(path).idField("id").as(Question.class)
 * Dataset.csv(path).text("Question").sample(100, 42)
 * Dataset.of(questions).withIds(Question::key)
 * Dataset.open(anyPath)
 * }</pre>
 *
 * <p>Files are UTF-8, plain or gzip by their first bytes, with or without a byte order mark, with lines ended by LF or CR LF.
 * Blank lines are no rows. Files are read on threads of this package, at most a few hundred rows ahead of demand; rows are emitted there or on
 * the thread that asked for more.
 *
 * <p>Immutable and thread-safe.
 *
 * @param <T> the values of the rows
 */
public interface Dataset<T> {

    /** A file with one JSON object a line; say next what the values are, such as {@link RowFile#text}. */
    static RowFile jsonl(Path file) {
        return new RowFile(file, FileFormat.jsonl());
    }

    /** A file of comma-separated values by RFC 4180 whose first row names the columns. One without a name is {@code column3} by its place. */
    static RowFile csv(Path file) {
        return csv(file, ',');
    }

    /**
     * The same with another separator, such as a tab or a semicolon.
     *
     * @throws IllegalArgumentException if the separator is not ASCII, a quote or the end of a line
     */
    static RowFile csv(Path file, char separator) {
        if (separator >= 128 || separator == '"' || separator == '\n' || separator == '\r') {
            throw new IllegalArgumentException("not a separator: character " + (int) separator);
        }
        return new RowFile(file, FileFormat.csv(separator));
    }

    /** Each line of a text file. Ids are made of position and content. */
    static Dataset<String> lines(Path file) {
        return FileDataset.lines(Objects.requireNonNull(file, "file"));
    }

    /**
     * Each text file below a folder, at any depth: those that end in txt, text, md, markdown, rst, html, htm or tex, also followed by .gz. The
     * id is the path below the folder; the order is by name, folder by folder. Hidden files and links to folders are left out. A file that
     * cannot be read, is blank, or is larger than 16 MiB is a failed row, and so is a folder that cannot be listed.
     *
     * <p>A folder is listed when it is come to, and its entries are held and sorted: some 120 bytes of heap each, so millions of files
     * are better spread over folders.
     */
    static Dataset<String> folder(Path folder) {
        return folder(folder, FolderDataset.TEXT_FILES);
    }

    /**
     * The same for the files whose path below the folder matches a glob, such as {@code **.java}.
     *
     * @throws IllegalArgumentException if the pattern is wrong
     */
    static Dataset<String> folder(Path folder, String glob) {
        return new FolderDataset(Objects.requireNonNull(folder, "folder"), Objects.requireNonNull(glob, "glob"));
    }

    /**
     * Values from memory. Without {@link #withIds}, the id of a text is made of position and content, and that of any other value is its position.
     *
     * @throws NullPointerException for a value that is null, saying which
     */
    static <T> Dataset<T> of(Collection<? extends T> values) {
        int number = 0;
        for (T value : values) {
            int position = number++;
            Objects.requireNonNull(
                    value, () -> "value " + position + " of the collection is null, a dataset has none: leave it out");
        }
        List<T> copy = List.copyOf(values);
        return new PublishedDataset<>("values", "values", OptionalLong.of(copy.size()), Flux.fromIterable(copy));
    }

    /**
     * The values of any publisher that gives the same ones at each subscription. Ids as in {@link #of}. Demand and cancel
     * reach the publisher, its error is the dataset's.
     *
     * @param name for messages and reports
     */
    static <T> Dataset<T> from(String name, Publisher<? extends T> values) {
        return new PublishedDataset<>(
                Objects.requireNonNull(name, "name"), "publisher " + name, OptionalLong.empty(), Flux.from(values));
    }

    /** {@link #open(Path, FieldChoice)} with both fields chosen by the first rows. */
    static Dataset<String> open(Path path) {
        return open(path, FieldChoice.DETECT);
    }

    /**
     * Any JSON Lines, CSV or text file, or folder of texts. The kind follows from the name (jsonl, ndjson, json, csv, tsv, txt, text, md,
     * markdown, also followed by .gz), else from the first character; the separator of a CSV file from its header. Reads about a hundred rows
     * at once, on the calling thread.
     *
     * @throws IllegalArgumentException if there is nothing there, it cannot be read, or a field does not exist or cannot be
     *     chosen, listing the fields that there are
     */
    static Dataset<String> open(Path path, FieldChoice fields) {
        return AnyFile.open(Objects.requireNonNull(path, "path"), Objects.requireNonNull(fields, "fields"));
    }

    /** A short name for messages and reports, such as {@code gsm8k-test.jsonl}. */
    String name();

    /**
     * What is read and how, on one line: kind, place, chosen fields, not the content. A resumed run compares it and says what changed.
     */
    String signature();

    /** The number of rows, where it is known without reading. */
    OptionalLong size();

    /**
     * The rows in order, each with a stable id, its ordinal from 0, and a version by its content. A row that cannot be read
     * is a {@link Outcome.Failed} that names file, line and reason; the rest goes on. Each subscription reads from the
     * start; demand bounds what is read; cancel closes the file.
     *
     * <p>Signals an error only where the source itself breaks: the file cannot be read any further.
     */
    Flux<Outcome<T>> items();

    /**
     * Checks what can be checked before the first call is paid: the file is there and readable, the named fields exist, some
     * of the first rows, about a hundred, can be used. Reads them on the calling thread.
     *
     * @throws IllegalArgumentException saying what is wrong, where, and which files or fields there are
     */
    void check();

    /**
     * The first {@code n} rows.
     *
     * @throws IllegalArgumentException for a negative number
     */
    default Dataset<T> take(long n) {
        if (n < 0) {
            throw new IllegalArgumentException("cannot take " + n + " rows");
        }
        return new DerivedDataset<>(this, "take=" + n, atMost(n), () -> items().take(n));
    }

    /**
     * {@code n} rows drawn at random, or all if there are fewer, in their order and with their ids and ordinals. The draw depends only on the
     * seed and the ids: the same rows give the same draw, and appended rows change it little. Each subscription reads the whole source before
     * its first row and then again, and holds about 50 bytes for each drawn row.
     *
     * @throws IllegalArgumentException for a negative number
     */
    default Dataset<T> sample(int n, long seed) {
        if (n < 0) {
            throw new IllegalArgumentException("cannot draw " + n + " rows");
        }
        return new DerivedDataset<>(
                this, "sample=" + n + " seed=" + seed, atMost(n), () -> new Sampling(n, seed).draw(items()));
    }

    /** The same rows with ids by {@code id}. A row for which it throws or gives nothing is a failed one. */
    default Dataset<T> withIds(Function<? super T, String> id) {
        Objects.requireNonNull(id, "id");
        return new DerivedDataset<>(this, "own ids", size(), () -> Identity.ids(name(), items(), id));
    }

    /**
     * The same rows with versions by what {@code codec} writes, so that a resumed run notices a changed value. For values
     * from memory; the rows of a file have versions by their bytes.
     */
    default Dataset<T> withVersions(Codec<? super T> codec) {
        Objects.requireNonNull(codec, "codec");
        return new DerivedDataset<>(this, "own versions", size(), () -> Identity.versions(name(), items(), codec));
    }

    private OptionalLong atMost(long n) {
        OptionalLong all = size();
        return all.isPresent() ? OptionalLong.of(Math.min(n, all.getAsLong())) : OptionalLong.empty();
    }
}
