package io.headrace.provider.http;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts a body into lines, whatever the pieces in which it comes. Lines end with LF or CRLF; empty ones are passed over, and of one
 * that is too long nothing is kept. For one body; used by one thread at a time.
 */
final class LineSplitter {

    private final int maxBytes;
    private byte[] begun = new byte[4096];
    private int length;
    private boolean isTooLong;
    private long number = 1;

    /**
     * @param maxBytes longest line to keep
     */
    LineSplitter(long maxBytes) {
        this.maxBytes = (int) Math.min(maxBytes, Integer.MAX_VALUE - 16);
    }

    /** The lines that end in {@code piece}, which is not kept. */
    List<BodyLine> feed(ByteBuf piece) {
        List<BodyLine> lines = new ArrayList<>();
        int from = piece.readerIndex();
        int end = piece.writerIndex();
        for (int lf = piece.indexOf(from, end, (byte) '\n'); lf >= 0; lf = piece.indexOf(from, end, (byte) '\n')) {
            keep(piece, from, lf - from);
            finish(lines);
            from = lf + 1;
        }
        keep(piece, from, end - from);
        return lines;
    }

    /** The last line, if the body ended without an end of line. */
    List<BodyLine> end() {
        List<BodyLine> lines = new ArrayList<>();
        finish(lines);
        return lines;
    }

    private void keep(ByteBuf piece, int from, int more) {
        if (isTooLong || more > maxBytes - length) {
            isTooLong = true;
            length = 0;
            return;
        }
        if (more > begun.length - length) {
            begun = Arrays.copyOf(begun, (int) Math.min(Math.max(2L * begun.length, (long) length + more), maxBytes));
        }
        piece.getBytes(from, begun, length, more);
        length += more;
    }

    private void finish(List<BodyLine> lines) {
        int bytes = length > 0 && begun[length - 1] == '\r' ? length - 1 : length;
        if (isTooLong || bytes > 0) {
            lines.add(new BodyLine(number, Arrays.copyOf(begun, bytes), isTooLong));
        }
        number++;
        length = 0;
        isTooLong = false;
    }
}
