package io.headrace.provider.http;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** Copies the pieces of a body, once each, into one array. Not thread-safe. */
final class BodyCollector {

    private static final int SMALL = 2048;

    private final long maxBytes;
    private byte[] bytes;
    private int length;

    /**
     * @param announced the length by the answer's head, negative or 0 if unknown
     * @param maxBytes longest body to take
     */
    BodyCollector(long announced, long maxBytes) {
        this.maxBytes = maxBytes;
        // an announcement is not a delivery: trust it up to a bound
        this.bytes = new byte[announced > 0 ? (int) Math.min(announced, Math.min(maxBytes, 1 << 20)) : SMALL];
    }

    /**
     * Takes a piece, without keeping it.
     *
     * @throws BodyTooLongException if the body is then longer than allowed
     */
    void append(ByteBuf piece) {
        int more = piece.readableBytes();
        if (more > maxBytes - length) {
            throw new BodyTooLongException(maxBytes);
        }
        if (more > bytes.length - length) {
            long doubled = Math.max(2L * bytes.length, (long) length + more);
            bytes = Arrays.copyOf(bytes, (int) Math.min(doubled, maxBytes));
        }
        piece.getBytes(piece.readerIndex(), bytes, length, more);
        length += more;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** The body is longer than {@link HttpTransport.Builder#maxBodyBytes}. */
    static final class BodyTooLongException extends RuntimeException {

        BodyTooLongException(long maxBytes) {
            super("the answer is longer than maxBodyBytes, " + maxBytes, null, false, false);
        }
    }
}
