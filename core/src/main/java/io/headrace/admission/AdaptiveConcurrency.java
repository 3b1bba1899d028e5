package io.headrace.admission;

/**
 * A number of calls at once that is learned from refusals and from latency. A refusal speaks of it only if no more calls than
 * those that the server goes on with were ever accepted since the last one. Times are in seconds.
 */
final class AdaptiveConcurrency {

    /** Refusals come within this time: what was not refused by then was accepted. */
    private static final double REFUSED_BY = 0.25;

    /** Refusals at numbers that differ more than this are not for the number (squared logarithm, 14 %). */
    private static final double SPREAD = 0.02;

    private final Growth growth;
    private final Spread refusedAt = new Spread();

    private int inFlight;
    private boolean waitedFor;
    private double lastTaken = Double.NaN;

    private int proven;
    private int provenNext;
    private double provenAt;

    /** Accepted calls in flight at the last refusal. */
    private int accepting;

    private boolean explains;

    AdaptiveConcurrency(double initial) {
        growth = new Growth(initial, 1);
    }

    /** Starts where an earlier process ended. */
    void learned(double from, double plateau) {
        growth.restart(from, plateau);
    }

    double limit() {
        return growth.limit();
    }

    int calls() {
        return (int) Math.min(Integer.MAX_VALUE, growth.limit() + 1e-9);
    }

    /** The number that it found; NaN while it found none. */
    double found() {
        return growth.hasPlateau() ? growth.plateau() : Double.NaN;
    }

    int inFlight() {
        return inFlight;
    }

    boolean isFull() {
        return inFlight >= calls();
    }

    void waitedFor() {
        waitedFor = true;
    }

    void take(double now, double roundTrip, boolean grows) {
        if (waitedFor && grows && !Double.isNaN(lastTaken)) {
            growth.advance(Math.min(now - lastTaken, Math.max(1, roundTrip)), roundTrip);
        }
        waitedFor = false;
        lastTaken = now;
        inFlight++;
        if (now - provenAt > REFUSED_BY) {
            proven = Math.max(proven, provenNext);
            provenNext = 0;
            provenAt = now;
        }
        provenNext = Math.max(provenNext, inFlight);
    }

    void release() {
        inFlight--;
    }

    /** The server refuses everything. */
    void halve() {
        growth.halve();
        startOver();
    }

    void recover(double intact) {
        growth.restart(Math.max(growth.limit(), intact / 4), growth.plateau());
    }

    /** Takes a part of it away; the plateau becomes what is left. */
    void reduceTo(double limit) {
        growth.restart(limit, limit);
    }

    /** A server that fails: a part is taken away for a while. */
    void dip(double factor) {
        growth.restart(growth.limit() * factor, Math.min(growth.plateau(), growth.limit()));
    }

    /**
     * A new burst of refusals begins, and the refused call is released. Whether the number of calls in flight is, or may be, the
     * reason.
     */
    Verdict refused() {
        double before = refusedAt.last();
        boolean exceeded = calls() > Math.max(1, before - 1);
        accepting = inFlight;
        refusedAt.add(accepting + 1);
        explains = proven <= accepting + 1 + accepting / 20;
        Verdict verdict;
        if (Double.isNaN(before)) {
            growth.feelOn(accepting);
            verdict = Verdict.UNDECIDED;
        } else if (explains && exceeded && refusedAt.value() < SPREAD) {
            growth.confirmed(Math.abs(accepting + 1 - before) <= 1 + before / 20);
            growth.restart(accepting, accepting);
            verdict = Verdict.GUILTY;
        } else {
            explains = false;
            growth.feelOn(Math.max(growth.limit(), 1.5 * proven));
            verdict = Verdict.INNOCENT;
        }
        startOver();
        return verdict;
    }

    /** Another refusal of the same burst. */
    void refusedFurther() {
        accepting--;
        refusedAt.revise(Math.max(0, accepting) + 1);
        if (explains && growth.hasPlateau()) {
            growth.restart(accepting, accepting);
        } else if (explains) {
            growth.feelOn(accepting);
        }
    }

    enum Verdict {
        UNDECIDED,
        GUILTY,
        INNOCENT
    }

    private void startOver() {
        waitedFor = false;
        lastTaken = Double.NaN;
        proven = 0;
        provenNext = 0;
    }
}
