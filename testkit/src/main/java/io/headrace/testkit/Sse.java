package io.headrace.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Server-sent events. */
final class Sse {

    private static final byte[] END = "\n\n".getBytes(StandardCharsets.UTF_8);

    private Sse() {}

    /** An event without a name. */
    static byte[] data(byte[] data) {
        return joined("data: ", data);
    }

    static byte[] event(String name, byte[] data) {
        return joined("event: " + name + "\ndata: ", data);
    }

    private static byte[] joined(String head, byte[] data) {
        ByteArrayOutputStream event = new ByteArrayOutputStream(head.length() + data.length + END.length);
        event.writeBytes(head.getBytes(StandardCharsets.UTF_8));
        event.writeBytes(data);
        event.writeBytes(END);
        return event.toByteArray();
    }
}
