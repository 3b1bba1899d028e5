package io.headrace.run;

import io.headrace.files.FilePlace;
import io.headrace.files.Zeros;
import java.io.Closeable;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The append-only file of what has happened in a run. An append is a copy into a mapped page: no system call, and it
 * survives the death of the process the moment it returns; {@link #sync} makes it survive power loss too.
 *
 * <p>The file grows by chunks that are first filled with {@link Zeros}; after a crash those behind the last record are its end.
 *
 * <p>Safe for any number of threads.
 */
final class Journal implements Closeable {

    private static final int MIN_CHUNK_BYTES = 64 << 10;
    private static final int MAX_CHUNK_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel file;
    private final FilePlace place;
    private final JournalFormat format = new JournalFormat();
    private final List<MappedByteBuffer> unsynced = new ArrayList<>();
    private @Nullable MappedByteBuffer window;
    private long end;
    private boolean closed;

    private Journal(Path path, FileChannel file, FilePlace place, long end) {
        this.path = path;
        this.file = file;
        this.place = place;
        this.end = end;
    }

    /**
     * The journal at {@code path}, made if there is none, to be continued at {@code end}; what stands behind that is cut
     * off.
     */
    static Journal open(Path path, long end) throws IOException {
        FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            file.truncate(end);
            return new Journal(path, file, FilePlace.of(path), end);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Appends a record. */
    synchronized void append(JournalRecord record) throws IOException {
        if (closed) {
            throw new IOException("the journal " + path + " is closed");
        }
        int length = format.encode(record);
        MappedByteBuffer into = window;
        if (into == null || into.remaining() < length) {
            into = grow(length);
        }
        into.put(format.bytes(), 0, length);
        end += length;
    }

    /** Makes everything appended so far survive power loss. */
    void sync() throws IOException {
        List<MappedByteBuffer> dirty;
        synchronized (this) {
            dirty = new ArrayList<>(unsynced);
            unsynced.clear();
            if (window != null) {
                dirty.add(window);
            }
        }
        for (MappedByteBuffer part : dirty) {
            part.force();
        }
        file.force(true);
    }

    /** @throws NoSuchFileException if the file is not in its place any more, or has lost bytes */
    void requireInPlace() throws IOException {
        place.require(end());
    }

    /** The offset behind the last record. */
    synchronized long end() {
        return end;
    }

    /** Cuts the zeros behind the last record off and closes the file; does nothing the second time. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        window = null;
        unsynced.clear();
        try (file) {
            file.truncate(end);
        }
    }

    private MappedByteBuffer grow(int length) throws IOException {
        long size = Math.max(length, Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, end)));
        Zeros.write(file, end, end + size);
        if (window != null) {
            unsynced.add(window);
        }
        window = file.map(MapMode.READ_WRITE, end, size);
        return window;
    }
}
