package io.headrace.run;

/** The 62-bit hash under which a row is known; stable for ever, because journals hold it. */
final class RowKey {

    private static final long STEP = 0x9E3779B97F4A7C15L;

    private RowKey() {}

    /** The key of the row with that id. */
    static long of(String id) {
        long hash = id.length() * STEP;
        for (int i = 0; i < id.length(); i++) {
            hash = (hash ^ id.charAt(i)) * STEP;
            hash ^= hash >>> 32;
        }
        return finish(hash);
    }

    /** The key of a further row with the id of an earlier one. */
    static long duplicate(long key, long ordinal) {
        return finish((key ^ STEP) * STEP + ordinal);
    }

    /** The finalizer of MurmurHash3, by Austin Appleby (public domain). */
    private static long finish(long hash) {
        long h = hash;
        h = (h ^ (h >>> 33)) * 0xFF51AFD7ED558CCDL;
        h = (h ^ (h >>> 33)) * 0xC4CEB9FE1A85EC53L;
        return (h ^ (h >>> 33)) >>> 2;
    }
}
