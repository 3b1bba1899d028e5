package io.headrace.model;

/** Counts bytes without making them; over a copy of the text, since each prompt is counted and a call for a character is slow. */
final class Utf8Length {

    private Utf8Length() {}

    /** The bytes of {@code text} in UTF-8; half of a surrogate pair counts as three, no less than it takes. */
    static long of(String text) {
        long bytes = text.length();
        char before = 0;
        char[] units = text.toCharArray();
        for (char unit : units) {
            if (unit >= 0x80) {
                bytes += unit < 0x800 ? 1 : 2;
                if (Character.isSurrogatePair(before, unit)) {
                    bytes -= 2; // a pair has four
                }
            }
            before = unit;
        }
        return bytes;
    }
}
