package io.headrace.dataset;

import java.util.HexFormat;

/** What a row's content looks like from outside: its version, and an id where it has none of its own. */
final class Digest {

    private static final HexFormat HEX = HexFormat.of();

    private Digest() {}

    /** The version of a row by its bytes; never 0, which means unknown. */
    static long of(byte[] bytes, int from, int to) {
        long hash = Xxh64.of(bytes, from, to);
        return hash == 0 ? 1 : hash;
    }

    /** The version of a row of which the value is only one part, named by {@code part}: another part, another version. */
    static long part(long digest, long part) {
        long hash = digest ^ part;
        return hash == 0 ? 1 : hash;
    }

    /** An id by position and content, such as {@code 17-5f2c91ab}. */
    static String id(long ordinal, long digest) {
        return ordinal + "-" + HEX.toHexDigits((int) (digest >>> 32));
    }
}
