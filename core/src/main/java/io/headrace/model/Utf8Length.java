package io.headrace.model;

/** Counts bytes without making them. */
final class Utf8Length {

    private Utf8Length() {}

    /** The bytes of {@code text} in UTF-8; half of a surrogate pair counts as three, no less than it takes. */
    static long of(String text) {
        long bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            if (unit >= 0x80) {
                bytes += unit < 0x800 ? 1 : 2;
                if (Character.isHighSurrogate(unit)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1))) {
                    i++; // a pair has four: its length and what the first half has added
                }
            }
        }
        return bytes;
    }
}
