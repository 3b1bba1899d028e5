package io.headrace.dataset;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Checks bytes by the table of well-formed UTF-8 in the Unicode standard (3-7). */
final class Utf8 {

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH_BITS = 0x8080808080808080L;

    private Utf8() {}

    /** Where the first byte stands that does not belong to well-formed UTF-8, or -1. */
    static int firstInvalid(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to) {
            while (at <= to - 8 && ((long) LONG.get(bytes, at) & HIGH_BITS) == 0) {
                at += 8;
            }
            if (at == to) {
                return -1;
            }
            int length = length(bytes, at, to);
            if (length == 0) {
                return at;
            }
            at += length;
        }
        return -1;
    }

    /** The length of the character that starts at {@code at}, or 0 for an invalid one. */
    private static int length(byte[] bytes, int at, int to) {
        int first = bytes[at] & 0xFF;
        if (first < 0x80) {
            return 1;
        }
        if (first < 0xC2) {
            return 0;
        }
        if (first < 0xE0) {
            return follows(bytes, at + 1, to, 0x80, 0xBF) ? 2 : 0;
        }
        if (first < 0xF0) {
            int low = first == 0xE0 ? 0xA0 : 0x80; // no longer than needed
            int high = first == 0xED ? 0x9F : 0xBF; // no surrogates
            return follows(bytes, at + 1, to, low, high) && follows(bytes, at + 2, to, 0x80, 0xBF) ? 3 : 0;
        }
        if (first < 0xF5) {
            int low = first == 0xF0 ? 0x90 : 0x80;
            int high = first == 0xF4 ? 0x8F : 0xBF; // up to U+10FFFF
            return follows(bytes, at + 1, to, low, high)
                            && follows(bytes, at + 2, to, 0x80, 0xBF)
                            && follows(bytes, at + 3, to, 0x80, 0xBF)
                    ? 4
                    : 0;
        }
        return 0;
    }

    private static boolean follows(byte[] bytes, int at, int to, int low, int high) {
        return at < to && (bytes[at] & 0xFF) >= low && (bytes[at] & 0xFF) <= high;
    }
}
