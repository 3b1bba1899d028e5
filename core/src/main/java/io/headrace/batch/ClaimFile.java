package io.headrace.batch;

import io.headrace.files.Zeros;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The answers that were claimed, one after another, 16 bytes each: the key, and by whom. A claim is two stores into mapped memory: no
 * system call, and it survives the death of the process. Room for it is made before, when its answer comes in. Not thread-safe.
 *
 * <p>It has no checksum and is not forced to the disk: a claim decides only in whose account an answer stands, and nothing is bought
 * or forgotten by it. A claim that is damaged, or lost with the power, counts as never made: its answer is claimed once more, and
 * stands in two accounts. The others keep their places, because the journal counts them.
 */
final class ClaimFile implements Closeable {

    private static final int CLAIM_BYTES = 16;
    private static final int LEAST_CLAIMS = 1 << 10;
    private static final int CHUNK_BYTES = 1 << 16;

    private final @Nullable FileChannel file;
    private @Nullable MappedByteBuffer window;
    private long count;

    private ClaimFile(@Nullable FileChannel file) {
        this.file = file;
    }

    /** Takes a claim. */
    interface Visitor {
        void visit(long key, long by);
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

    /**
     * Reads on.
     *
     * @param end how many claims there were, of which some may be lost; {@link Long#MAX_VALUE} if nobody knows, for the first gap ends them
     */
    void read(long end, Visitor visitor) throws IOException {
        boolean isCounted = end < Long.MAX_VALUE;
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        while (file != null && count < end) {
            chunk.clear().limit((int) Math.min(CHUNK_BYTES / CLAIM_BYTES, end - count) * CLAIM_BYTES);
            int read = file.read(chunk, count * CLAIM_BYTES);
            chunk.flip();
            if (read < CLAIM_BYTES) {
                break;
            }
            while (chunk.remaining() >= CLAIM_BYTES) {
                long claim = chunk.getLong();
                long by = chunk.getLong();
                if (claim != 0) {
                    visitor.visit(claim >>> 8, by);
                } else if (!isCounted) {
                    return;
                }
                count++;
            }
        }
        count = isCounted ? Math.max(count, end) : count;
    }

    /** Claims so far. */
    long count() {
        return count;
    }

    /** Makes room for that many claims more. */
    void room(long claims) throws IOException {
        if (window != null && window.remaining() / CLAIM_BYTES >= claims) {
            return;
        }
        if (file == null) {
            throw new IllegalStateException("the claims are to be read only");
        }
        long start = count * CLAIM_BYTES;
        int bytes = Math.toIntExact(Math.max(claims + claims / 2, LEAST_CLAIMS) * CLAIM_BYTES);
        Zeros.write(file, start, start + bytes);
        window = file.map(MapMode.READ_WRITE, start, bytes);
    }

    /** Appends a claim, for which there is room. */
    void append(long key, long by) {
        if (window == null) {
            throw new IllegalStateException("no room was made for a claim");
        }
        int at = window.position();
        window.putLong(at + Long.BYTES, by); // first: the key makes it a claim
        window.putLong(at, (key << 8) | 1).position(at + CLAIM_BYTES);
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
