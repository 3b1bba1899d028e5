package io.headrace.run;

import java.util.Arrays;

/** Numbers that are hashes already, eight to sixteen bytes each. Open addressing; not thread-safe. */
final class LongSet {

    private long[] table = new long[1 << 10];
    private boolean hasZero;
    private int size;

    /** False if it was in already. */
    boolean add(long number) {
        if (number == 0) {
            boolean isNew = !hasZero;
            hasZero = true;
            return isNew;
        }
        if (size >= table.length / 4 * 3) {
            grow();
        }
        boolean isNew = put(number);
        size += isNew ? 1 : 0;
        return isNew;
    }

    private boolean put(long number) {
        int at = (int) number & (table.length - 1);
        while (table[at] != 0) {
            if (table[at] == number) {
                return false;
            }
            at = (at + 1) & (table.length - 1);
        }
        table[at] = number;
        return true;
    }

    private void grow() {
        long[] before = table;
        table = new long[2 * before.length];
        Arrays.stream(before).filter(number -> number != 0).forEach(this::put);
    }
}
