package io.headrace.provider.http;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** Copies the pieces of a body, once each, into one array. Not thread-safe. */
final class BodyCollector {

    private static final int SMALL = 2048;

    /** From here on room is made for half as much again, and not for twice as much. */
    private static final int LARGE = 1 << 20;

    private final BodyLimits.Share share;
    private final long maxBytes;
    private byte[] bytes;
    private int length;

    /**
     * @param announced the length by the answer's head, negative or 0 if unknown
     * @param share asked whether the body may be so long
     * @param maxBytes longest body to take
     */
    BodyCollector(long announced, BodyLimits.Share share, long maxBytes) {
        this.share = share;
        this.maxBytes = maxBytes;
        // an announcement is not a delivery: trust it up to a bound
        this.bytes = new byte[announced > 0 ? (int) Math.min(announced, Math.min(maxBytes, 1 << 20)) : SMALL];
    }

    /**
     * Takes a piece, without keeping it.
     *
     * @throws BodyLimits.BodyTooLongException if the body is then longer than allowed
     */
    void append(ByteBuf piece) {
        int more = piece.readableBytes();
        share.grow((long) length + more);
        if (more > bytes.length - length) {
            int growth = bytes.length < LARGE ? bytes.length : bytes.length >> 1;
            long grown = Math.max((long) bytes.length + growth, (long) length + more);
            int size = (int) Math.min(grown, maxBytes);
            share.grow(size);
            bytes = Arrays.copyOf(bytes, size);
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
}
