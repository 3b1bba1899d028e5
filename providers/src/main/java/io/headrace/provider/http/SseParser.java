package io.headrace.provider.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Finds the events in a stream of server-sent events, however its bytes are cut: lines end with LF, CR or CRLF, a byte order
 * mark and comments are passed over, several {@code data} lines are joined with LF. An event without data is none. How long a
 * stream may be is not its business. For one stream; not thread-safe.
 */
final class SseParser {

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final Consumer<SseEvent> events;
    private final Bytes line = new Bytes();
    private final Bytes data = new Bytes();
    private String name = "";
    private boolean hasData;
    private boolean begun;
    private boolean afterCarriageReturn;

    /**
     * @param events takes each event, which holds until it returns
     */
    SseParser(Consumer<SseEvent> events) {
        this.events = events;
    }

    /** Takes the next piece of the stream, without keeping it. */
    void feed(ByteBuf piece) {
        int from = piece.readerIndex();
        int end = piece.writerIndex();
        for (int at = from; at < end; at++) {
            byte next = piece.getByte(at);
            if (next != '\n' && next != '\r') {
                afterCarriageReturn = false;
                continue;
            }
            if (next == '\n' && afterCarriageReturn) {
                afterCarriageReturn = false;
            } else {
                take(piece, from, at);
                endLine();
                afterCarriageReturn = next == '\r';
            }
            from = at + 1;
        }
        take(piece, from, end);
    }

    /** Ends the stream: what came last is an event even without the empty line behind it. */
    void end() {
        if (line.length > 0) {
            endLine();
        }
        dispatch();
    }

    private void take(ByteBuf piece, int from, int to) {
        int more = to - from;
        piece.getBytes(from, line.space(more), line.length, more);
        line.length += more;
    }

    private void endLine() {
        int start = begun || !line.startsWith(BYTE_ORDER_MARK) ? 0 : BYTE_ORDER_MARK.length;
        begun = true;
        if (line.length == start) {
            dispatch();
        } else {
            field(start);
        }
        line.length = 0;
    }

    private void field(int start) {
        int colon = start;
        while (colon < line.length && line.bytes[colon] != ':') {
            colon++;
        }
        int value = Math.min(colon + 1, line.length);
        if (value < line.length && line.bytes[value] == ' ') {
            value++;
        }
        String field = new String(line.bytes, start, colon - start, StandardCharsets.UTF_8);
        if (field.equals("data")) {
            if (hasData) {
                data.space(1)[data.length++] = '\n';
            }
            hasData = true;
            int more = line.length - value;
            System.arraycopy(line.bytes, value, data.space(more), data.length, more);
            data.length += more;
        } else if (field.equals("event")) {
            name = new String(line.bytes, value, line.length - value, StandardCharsets.UTF_8);
        }
    }

    private void dispatch() {
        boolean isEvent = hasData;
        SseEvent event = new SseEvent(name, data.bytes, data.length);
        hasData = false;
        data.length = 0;
        name = "";
        if (isEvent) {
            events.accept(event);
        }
    }

    /** Bytes that grow. */
    private static final class Bytes {

        private byte[] bytes = new byte[512];
        private int length;

        /** The array, with room for {@code more} behind its content. */
        byte[] space(int more) {
            if (more > bytes.length - length) {
                bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
            }
            return bytes;
        }

        boolean startsWith(byte[] start) {
            return length >= start.length && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
        }
    }
}
