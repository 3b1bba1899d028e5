package io.headrace.batch;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads the lines of a pack one after another. Not thread-safe. */
final class LineReader implements Closeable {

    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream in;
    private byte[] line = new byte[1 << 12];
    private long position;

    private LineReader(InputStream in) {
        this.in = in;
    }

    /** A file that is not there has no lines. */
    static LineReader open(Path path) throws IOException {
        return new LineReader(
                Files.exists(path)
                        ? new BufferedInputStream(Files.newInputStream(path), BUFFER_BYTES)
                        : new ByteArrayInputStream(new byte[0]));
    }

    /** The next line without its end, or null. One that is torn is no line. */
    byte @Nullable [] next() throws IOException {
        int length = 0;
        for (int next = in.read(); next >= 0; next = in.read()) {
            if (next == '\n') {
                position += length + 1L;
                return Arrays.copyOf(line, length);
            }
            if (length == line.length) {
                line = Arrays.copyOf(line, length * 2);
            }
            line[length++] = (byte) next;
        }
        return null;
    }

    /** Whether the next line is that of the request, whole. */
    boolean holds(ParkedRequest request) throws IOException {
        byte[] next = next();
        return next != null && position == request.end() && PackWriter.crc(next) == request.crc();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
