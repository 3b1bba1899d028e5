package io.headrace.dataset;

/** Finds escapes that JSON allows and Unicode does not: half of a surrogate pair, which no UTF-8 request could carry on. */
final class JsonUnicode {

    private JsonUnicode() {}

    /**
     * @throws MalformedRowException for an escaped surrogate without its other half
     */
    static void check(byte[] bytes, int from, int to) throws MalformedRowException {
        int at = from;
        while (at < to) {
            if (bytes[at] != '\\') {
                at++;
            } else if (!isSurrogate(bytes, at, to)) {
                at += 2; // the backslash and what it escapes
            } else if (isHigh(bytes[at + 3]) && isSurrogate(bytes, at + 6, to) && !isHigh(bytes[at + 9])) {
                at += 12;
            } else {
                throw new MalformedRowException(
                        "half a surrogate pair at byte " + (at - from + 1) + " of the row, which is no Unicode text");
            }
        }
    }

    /** Whether an escape from {@code D800} to {@code DFFF} stands there. */
    private static boolean isSurrogate(byte[] bytes, int at, int to) {
        return at + 5 < to
                && bytes[at] == '\\'
                && bytes[at + 1] == 'u'
                && (bytes[at + 2] | 0x20) == 'd'
                && Character.digit(bytes[at + 3], 16) >= 8;
    }

    private static boolean isHigh(byte digit) {
        return Character.digit(digit, 16) < 12;
    }
}
