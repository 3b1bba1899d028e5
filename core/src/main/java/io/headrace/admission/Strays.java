package io.headrace.admission;

/**
 * Whether a key is refused at random, for nothing that a limit explains, and which refusals are then of that kind.
 *
 * <p>A limit refuses by the rate, strays do not. So a limit's refusals find the same rate again and again, and none comes at less
 * than that. Strays come at any rate, and what was accepted between two of them is whatever was sent. Evidence of the
 * second kind makes it suspected first, which has the rate step back further to see whether they come there too, and
 * proves it then.
 *
 * <p>When it is proven, refusals are paid for by answers, and only one that is not paid for is evidence of a limit: the token bucket
 * of gRPC's <a href="https://github.com/grpc/proposal/blob/master/A6-client-retries.md">retry throttling</a> (gRFC A6), with
 * twice the share of strays in place of its fixed ratio. Pure arithmetic.
 */
final class Strays {

    private static final double SUSPICION = 0.5;
    private static final double PROOF = 3;

    /** Estimates of a limit differ by less. */
    private static final double ALIKE = 0.05;

    /** And never by more. */
    private static final double UNLIKE = 0.1;

    /** The evidence of one refusal that comes sooner than a limit's, or at an unlike rate. */
    private static final double LITTLE = 0.25;

    /** What an answer pays of a refusal, at the least and at the most. */
    private static final double LEAST_PAY = 0.01;

    private static final double MOST_PAY = 0.5;

    /** So many refusals may be paid for in advance. */
    private static final double MOST_PAID = 10;

    /** The weight of one more in the share of refusals. */
    private static final double WEIGHT = 1 / 200.0;

    private double evidence;
    private double suspicion = 3 * SUSPICION;
    private boolean proven;
    private double share;
    private double seen;
    private final Search search = new Search();
    private double pay;
    private double paid;

    void answered() {
        share -= share * WEIGHT;
        seen += (1 - seen) * WEIGHT;
        paid = Math.min(MOST_PAID, paid + pay);
    }

    void refused() {
        share += (1 - share) * WEIGHT;
        seen += (1 - seen) * WEIGHT;
        paid = Math.max(0, paid - 1);
    }

    /** Whether the refusal that just came is one of them, as far as one can tell: asked before {@link #refused}. */
    boolean cover() {
        return isPaid() || search.goesOn();
    }

    boolean isPaid() {
        return proven && paid >= 1;
    }

    Search search() {
        return search;
    }

    /**
     * A refusal came where a limit was thought to be found.
     *
     * @param unlike by how much the rate that was accepted before it differs from that of the time before, a logarithm; NaN where it
     *     says nothing
     * @param below whether it came at a rate clearly below what was accepted before
     * @param soon whether it came much sooner after the last one than the found limit lets expect
     * @return whether that is proof
     */
    boolean weigh(double unlike, boolean below, boolean soon) {
        if (below) {
            evidence += unlike > ALIKE ? 1 : 0;
        } else if (unlike > UNLIKE || soon) {
            evidence += LITTLE;
        } else if (unlike < ALIKE) {
            evidence = Math.max(0, evidence - 0.1);
        }
        return evidence >= PROOF;
    }

    /** Hardly anything is accepted any more. */
    void suspect() {
        evidence += SUSPICION;
    }

    /** Whether to search anew for a limit, because the one that was found may be none: each time it takes twice the evidence. */
    boolean searchAgain() {
        if (evidence < suspicion) {
            return false;
        }
        suspicion *= 2;
        evidence = 0;
        search.begin();
        return true;
    }

    boolean areSuspected() {
        return evidence >= SUSPICION;
    }

    /** They are: as many as of late are to be expected. */
    void prove() {
        evidence = 0;
        proven = true;
        pay = Math.max(LEAST_PAY, Math.min(MOST_PAY, 2 * share / seen));
        paid = MOST_PAID;
    }
}
