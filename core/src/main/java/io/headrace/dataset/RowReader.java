package io.headrace.dataset;

import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.dataset.RowParser.Row;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the rows of a file as outcomes: counts them, digests them, and turns a bad one into a failure that names its place. */
final class RowReader<T> implements BatchReader<T> {

    /** The first batches are small, so that the first call starts early. */
    private static final int FIRST_ROWS = 8;

    private static final int MOST_ROWS = 128;
    private static final int MOST_BYTES = 1 << 16;

    private final String name;
    private final RowSplitter rows;
    private final RowParser<T> parser;
    private final int maxRowBytes;
    private final long part;
    private int batchRows = FIRST_ROWS;
    private long ordinal;
    private @Nullable IOException failure;

    /**
     * @param part a number for the part of a row that its value is made of, 0 for all of it
     */
    RowReader(String name, RowSplitter rows, RowParser<T> parser, int maxRowBytes, long part) {
        this.name = name;
        this.rows = rows;
        this.parser = parser;
        this.maxRowBytes = maxRowBytes;
        this.part = part;
    }

    @Override
    public List<Outcome<T>> next() throws IOException {
        if (failure != null) {
            throw failure;
        }
        List<Outcome<T>> batch = new ArrayList<>(batchRows);
        int bytes = 0;
        try {
            while (batch.size() < batchRows && bytes < MOST_BYTES && rows.next()) {
                if (!isHeader()) {
                    batch.add(row());
                    bytes += rows.to() - rows.from();
                }
            }
        } catch (IOException e) {
            failure = new IOException(
                    name + " cannot be read beyond row " + ordinal + ", line " + rows.line() + ": "
                            + ErrorText.message(e),
                    e);
            if (batch.isEmpty()) {
                throw failure;
            }
        }
        batchRows = Math.min(MOST_ROWS, 2 * batchRows);
        return batch;
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }

    private boolean isHeader() {
        try {
            if (rows.tooLong() && parser.awaitsHeader()) {
                throw new IllegalArgumentException("the header is longer than the " + maxRowBytes
                        + " bytes allowed; is there a quote in it that is not closed?");
            }
            return !rows.tooLong() && parser.isHeader(rows.bytes(), rows.from(), rows.to());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        }
    }

    private Outcome<T> row() {
        byte[] bytes = rows.bytes();
        int from = rows.from();
        int to = rows.to();
        long digest = Digest.of(bytes, from, to);
        long version = Digest.part(digest, part);
        long position = ordinal++;
        try {
            if (rows.tooLong()) {
                throw new MalformedRowException("longer than the " + maxRowBytes + " bytes allowed" + swallowed());
            }
            int invalid = Utf8.firstInvalid(bytes, from, to);
            if (invalid >= 0) {
                throw new MalformedRowException("not UTF-8 at byte " + (invalid - from + 1) + " of the row");
            }
            Row<T> row = parser.parse(bytes, from, to);
            String id = row.id();
            return Outcome.ok(
                    new Item<>(id == null ? Digest.id(position, digest) : id, position, version, null, row.value()));
        } catch (MalformedRowException e) {
            String place = name + " line " + rows.line();
            String id = e.id();
            return new Outcome.Failed<>(
                    new Item<>(id == null ? Digest.id(position, digest) : id, position, version, null, place),
                    name,
                    ErrorKind.MALFORMED_ROW,
                    place + ": " + e.getMessage(),
                    Tally.ZERO);
        }
    }

    /** What a quote that is not closed costs. */
    private String swallowed() {
        long lines = rows.moreLines();
        return lines == 0
                ? ""
                : "; is there a quote that is not closed? Lines behind it that are lost in this row: " + lines;
    }
}
