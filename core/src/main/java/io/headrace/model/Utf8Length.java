package io.headrace.model;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Counts bytes, by the Java platform's own loops over whole texts: each prompt is counted, and none of them takes a call for a character. */
final class Utf8Length {

    /** No character takes more in UTF-8; a pair of surrogates has four for both. */
    private static final long MOST_BYTES_A_CHARACTER = 3;

    private Utf8Length() {}

    /** The bytes of {@code text} in UTF-8; the most that they can be where it holds half of a surrogate pair, which UTF-8 cannot. */
    static long of(String text) {
        byte[] utf8 = text.getBytes(UTF_8);
        return new String(utf8, UTF_8).equals(text) ? utf8.length : MOST_BYTES_A_CHARACTER * text.length();
    }
}
