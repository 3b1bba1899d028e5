package io.headrace.admission;

/**
 * Spaces requests by what each costs, in seconds: one that costs half a second keeps the next one waiting for as long. Late
 * requests are made up for a little, so that late timers cost nothing.
 */
final class Pace {

    private static final double AHEAD = 0.05;

    private double next;

    double waitFor(double now) {
        return Math.max(0, next - now);
    }

    void take(double cost, double now) {
        next = Math.max(next, now - AHEAD) + cost;
    }

    void giveBack(double cost) {
        next -= cost;
    }

    /** The next may go at once. */
    void restart(double now) {
        next = Math.min(next, now);
    }
}
