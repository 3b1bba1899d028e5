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
    private static final double STEP_BACK = 0.9;

    /** So far beyond the last plateau without a refusal, the limit has risen, and counts from before say little. */
    private static final double OUTGROWN = 1.5;

    /** An estimate from fewer requests says little: the next interval is added to it. */
    private static final int ENOUGH = 10;

    /** The plateau, so that the server's bucket is not emptied by what is only blur. */
    private static final double JUST_BELOW = 0.99;

    /** Clearly below what was accepted. */
    private static final double BELOW = 0.95;

    /** While refusals are suspected to be strays: from this share of what was accepted, back to all of it in so long. */
    private static final double FURTHER_BACK = 0.75;

    private static final double SLOWLY = 15;

    /** Fewer requests than this between two refusals are not what a limit that was found lets expect. */
    private static final int SOON = 30;

    /** A limit that is exceeded refuses more than one in so many. */
    private static final int SPARSE = 8;

    /** Before a limit was found, refusals after this many requests or more cut a little, so many times. */
    private static final int FEW = 4;

    private static final int SEARCHES = 3;

    /** Limits rarely fall to less than this part, cuts by strays go on for ever. */
    private static final double DECLINED = 5;

    /** Some refusals ago: the third of sixteen, for the first ones do not tell much. */
    private static final int AGO = 16;

    private static final int THIRD = 2;

    /** What was accepted and what was sent are close together, and tell the limit, from this ratio on. */
    private static final double CLOSE = 0.75;

    /** An estimate may be wrong by so many requests. */
    private static final double BLUR = 2;

    /** Estimates that differ by less confirm each other. */
    private static final double ALIKE = 0.1;

    /** Between two refusals there shall be as many requests, or more. */
    private static final int RARELY = 150;

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

    /** Refusals in the last interval, and those before it that were too few requests apart for an estimate. */
    private int refusals;

    private int refusalsBefore;

    /** By how much the last estimate differs from the one before. */
    private double deviation;

    private double firstEstimate = Double.NaN;

    /** What was accepted some refusals ago, and how many estimates there were since a search began. */
    private double earlier = Double.NaN;

    private int count;

    private double greaterEstimate;

    /** No limit was found yet, and the last refusal is not taken for one. */
    private boolean searching;

    private int searches;

    /** What was accepted when strays were first suspected; NaN while they are not. */
    private double reference = Double.NaN;

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

    /** Whether a limit was found. */
    boolean isFound() {
        return !released && growth.hasPlateau();
    }

    /** Whether a refusal of {@code amount} now comes at clearly less than what was accepted before; true if it is of no account. */
    boolean contradicts(double amount) {
        double known = Double.isNaN(reference) ? estimates.last() : reference;
        return !isFound() || (accepted - amount >= ENOUGH * size && growth.limit() < BELOW * known);
    }

    /** By how much the last two estimates differ, less what may be blur; NaN without both, infinite if it is of no account. */
    double deviation() {
        return released ? Double.POSITIVE_INFINITY : estimated && isSparse() ? deviation : Double.NaN;
    }

    /** Whether the last refusal came sooner than a limit that was found lets expect; true if it is of no account. */
    boolean isRefusedSoon() {
        return released || (estimated && isSparse() && inInterval < SOON * size);
    }

    /** Whether twice as much was accepted as between the first refusals; true if it is of no account. */
    boolean hasDoubled() {
        return growth.limit() == Double.POSITIVE_INFINITY || estimates.last() >= 2 * firstEstimate;
    }

    /** Whether much less is accepted than some refusals ago; true if it is of no account. */
    boolean hasDeclined() {
        return released || estimates.last() < earlier / DECLINED;
    }

    /** From now on, refusals are suspected to be strays, or not. */
    void suspect(boolean strays) {
        reference = !strays ? Double.NaN : Double.isNaN(reference) ? greaterEstimate : reference;
    }

    /** There is no limit where it was thought to be. */
    void forget() {
        firstEstimate = Double.NaN;
        growth.feelOn(Math.max(growth.limit(), estimates.last()));
    }

    /** As at first: there may be no limit where it was thought to be. */
    void searchAgain() {
        firstEstimate = Double.NaN;
        earlier = Double.NaN;
        count = 0;
        growth.search(Math.max(growth.limit(), estimates.last()));
    }

    private boolean isSparse() {
        return inInterval >= SPARSE * size * refusals;
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
        boolean enough = measure(amount, sent);
        boolean alike = estimated && Math.abs(estimate() / estimates.last() - 1) < ALIKE;
        searching = !growth.hasPlateau()
                && searches++ < SEARCHES
                && inInterval >= FEW * size
                && !(estimate() > CLOSE * high)
                && !alike;
        if (estimated) {
            growth.confirmed(alike);
            add(estimate());
        }
        restart();
        pause();
        next(enough, sent);
    }

    /** {@code amount} was refused, which may mean nothing: goes on as before. */
    void goOn(double amount, double sent) {
        next(measure(amount, sent), sent);
    }

    /** What was accepted since the last refusal. */
    private boolean measure(double amount, double sent) {
        interval = sent > anchor ? sent - anchor : Double.NaN;
        inInterval = Math.max(0, accepted - amount);
        accepted = inInterval;
        refusals = refusalsBefore + 1;
        boolean enough = inInterval >= ENOUGH * size;
        estimated = enough && interval > 0;
        return enough;
    }

    private void next(boolean enough, double sent) {
        if (enough || Double.isNaN(anchor)) {
            anchor = sent;
            accepted = 0;
            refusalsBefore = 0;
        } else {
            refusalsBefore = refusals;
        }
    }

    /** Another refusal of the same burst: so much less was accepted. */
    void cutFurther(double amount) {
        refusals++;
        inInterval = Math.max(0, inInterval - amount);
        searching &= inInterval >= FEW * size;
        accepted = Math.max(0, accepted - amount);
        if (estimated) {
            estimates.revise(estimate());
        }
        restart();
    }

    private void add(double estimate) {
        boolean first = Double.isNaN(estimates.last());
        double difference = Math.abs(Math.log(estimate / estimates.last()));
        deviation = first ? Double.NaN : Math.max(0, difference - BLUR * size / inInterval);
        firstEstimate = Double.isNaN(firstEstimate) ? estimate : firstEstimate;
        greaterEstimate = first ? estimate : Math.max(estimate, estimates.last());
        earlier = count++ % AGO == THIRD ? estimate : earlier;
        estimates.add(estimate);
    }

    private double estimate() {
        return (inInterval + size) / interval;
    }

    private void restart() {
        if (Double.isNaN(interval) || searching) {
            growth.feelOn(DECREASE * high);
        } else {
            double target = high > OUTGROWN * before ? DECREASE * high : Math.sqrt(Math.min(high, estimate()) * high);
            boolean again =
                    estimated && deviation < ALIKE; // strays do not come at the same rate again: this is a limit
            boolean tried = reference > 0 && isSparse() && !again;
            target = tried ? Math.max(target, reference) : target;
            double plateau = Math.max(JUST_BELOW * target, DECREASE * high);
            if (tried) {
                growth.restart(FURTHER_BACK * target, plateau, SLOWLY);
            } else {
                growth.restart(STEP_BACK * target, plateau);
            }
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
