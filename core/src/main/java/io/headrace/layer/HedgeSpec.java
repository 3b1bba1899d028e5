package io.headrace.layer;

/**
 * When a slow call is asked again. Immutable: each setter returns a changed copy.
 *
 * @param quantile a call is slow when it takes half as long again as this share of the last answers did, above 0 and
 *     below 1
 * @param maxAttempts attempts of one call at a time, at least 2
 * @param maxShare extra calls for each call at the most, above 0 and at most 1
 * @param minAnswers so many answers must be known before any call counts as slow, at least 1
 */
public record HedgeSpec(double quantile, int maxAttempts, double maxShare, int minAnswers) {

    private static final HedgeSpec STANDARD = new HedgeSpec(0.95, 3, 0.05, 20);

    /**
     * @throws IllegalArgumentException for a number out of its range
     */
    public HedgeSpec {
        if (!(quantile > 0 && quantile < 1) || maxAttempts < 2 || !(maxShare > 0 && maxShare <= 1) || minAnswers < 1) {
            throw new IllegalArgumentException("no hedging slower than quantile " + quantile + ", by " + maxAttempts
                    + " attempts, for a share of " + maxShare + ", after " + minAnswers + " answers");
        }
    }

    /** Half as long again as 95 of 100 answers took, after 20 answers; up to 3 attempts, and 5 extra ones for 100 calls. */
    public static HedgeSpec standard() {
        return STANDARD;
    }

    public HedgeSpec quantile(double quantile) {
        return new HedgeSpec(quantile, maxAttempts, maxShare, minAnswers);
    }

    public HedgeSpec maxAttempts(int maxAttempts) {
        return new HedgeSpec(quantile, maxAttempts, maxShare, minAnswers);
    }

    public HedgeSpec maxShare(double maxShare) {
        return new HedgeSpec(quantile, maxAttempts, maxShare, minAnswers);
    }

    public HedgeSpec minAnswers(int minAnswers) {
        return new HedgeSpec(quantile, maxAttempts, maxShare, minAnswers);
    }
}
