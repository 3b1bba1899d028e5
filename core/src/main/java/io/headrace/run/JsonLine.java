package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Writes JSON objects, one a line, into a growing buffer; a value that is JSON already is spliced in. Not thread-safe. */
final class JsonLine {

    /** What a character takes that has to be escaped; no other takes more in UTF-8. */
    private static final int MOST_BYTES_A_CHARACTER = 6;

    private static final byte[] HEX = "0123456789abcdef".getBytes(UTF_8);

    private final CRC32C crc = new CRC32C();
    private byte[] bytes = new byte[1 << 14];
    private int at;
    private int start;

    /** The lines so far, up to {@link #length}. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return at;
    }

    /** Forgets the lines. */
    void reset() {
        at = 0;
    }

    /** Forgets the line that was begun last. */
    void drop() {
        at = start;
    }

    JsonLine begin() {
        start = at;
        room(1);
        put('{');
        return this;
    }

    /** Ends the line; gives its CRC32C. */
    int end() {
        room(2);
        put('}');
        put('\n');
        crc.reset();
        crc.update(bytes, start, at - start);
        return (int) crc.getValue();
    }

    JsonLine field(String name, String value) {
        name(name);
        room(MOST_BYTES_A_CHARACTER * value.length() + 2);
        put('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c >= 0x80) {
                beyondAscii(value, i);
                break;
            }
            character(c);
        }
        put('"');
        return this;
    }

    JsonLine field(String name, long value) {
        name(name);
        ascii(Long.toString(value));
        return this;
    }

    JsonLine field(String name, boolean value) {
        name(name);
        ascii(value ? "true" : "false");
        return this;
    }

    JsonLine field(String name, BigDecimal value) {
        name(name);
        ascii(value.toPlainString());
        return this;
    }

    /** A value that is not known. */
    JsonLine missing(String name) {
        name(name);
        ascii("null");
        return this;
    }

    /** Milliseconds with up to three decimals. */
    JsonLine field(String name, Duration value) {
        name(name);
        long micros = value.toNanos() / 1000;
        ascii(Long.toString(micros / 1000));
        long rest = micros % 1000;
        if (rest != 0) {
            room(4);
            put('.');
            put('0' + rest / 100);
            put('0' + rest / 10 % 10);
            put('0' + rest % 10);
        }
        return this;
    }

    /** A value that is JSON already; line feeds between its tokens become blanks. */
    JsonLine json(String name, byte[] value) {
        name(name);
        int from = at;
        raw(value);
        for (int i = from; i < at; i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                bytes[i] = ' ';
            }
        }
        return this;
    }

    private void name(String name) {
        if (bytes[at - 1] != '{') {
            ascii(",");
        }
        ascii("\"");
        ascii(name);
        ascii("\":");
    }

    private void character(char c) {
        if (c == '"' || c == '\\') {
            put('\\');
            put(c);
        } else if (c >= 0x20) {
            put(c);
        } else {
            escaped(c);
        }
    }

    private void escaped(char c) {
        put('\\');
        put('u');
        put(HEX[c >> 12]);
        put(HEX[c >> 8 & 15]);
        put(HEX[c >> 4 & 15]);
        put(HEX[c & 15]);
    }

    /** The slow way. Half of a surrogate pair, which UTF-8 cannot hold, is escaped: two such texts shall not look alike. */
    private void beyondAscii(String text, int from) {
        int next;
        for (int i = from; i < text.length(); i = next) {
            int c = text.codePointAt(i);
            next = i + Character.charCount(c);
            if (c < 0x80) {
                character((char) c);
            } else if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                escaped((char) c);
            } else {
                utf8(c);
            }
        }
    }

    private void utf8(int c) {
        if (c < 0x800) {
            put(0xC0 | (c >> 6));
        } else {
            if (c < 0x10000) {
                put(0xE0 | (c >> 12));
            } else {
                put(0xF0 | (c >> 18));
                put(0x80 | ((c >> 12) & 0x3F));
            }
            put(0x80 | ((c >> 6) & 0x3F));
        }
        put(0x80 | (c & 0x3F));
    }

    @SuppressWarnings("deprecation") // for texts of other characters, and of ASCII it is a mere copy
    private void ascii(String text) {
        room(text.length());
        text.getBytes(0, text.length(), bytes, at);
        at += text.length();
    }

    private void raw(byte[] source) {
        room(source.length);
        System.arraycopy(source, 0, bytes, at, source.length);
        at += source.length;
    }

    /** One byte, which there must be {@link #room} for. */
    private void put(long value) {
        bytes[at++] = (byte) value;
    }

    private void room(int more) {
        if (bytes.length - at < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, at + more));
        }
    }
}
