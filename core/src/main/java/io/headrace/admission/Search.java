package io.headrace.admission;

/**
 * The search for a first limit, in which a refusal alone cuts nothing: it may be a stray. The limits go on doubling, and what
 * becomes of the refusals tells one from the other. What a limit accepts stays the same however much is sent, and more and more
 * is refused; strays let what is accepted grow with what is sent. So a search ends when refusals are dense, or when more was
 * sent in vain; and strays are proven when twice as much is accepted as after the first refusal.
 *
 * <p>What is accepted is counted in stages from one refusal to another, for a limit's bucket is as empty at the end as at the
 * beginning. Pure arithmetic, times in seconds.
 */
final class Search {

    /** What a refusal and a request add to the density: it stays the same where one in six is refused. */
    private static final double REFUSED = 3;

    private static final double SENT = 0.5;

    /** Three refusals in a row, or four in ten requests. */
    private static final double DENSE = 8;

    /** A refusal of a large request, or one that names a time, counts for so many: limits refuse so. */
    private static final double MOST = 2.5;

    /** Accepted requests that tell a rate. */
    private static final int ENOUGH = 16;

    /** Twice as much was accepted, or sent, as in the first stage. */
    private static final double MORE = 2;

    /** And no more than this was accepted. */
    private static final double IN_VAIN = 1.5;

    /** Refusals come within this time: what was not refused by then was accepted. */
    static final double REFUSED_BY = 0.25;

    /** Of the typical request. */
    private double size;

    private boolean on;
    private double density;

    /** When the stage began; NaN before the first refusal. */
    private double since = Double.NaN;

    private double requests;
    private double tokens;

    /** When the stage before ended, of which late refusals may be heard yet; NaN when it was judged. */
    private double ended = Double.NaN;

    private double endedAfter;
    private double endedRequests;
    private double endedTokens;

    /** Accepted a second in the first stage; NaN while it goes on. */
    private double firstRequests = Double.NaN;

    private double firstTokens;
    private double firstLimit;
    private boolean grown;
    private boolean vain;

    void begin() {
        on = true;
        density = 0;
        since = Double.NaN;
        ended = Double.NaN;
        firstRequests = Double.NaN;
        grown = false;
        vain = false;
    }

    void end() {
        on = false;
    }

    /** Whether it goes on after one more refusal. */
    boolean goesOn() {
        return on && !vain && density + REFUSED < DENSE;
    }

    /** Whether refusals were shown to be strays. */
    boolean hasGrown() {
        return grown;
    }

    /** @param limit of requests a second */
    void sent(double amount, double now, double limit) {
        density = Math.max(0, density - SENT);
        size += size == 0 ? amount : (amount - size) / 16;
        requests++;
        tokens += amount;
        if (now - ended > REFUSED_BY) {
            judge(limit);
        }
    }

    /**
     * A request that was sent at {@code sent} was refused.
     *
     * @param hinted whether the server named a time, as for limits most do
     */
    void refused(double amount, boolean hinted, double sent, double now) {
        density += REFUSED * (hinted ? MOST : Math.max(1, Math.min(MOST, amount / size)));
        if (Double.isNaN(since)) {
            since = now;
            requests = 0;
            tokens = 0;
        } else if (sent < ended) {
            endedRequests--;
            endedTokens -= amount;
        } else if (sent >= since) {
            requests--;
            tokens -= amount;
            if (requests >= ENOUGH && Double.isNaN(ended)) {
                ended = now;
                endedAfter = now - since;
                endedRequests = requests;
                endedTokens = tokens;
                since = now;
                requests = 0;
                tokens = 0;
            }
        }
    }

    private void judge(double limit) {
        ended = Double.NaN;
        double byRequests = endedRequests / endedAfter;
        double byTokens = endedTokens / endedAfter;
        if (Double.isNaN(firstRequests)) {
            firstRequests = byRequests;
            firstTokens = byTokens;
            firstLimit = limit;
        } else {
            grown = byRequests >= MORE * firstRequests && byTokens >= MORE * firstTokens;
            vain = limit >= MORE * firstLimit && byRequests < IN_VAIN * firstRequests;
        }
    }
}
