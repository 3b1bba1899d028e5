package io.headrace.admission;

/**
 * Spaces requests by what each costs, in seconds: one that costs half a second keeps the next one waiting for as long. Late
 * requests are made up for a little, so that late timers cost nothing.
 */
final class Spacing {

    private static final double AHEAD = 0.05;

    /** Seconds since 1970 are exact to less than a microsecond in a double. */
    private static final double BLUR = 0.001;

    private double next;
    private double lastCost;

    /** Never longer than what the last request cost: a clock that was set back keeps nobody waiting. */
    double waitFor(double now) {
        double wait = next - now;
        return wait > lastCost + BLUR ? 0 : Math.max(0, wait);
    }

    void take(double cost, double now) {
        double from = Math.min(Math.max(next, now - AHEAD), now);
        next = from + cost;
        lastCost = cost;
    }

    void giveBack(double cost) {
        next -= cost;
    }

    /** The next may go at once. */
    void restart(double now) {
        next = Math.min(next, now);
    }
}
