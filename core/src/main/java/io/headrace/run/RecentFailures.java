package io.headrace.run;

import java.util.BitSet;

/** How many of the last items failed. Not thread-safe. */
final class RecentFailures {

    /** Items that are looked back on. */
    static final int WINDOW = 100;

    private final BitSet failures = new BitSet(WINDOW);
    private long seen;

    /** Counts an item. */
    RecentFailures item(boolean failed) {
        failures.set((int) (seen % WINDOW), failed);
        seen++;
        return this;
    }

    /** Of the last {@link #WINDOW} items, or of all while they are fewer. */
    int count() {
        return failures.cardinality();
    }

    boolean isFull() {
        return seen >= WINDOW;
    }
}
