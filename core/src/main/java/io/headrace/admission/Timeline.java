package io.headrace.admission;

/**
 * How much was added since any moment of the past, in a fixed space: never too little, and too much by about a quarter at the
 * most.
 */
final class Timeline {

    private static final int SIZE = 256;
    private static final int COARSE = 4;

    /** When the last of an entry was added, and what was added before its first. */
    private final long[] last = new long[SIZE];

    private final long[] before = new long[SIZE];
    private int size;
    private long total;

    void add(long amount, long now) {
        if (size == 0 || last[size - 1] != now) {
            if (size == SIZE) {
                join();
            }
            last[size] = now;
            before[size] = total;
            size++;
        }
        total += amount;
    }

    /** What was added at {@code time} or later, and perhaps some of what was added shortly before. */
    long since(long time) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (last[middle] < time) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == size ? 0 : total - before[low];
    }

    /** Joins neighbours that are small beside what came after them; the two oldest where none are. */
    private void join() {
        int kept = 0;
        for (int i = 1; i < SIZE; i++) {
            long end = i + 1 < SIZE ? before[i + 1] : total;
            boolean small = (end - before[kept]) <= (total - end) / COARSE;
            if (!small) {
                kept++;
                before[kept] = before[i];
            }
            last[kept] = last[i];
        }
        size = kept + 1;
        if (size == SIZE) {
            System.arraycopy(last, 1, last, 0, SIZE - 1);
            System.arraycopy(before, 2, before, 1, SIZE - 2);
            size--;
        }
    }
}
