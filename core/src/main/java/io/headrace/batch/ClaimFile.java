package io.headrace.batch;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The keys of answers that were claimed, one after another, eight bytes each. A claim is a store into mapped memory: no system call,
 * and it survives the death of the process. Room for it is made before, when its answer comes in. Not thread-safe.
 */
final class ClaimFile implements Closeable {

    private static final int LEAST_CLAIMS = 1 << 10;
    private static final int CHUNK_BYTES = 1 << 16;

    private final @Nullable FileChannel file;
    private @Nullable MappedByteBuffer window;
    private long count;

    private ClaimFile(@Nullable FileChannel file) {
        this.file = file;
    }

    /** The file at {@code path}, made if there is none; it is to be {@linkplain #read read} to its end before the first append. */
    static ClaimFile open(Path path) throws IOException {
        return new ClaimFile(
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    /** The file at {@code path}, to be read only; one that is not there has no claims. */
    static ClaimFile reading(Path path) throws IOException {
        return new ClaimFile(Files.exists(path) ? FileChannel.open(path, StandardOpenOption.READ) : null);
    }

    /** Reads on, up to the {@code end}th claim of the file or its end. */
    void read(long end, LongConsumer visitor) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        while (file != null && count < end) {
            chunk.clear().limit((int) Math.min(CHUNK_BYTES / Long.BYTES, end - count) * Long.BYTES);
            int read = file.read(chunk, count * Long.BYTES);
            chunk.flip();
            if (read < Long.BYTES) {
                return;
            }
            while (chunk.remaining() >= Long.BYTES) {
                long claim = chunk.getLong();
                if (claim == 0) {
                    return;
                }
                visitor.accept(claim >>> 8);
                count++;
            }
        }
    }

    /** Claims so far. */
    long count() {
        return count;
    }

    /** Makes room for that many claims more. */
    void room(long claims) throws IOException {
        if (window != null && window.remaining() / Long.BYTES >= claims) {
            return;
        }
        if (file == null) {
            throw new IllegalStateException("the claims are to be read only");
        }
        long start = count * Long.BYTES;
        int bytes = Math.toIntExact(Math.max(claims + claims / 2, LEAST_CLAIMS) * Long.BYTES);
        ByteBuffer zeros = ByteBuffer.allocate(CHUNK_BYTES);
        for (long at = start; at < start + bytes; ) {
            zeros.clear().limit((int) Math.min(CHUNK_BYTES, start + bytes - at));
            at += file.write(zeros, at);
        }
        window = file.map(MapMode.READ_WRITE, start, bytes);
    }

    /** Appends a claim, for which there is room. */
    void append(long key) {
        if (window == null) {
            throw new IllegalStateException("no room was made for a claim");
        }
        window.putLong((key << 8) | 1);
        count++;
    }

    @Override
    public void close() throws IOException {
        window = null;
        if (file != null) {
            file.close();
        }
    }
}
