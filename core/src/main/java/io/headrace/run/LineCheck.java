package io.headrace.run;

import io.headrace.run.JournalRecord.Line;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Compares a file of lines with what the journal says of it, in one reading from start to end. Not thread-safe. */
final class LineCheck implements Closeable {

    private static final int WINDOW_BYTES = 1 << 18;

    private final Path path;
    private final @Nullable FileChannel file;
    private final long length;
    private final CRC32C crc = new CRC32C();
    private final byte[] window = new byte[WINDOW_BYTES];
    private long windowStart;
    private int windowLength;
    private long end;
    private long lines;
    private long lost;
    private long firstLost;

    /**
     * A file that is not what was written.
     *
     * @param isThere whether there is anything left of it
     * @param what what is wrong, for people
     */
    record Damage(boolean isThere, String what) {}

    private LineCheck(Path path, @Nullable FileChannel file, long length) {
        this.path = path;
        this.file = file;
        this.length = length;
    }

    /** Checks the file at {@code path}, which may be missing. */
    static LineCheck open(Path path) throws IOException {
        if (!Files.exists(path)) {
            return new LineCheck(path, null, 0);
        }
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        return new LineCheck(path, file, file.size());
    }

    /** Whether the next line is what was written there. */
    boolean holds(Line line) throws IOException {
        long start = end;
        end = line.end();
        lines++;
        if (start < end && end <= length && crc(start, end) == line.crc()) {
            return true;
        }
        firstLost = lost == 0 ? lines : firstLost;
        lost++;
        return false;
    }

    /** The file was emptied and begins anew. */
    void restart() {
        end = 0;
        lines = 0;
        lost = 0;
    }

    /** Lines that are not what was written there. */
    long lost() {
        return lost;
    }

    /** Bytes behind the last line. */
    long surplus() {
        return Math.max(0, length - end);
    }

    /** What is wrong with the file. */
    Damage damage() {
        String name = String.valueOf(path.getFileName());
        if (lost == 0) {
            return new Damage(true, "bytes added to " + name + " that are cut off: " + surplus());
        }
        return file == null
                ? new Damage(false, name + " is gone; lines whose rows run again: " + lines)
                : new Damage(
                        true,
                        "lines of " + name + " that are not what was written, whose rows run again: " + lost + " of "
                                + lines + ", the first is line " + firstLost);
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }

    private int crc(long start, long until) throws IOException {
        crc.reset();
        for (long at = start; at < until; ) {
            if (at < windowStart || at >= windowStart + windowLength) {
                fill(at);
            }
            int from = (int) (at - windowStart);
            int count = (int) Math.min(windowLength - from, until - at);
            crc.update(window, from, count);
            at += count;
        }
        return (int) crc.getValue();
    }

    private void fill(long at) throws IOException {
        FileChannel from = file;
        int read = from == null ? -1 : from.read(ByteBuffer.wrap(window), at);
        if (read <= 0) {
            throw new IOException(path + " was shortened while it was read");
        }
        windowStart = at;
        windowLength = read;
    }
}
