package io.headrace.dataset;

import io.headrace.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;

/** The rows of one file. */
final class FileDataset<T> implements Dataset<T> {

    /** Cuts the bytes of a file into rows. */
    interface Splitting {
        RowSplitter split(InputStream in, int maxRowBytes);
    }

    private final Path path;
    private final String signature;
    private final int maxRowBytes;
    private final long part;
    private final Splitting splitting;
    private final Supplier<? extends RowParser<T>> parsers;
    private final Runnable fieldCheck;

    /**
     * @param format what the file is, for the signature
     * @param reading how rows become values, for the signature
     * @param part the field that a row's value is made of; empty for the whole row
     * @param parsers makes a parser for each reading
     * @param fieldCheck fails if a named field does not exist
     */
    FileDataset(
            Path path,
            String format,
            String reading,
            String part,
            int maxRowBytes,
            Splitting splitting,
            Supplier<? extends RowParser<T>> parsers,
            Runnable fieldCheck) {
        this.path = path;
        this.signature = format + " " + path.toAbsolutePath().normalize() + " " + reading;
        this.maxRowBytes = maxRowBytes;
        this.part = part.isEmpty() ? 0 : Xxh64.of(part.getBytes(StandardCharsets.UTF_8));
        this.splitting = splitting;
        this.parsers = parsers;
        this.fieldCheck = fieldCheck;
    }

    /** Each line of a text file. */
    static FileDataset<String> lines(Path path) {
        return new FileDataset<>(
                path,
                "lines",
                "text",
                "",
                RowFile.DEFAULT_MAX_ROW_BYTES,
                RowSplitter::lines,
                () -> FileDataset::line,
                () -> {});
    }

    private static RowParser.Row<String> line(byte[] bytes, int from, int to) {
        return new RowParser.Row<>(null, new String(bytes, from, to - from, StandardCharsets.UTF_8));
    }

    @Override
    public String name() {
        Path name = path.getFileName();
        return name == null ? path.toString() : name.toString();
    }

    @Override
    public String signature() {
        return signature;
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.empty();
    }

    @Override
    public Flux<Outcome<T>> items() {
        return BlockingSource.read(this::open);
    }

    @Override
    public void check() {
        fieldCheck.run();
        firstRows().check(Set.of());
    }

    /**
     * @throws IllegalArgumentException if the file cannot be read
     */
    FirstRows<T> firstRows() {
        return FirstRows.of(name(), this::open);
    }

    @Override
    public String toString() {
        return "Dataset[" + signature + "]";
    }

    private RowReader<T> open() throws IOException {
        RowSplitter rows = splitting.split(TextFile.open(path), maxRowBytes);
        return new RowReader<>(name(), rows, parsers.get(), maxRowBytes, part);
    }
}
