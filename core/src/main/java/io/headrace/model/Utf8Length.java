package io.headrace.model;

import java.nio.charset.StandardCharsets;

/** Counts the bytes of texts. */
final class Utf8Length {

    private Utf8Length() {}

    /** The bytes of {@code text} in UTF-8; half of a surrogate pair counts as three, no less than it takes. */
    static long of(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8); // much quicker than to look at each character
        return new String(utf8, StandardCharsets.UTF_8).equals(text) ? utf8.length : withHalfPairs(text);
    }

    private static long withHalfPairs(String text) {
        return text.codePoints()
                .mapToLong(c -> c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4)
                .sum();
    }
}
