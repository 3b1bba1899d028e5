package io.headrace.admission;

/**
 * A rate that is learned from refusals. At a refusal the server's bucket is empty, so what it accepted between two of them,
 * divided by the time, is what it refills: a lower bound, and the truth unless the bucket ran over while the gate was closed.
 * What was really sent before the refusal is an upper bound. The next rate is their geometric mean: it is exact where the bounds
 * meet, and a search where they are far apart. Times are in seconds.
 */
final class AdaptiveRate {

    /** How far admission may run ahead of the pace, in seconds, to forgive late timers. */
    private static final double AHEAD = 0.05;

    /** A cut while nothing else is known. */
    private static final double DECREASE = 0.85;

    /** Below the estimate at first, so that the server's bucket fills a little. */
    private static final double STEP_BACK = 0.95;

    /** Estimates from fewer requests say little. */
    private static final int ENOUGH = 8;

    /** Between two refusals there shall be as many requests, or more. */
    private static final int RARELY = 70;

    private final Growth growth;
    private final RecentRate recent = new RecentRate();
    private final Spread estimates = new Spread();
    private double size;

    private double balance;
    private double filled;
    private double lastTaken;
    private boolean waitedFor;

    /** Taken since the last refusal, which was sent at {@code anchor}. */
    private double accepted;

    private double anchor = Double.NaN;

    /** The last interval between refusals, for the other refusals of its burst. */
    private double interval = Double.NaN;

    private double inInterval;
    private double high;

    private boolean released;
    private double stated = Double.NaN;

    /**
     * @param initial infinite for one that binds only after a refusal
     * @param size of a request, at first
     */
    AdaptiveRate(double initial, double size) {
        this.size = size;
        growth = new Growth(initial, size / 3600);
    }

    /** Starts where an earlier process ended. */
    void learned(double from, double plateau) {
        growth.restart(from, plateau);
    }

    double limit() {
        double limit = growth.limit();
        return released || limit >= stated || limit == Double.MAX_VALUE ? Double.POSITIVE_INFINITY : limit;
    }

    /** The rate that it found; NaN while it found none. */
    double found() {
        return released || !growth.hasPlateau() ? Double.NaN : growth.plateau();
    }

    /** How much successive estimates differ; NaN while there are too few. */
    double spread() {
        return estimates.value();
    }

    double recent(double now) {
        return recent.isEmpty() ? 0 : recent.perSecond(now);
    }

    double waitFor(double now) {
        refill(now);
        return balance >= 0 ? 0 : -balance / limit();
    }

    void waitedFor() {
        waitedFor = true;
    }

    void take(double amount, double now, double roundTrip, boolean grows) {
        refill(now);
        if (waitedFor && grows && !recent.isEmpty()) {
            growth.advance(Math.min(now - lastTaken, Math.max(1, 2 * amount / growth.limit())), roundTrip);
        }
        waitedFor = false;
        balance -= amount;
        accepted += amount;
        recent.add(amount, now);
        lastTaken = now;
        size += (amount - size) / 16;
    }

    void giveBack(double amount) {
        balance += amount;
        accepted -= amount;
    }

    /** Nothing bounds it but other limits: it was shown not to be what the server counts. */
    void release(boolean released) {
        this.released = released;
    }

    /** The server states its limit, which others keep; NaN when it does no more. */
    void stated(double perSecond) {
        stated = perSecond;
    }

    /** A refusal that says nothing of this rate. */
    void spare(double sent) {
        startOver(sent);
    }

    /** The server refuses everything. */
    void halve(double sent) {
        growth.halve();
        startOver(sent);
    }

    void recover(double intact) {
        growth.restart(Math.max(growth.limit(), intact / 4), growth.plateau());
    }

    /** A new burst of refusals begins; {@code amount} was refused. */
    void cut(double amount, double sent, double now) {
        high = Math.min(growth.limit(), recent.perSecond(now));
        interval = sent - anchor;
        inInterval = Math.max(0, accepted - amount);
        if (inInterval > ENOUGH * size) {
            double before = estimates.last();
            estimates.add(estimate());
            growth.confirmed(Math.abs(estimate() / before - 1) < 0.1);
        }
        restart();
        startOver(sent);
    }

    /** Another refusal of the same burst: so much less was accepted. */
    void cutFurther(double amount) {
        inInterval = Math.max(0, inInterval - amount);
        if (inInterval > ENOUGH * size) {
            estimates.revise(estimate());
        }
        restart();
    }

    private double estimate() {
        return (inInterval + size) / interval;
    }

    private void restart() {
        if (Double.isNaN(interval)) {
            growth.feelOn(DECREASE * high);
        } else {
            double target = Math.sqrt(Math.min(high, estimate()) * high);
            growth.restart(STEP_BACK * target, Math.max(target, DECREASE * high));
            growth.stretch(RARELY * size / target / 20);
        }
    }

    private void startOver(double sent) {
        waitedFor = false;
        anchor = sent;
        accepted = 0;
        recent.clear();
    }

    private void refill(double now) {
        double limit = limit();
        balance = limit == Double.POSITIVE_INFINITY ? 0 : Math.min(balance + (now - filled) * limit, AHEAD * limit);
        filled = now;
    }
}
