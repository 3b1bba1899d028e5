package io.headrace.dataset;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Cuts a stream of bytes into rows: at line feeds, for CSV at those outside quotes. Blank rows are passed over, a carriage
 * return before the line feed does not count, the last row needs no line feed. For one thread at a time.
 */
final class RowSplitter implements Closeable {

    /** Where in a row the search for its end stands. */
    private enum At {
        /** In a row without quotes, or in one whose rest is thrown away: any line feed ends it. */
        PLAIN,
        CELL_START,
        CELL,
        IN_QUOTES,
        AFTER_QUOTE
    }

    private static final int CHUNK = 1 << 16;

    private final InputStream in;
    private final int maxRowBytes;
    private final int keep; // of a row, with CR LF
    private final boolean quotes;
    private final byte separator;

    private byte[] buffer = new byte[CHUNK];
    private int from;
    private int to;
    private int next;
    private int limit;
    private At at = At.PLAIN;
    private long line;
    private long lastLine;
    private long nextLine = 1;
    private boolean tooLong;

    private RowSplitter(InputStream in, int maxRowBytes, boolean quotes, char separator) {
        this.in = in;
        this.maxRowBytes = maxRowBytes;
        this.keep = maxRowBytes + 2;
        this.quotes = quotes;
        this.separator = (byte) separator;
    }

    static RowSplitter lines(InputStream in, int maxRowBytes) {
        return new RowSplitter(in, maxRowBytes, false, '\n');
    }

    /**
     * @param separator between cells, an ASCII character
     */
    static RowSplitter csv(InputStream in, int maxRowBytes, char separator) {
        return new RowSplitter(in, maxRowBytes, true, separator);
    }

    /** Moves to the next row; false at the end. */
    boolean next() throws IOException {
        while (advance()) {
            if (tooLong || !isBlank()) {
                return true;
            }
        }
        return false;
    }

    /** The bytes of the row, from {@link #from} to {@link #to}; valid until the next row. */
    byte[] bytes() {
        return buffer;
    }

    int from() {
        return from;
    }

    int to() {
        return to;
    }

    /** The number of the row's first line, from 1. */
    long line() {
        return line;
    }

    /** How many lines are in the row behind its first one: those in quotes. */
    long moreLines() {
        return lastLine - line;
    }

    /** Whether the row has more bytes than allowed; only the allowed number of them is there. */
    boolean tooLong() {
        return tooLong;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private boolean advance() throws IOException {
        from = next;
        line = nextLine;
        tooLong = false;
        at = quotes ? At.CELL_START : At.PLAIN;
        int seen = 0; // bytes of the row that were searched
        for (; ; ) {
            int end = findEnd(from + seen);
            if (end >= 0) {
                next = end + 1;
                lastLine = nextLine++;
                cut(end);
                return true;
            }
            seen = limit - from;
            if (seen > keep) { // keep the head, throw away up to the next line feed, be it in quotes or not
                tooLong = true;
                seen = keep;
                if (at != At.PLAIN) {
                    at = At.PLAIN;
                    continue; // it may be in the buffer
                }
                limit = from + keep;
            }
            if (!fill()) {
                next = limit;
                lastLine = nextLine;
                cut(limit);
                return seen > 0;
            }
        }
    }

    private void cut(int end) {
        to = end > from && buffer[end - 1] == '\r' ? end - 1 : end;
        if (to - from > maxRowBytes) {
            tooLong = true;
        }
        if (tooLong) {
            to = from + maxRowBytes;
        }
    }

    /** The place of the line feed that ends the row, or -1 if it is not in the buffer. */
    private int findEnd(int start) {
        if (at == At.PLAIN) {
            return findLineFeed(start);
        }
        At now = at;
        int end = Math.min(limit, from + keep);
        for (int i = start; i < end; i++) {
            byte b = buffer[i];
            if (now == At.IN_QUOTES) {
                if (b == '"') {
                    now = At.AFTER_QUOTE;
                } else if (b == '\n') {
                    nextLine++;
                }
            } else if (b == '\n') {
                return i;
            } else if (b == separator) {
                now = At.CELL_START;
            } else if (b == '"' && now != At.CELL) {
                now = At.IN_QUOTES; // an opening quote, or the second of a doubled one
            } else {
                now = At.CELL;
            }
        }
        at = now;
        return -1;
    }

    private int findLineFeed(int start) {
        byte[] bytes = buffer;
        for (int i = start, end = limit; i < end; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    /** Reads more behind what is there, making room first; false at the end of the stream. */
    private boolean fill() throws IOException {
        if (limit == buffer.length) {
            int kept = limit - from;
            if (from > 0) {
                System.arraycopy(buffer, from, buffer, 0, kept);
                from = 0;
                limit = kept;
            } else {
                buffer = Arrays.copyOf(buffer, (int) Math.min(keep + CHUNK, 2L * buffer.length));
            }
        }
        int read = in.read(buffer, limit, buffer.length - limit);
        if (read > 0) {
            limit += read;
        }
        return read >= 0;
    }

    private boolean isBlank() {
        for (int i = from; i < to; i++) {
            byte b = buffer[i];
            if (b != ' ' && b != '\t' && b != '\r') {
                return false;
            }
        }
        return true;
    }
}
