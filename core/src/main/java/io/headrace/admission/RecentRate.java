package io.headrace.admission;

import java.util.Arrays;

/** What went in the last second, or since it was cleared if that is less. Times are in seconds. */
final class RecentRate {

    private static final int SLOTS = 8;
    private static final double SLOT = 1.0 / SLOTS;

    private final double[] amounts = new double[SLOTS];
    private double since = Double.NaN;
    private long last;

    void add(double amount, double now) {
        if (isEmpty()) {
            since = now;
        }
        roll(now);
        amounts[(int) Math.floorMod(last, (long) SLOTS)] += amount;
    }

    double perSecond(double now) {
        roll(now);
        return Arrays.stream(amounts).sum() / Math.max(SLOT, Math.min(1, now - since));
    }

    boolean isEmpty() {
        return Double.isNaN(since);
    }

    void clear() {
        Arrays.fill(amounts, 0);
        since = Double.NaN;
    }

    private void roll(double now) {
        long slot = (long) (now / SLOT);
        for (long i = Math.max(last + 1, slot - SLOTS + 1); i <= slot; i++) {
            amounts[(int) Math.floorMod(i, (long) SLOTS)] = 0;
        }
        last = Math.max(last, slot);
    }
}
