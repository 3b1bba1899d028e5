package io.headrace.provider.http;

import java.util.Arrays;
import tools.jackson.core.JsonParser;

/** One event of a stream; its data may be read only as long as it is handed over. */
public final class SseEvent {

    private final String name;
    private final byte[] data;
    private final int length;

    SseEvent(String name, byte[] data, int length) {
        this.name = name;
        this.data = data;
        this.length = length;
    }

    /** What {@code event} says; empty if it says nothing. */
    public String name() {
        return name;
    }

    /** Whether the data is {@code text}, which is ASCII, white space round it left aside. */
    public boolean is(String text) {
        int from = 0;
        int to = length;
        while (from < to && data[from] <= ' ' && data[from] >= 0) {
            from++;
        }
        while (to > from && data[to - 1] <= ' ' && data[to - 1] >= 0) {
            to--;
        }
        if (to - from != text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (data[from + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** The data as JSON, before its first token. */
    public JsonParser json() {
        return Json.parser(data, length);
    }

    /** Length of the data in bytes. */
    public int length() {
        return length;
    }

    byte[] copyOfData() {
        return Arrays.copyOf(data, length);
    }

    /** Name and size only: data may be private. */
    @Override
    public String toString() {
        return "SseEvent[" + name + ", " + length + " bytes]";
    }
}
