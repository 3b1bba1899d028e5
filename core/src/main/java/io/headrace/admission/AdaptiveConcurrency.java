package io.headrace.admission;

/**
 * A number of calls at once that is learned from refusals and from latency. A refusal speaks of it only if no more calls than
 * those that the server goes on with were ever accepted since the last one. Times are in seconds.
 */
final class AdaptiveConcurrency {

    /** Refusals at numbers that differ more than this are not for the number (squared logarithm, 14 %). */
    private static final double ALIKE = 0.02;

    /** What an answer pays for beyond the plateau; in slow start it makes room for one call more. */
    private static final double PROBING = 0.25;

    /** Fewer calls than this are too few to tell: the rates then keep such a server from refusing. */
    private static final int FEW = 4;

    /** In use from this share on, it may well have been too high. */
    private static final double FULL = 0.85;

    /** The number of calls is not what the server counts if so many cuts did not help. */
    private static final double MOST_IN_VAIN = 2.4;

    /** What is left after a cut that follows one in vain. */
    private static final double CLEARLY_LESS = 0.93;

    /** Probes so much more slowly than rates do: refused calls free no slot. */
    private static final double RARELY = 2;

    private final Growth growth;
    private final Spread refusedAt = new Spread();

    private int inFlight;
    private boolean waitedFor;
    private double lastTaken = Double.NaN;

    /** Calls by which it may grow. */
    private double credit;

    private int proven;
    private int provenNext;
    private double provenAt;

    /** Bursts in a row that came though no more calls were in flight than were accepted at the one before. */
    private double vain;

    /** Accepted calls in flight at the last refusal. */
    private int accepting;

    /** Before the last burst that came after accepted calls. */
    private Growth.Standing standing;

    private Verdict verdict = Verdict.UNDECIDED;

    AdaptiveConcurrency(double initial) {
        growth = new Growth(initial, 1);
        growth.stretch(RARELY);
        standing = growth.standing();
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

    /** The number that was found; NaN for none. */
    double known() {
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
            credit -= growth.advance(Math.min(now - lastTaken, Math.max(1, roundTrip)), roundTrip, credit);
        }
        waitedFor = false;
        lastTaken = now;
        inFlight++;
        if (now - provenAt > Search.REFUSED_BY) {
            proven = Math.max(proven, provenNext);
            provenNext = 0;
            provenAt = now;
        }
        provenNext = Math.max(provenNext, inFlight);
    }

    void release() {
        inFlight--;
    }

    /** An answer: it pays for growth, so that a server that queues is not taken for a fast one. */
    void answered() {
        credit = Math.min(credit + (growth.hasPlateau() ? PROBING : 1), growth.limit());
    }

    /** The server refuses everything. */
    void halve() {
        growth.halve();
        startOver();
    }

    /** The server refuses no more: to where it stood before the first refusal. */
    void recover() {
        growth.backTo(standing);
    }

    /** Takes a part of it away; the plateau becomes what is left. */
    void reduceTo(double limit) {
        growth.restart(limit, limit);
    }

    /** A server that fails: a part is taken away for a while. */
    void dip(double factor) {
        growth.restart(growth.limit() * factor, Math.min(growth.plateau(), growth.limit()));
    }

    /** Whether the number of calls in flight is what the server refused for. */
    enum Verdict {
        UNDECIDED,
        GUILTY,
        INNOCENT
    }

    /** A new burst of refusals begins; the refused call is released. */
    Verdict refused() {
        standing = growth.standing();
        double before = accepting;
        verdict = judge();
        accepting = inFlight;
        refusedAt.add(accepting + 1);
        switch (verdict) {
            case UNDECIDED -> growth.feelOn(accepting);
            case GUILTY -> {
                growth.confirmed(Math.abs(accepting - before) <= 1 + before / 20);
                reduceTo(atMost());
            }
            case INNOCENT -> growth.feelOn(Math.max(growth.limit(), 1.5 * Math.max(proven, provenNext)));
        }
        startOver();
        return verdict;
    }

    /** A refusal that may be a stray: if it is none, more was in flight of late than the server accepts. */
    void passOver() {
        provenNext = 0;
    }

    private Verdict judge() {
        if (inFlight < FEW) {
            return Verdict.INNOCENT;
        }
        boolean mayBe = proven <= inFlight + 1 + inFlight / 20;
        boolean full = inFlight + 1 >= FULL * calls();
        boolean outgrown = growth.hasPlateau() && inFlight > accepting;
        if (mayBe && full && !outgrown && Math.abs(inFlight - accepting) > 1 + accepting / 20.0) {
            return Verdict.UNDECIDED;
        }
        if (mayBe && full) {
            boolean again = verdict == Verdict.GUILTY && Math.max(proven, provenNext) <= accepting;
            vain = again ? vain + 1 : Math.max(0, vain - 0.5);
            return vain > MOST_IN_VAIN ? Verdict.INNOCENT : Verdict.GUILTY;
        }
        if (Double.isNaN(refusedAt.last())) {
            return Verdict.UNDECIDED;
        }
        return mayBe && refusedAt.valueWith(inFlight + 1) < ALIKE ? Verdict.GUILTY : Verdict.INNOCENT;
    }

    /** Calls on the wire blur the count by some: after a cut in vain the next is a clear one. */
    private double atMost() {
        return vain < 1 ? accepting : CLEARLY_LESS * accepting;
    }

    /** Another refusal of the same burst. */
    void refusedFurther() {
        accepting = Math.max(0, accepting - 1);
        refusedAt.revise(accepting + 1);
        if (verdict == Verdict.GUILTY) {
            reduceTo(atMost());
        } else if (verdict == Verdict.UNDECIDED) {
            growth.feelOn(accepting);
        }
    }

    private void startOver() {
        waitedFor = false;
        lastTaken = Double.NaN;
        proven = 0;
        provenNext = 0;
    }
}
