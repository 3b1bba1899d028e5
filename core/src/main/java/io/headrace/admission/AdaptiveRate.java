package io.headrace.admission;

/**
 * A rate that is learned from refusals. At a refusal the server's bucket is empty, so what it accepted between two of them,
 * divided by the time, is what it refills: a lower bound, and the truth unless the bucket ran over while the gate was closed.
 * What was really sent before the refusal is an upper bound. The next rate is their geometric mean: it is exact where the bounds
 * meet, and a search where they are far apart. Times are in seconds.
 */
final class AdaptiveRate {

    /** A cut while nothing else is known. */
    private static final double DECREASE = 0.85;

    /** Below the estimate at first, so that the server's bucket fills a little. */
    private static final double STEP_BACK = 0.95;

    /** So far beyond the last plateau without a refusal, the limit has risen, and counts from before say little. */
    private static final double OUTGROWN = 1.5;

    /** An estimate from fewer requests says little: the next interval is added to it. */
    private static final int ENOUGH = 10;

    /** The plateau, so that the server's bucket is not emptied by what is only blur. */
    private static final double JUST_BELOW = 0.99;

    /** Estimates that differ by less confirm each other. */
    private static final double ALIKE = 0.1;

    /** Between two refusals there shall be as many requests, or more. */
    private static final int RARELY = 120;

    private final Growth growth;
    private final RecentRate recent = new RecentRate();
    private final Spread estimates = new Spread();
    private double size;

    private double lastTaken;
    private boolean waitedFor;

    /** Taken since the last refusal, which was sent at {@code anchor}. */
    private double accepted;

    private double anchor = Double.NaN;

    /** The last interval between refusals, for the other refusals of its burst. */
    private double interval = Double.NaN;

    private double inInterval;

    /** Whether that interval was long enough for an estimate. */
    private boolean estimated;

    private double high;
    private double before;

    /** Before the last burst that came after accepted requests. */
    private Growth.Standing standing;

    private boolean released;
    private double stated = Double.NaN;

    /**
     * @param initial infinite for one that binds only after a refusal
     * @param size of a request, at first
     */
    AdaptiveRate(double initial, double size) {
        this.size = size;
        growth = new Growth(initial, size / 3600);
        standing = growth.standing();
    }

    /** Starts where an earlier process ended. */
    void learned(double from, double plateau) {
        growth.restart(from, plateau);
    }

    double limit() {
        double limit = growth.limit();
        boolean trusted = !Double.isNaN(stated) && (Double.isNaN(anchor) || limit >= stated);
        return released || trusted ? Double.POSITIVE_INFINITY : limit;
    }

    /** The rate that the server states, or else the one that was found; NaN for neither. */
    double known() {
        if (!Double.isNaN(stated)) {
            return stated;
        }
        return released || !growth.hasPlateau() ? Double.NaN : growth.plateau();
    }

    /** How much successive estimates differ; NaN while there are too few. */
    double spread() {
        return estimates.value();
    }

    /** What goes now. */
    double recent(double now) {
        double rate = recent.perSecond(now);
        return rate == Double.POSITIVE_INFINITY ? 0 : rate;
    }

    /** What {@code amount} takes of a second; 0 while nothing binds. */
    double cost(double amount) {
        return amount / limit();
    }

    void waitedFor() {
        waitedFor = true;
    }

    void take(double amount, double now, double roundTrip, boolean grows) {
        if (waitedFor && grows && !recent.isEmpty()) {
            growth.advance(Math.min(now - lastTaken, Math.max(1, 2 * amount / growth.limit())), roundTrip);
        }
        waitedFor = false;
        accepted += amount;
        recent.add(amount, now);
        lastTaken = now;
        size += (amount - size) / 16;
    }

    void giveBack(double amount) {
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

    /** A refusal for something else: if this rate was ever cut, it was for that too. */
    void acquit(double sent) {
        standing = growth.standing();
        if (growth.hasPlateau()) {
            growth.feelOn(growth.limit());
        }
        startOver(sent);
    }

    /** The server refuses everything. */
    void halve(double sent) {
        growth.halve();
        startOver(sent);
    }

    /** The server refuses no more: to where it stood before the first refusal. */
    void recover() {
        growth.backTo(standing);
    }

    /** A new burst of refusals begins; {@code amount} was refused. */
    void cut(double amount, double sent, double now) {
        standing = growth.standing();
        high = Math.min(growth.limit(), recent.perSecond(now));
        before = growth.plateau();
        interval = sent - anchor;
        inInterval = Math.max(0, accepted - amount);
        accepted = inInterval;
        boolean enough = inInterval >= ENOUGH * size;
        estimated = enough && interval > 0;
        if (estimated) {
            growth.confirmed(Math.abs(estimate() / estimates.last() - 1) < ALIKE);
            estimates.add(estimate());
        }
        restart();
        pause();
        if (enough || Double.isNaN(anchor)) {
            anchor = sent;
            accepted = 0;
        }
    }

    /** Another refusal of the same burst: so much less was accepted. */
    void cutFurther(double amount) {
        inInterval = Math.max(0, inInterval - amount);
        accepted = Math.max(0, accepted - amount);
        if (estimated) {
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
            double target = high > OUTGROWN * before ? DECREASE * high : Math.sqrt(Math.min(high, estimate()) * high);
            growth.restart(STEP_BACK * target, Math.max(JUST_BELOW * target, DECREASE * high));
            growth.stretch(RARELY * size / target / 20);
        }
    }

    private void startOver(double sent) {
        pause();
        anchor = sent;
        accepted = 0;
    }

    /** The gate closes: what comes after is not to be averaged with what was before. */
    private void pause() {
        waitedFor = false;
        recent.clear();
    }
}
