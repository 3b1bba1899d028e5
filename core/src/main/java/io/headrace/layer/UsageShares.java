package io.headrace.layer;

import io.headrace.Usage;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Splits what one call used between those it answered. The shares add up to the whole, token by token, and each is a usage in its own
 * right: what is a part of another number in the whole is so in a share.
 */
final class UsageShares {

    private UsageShares() {}

    /**
     * @param weights what each share is in proportion to, not negative; all equal if they are all 0
     */
    static List<Usage> of(Usage whole, long[] weights) {
        long fresh = whole.inputTokens() - whole.cachedInputTokens() - whole.cacheWriteTokens();
        long shortWrites = whole.cacheWriteTokens() - whole.longCacheWriteTokens();
        long said = whole.outputTokens() - whole.reasoningTokens();
        if (fresh < 0 || shortWrites < 0 || said < 0) { // a server's parts that are more than its whole
            return onFirst(whole, weights.length);
        }
        long[] freshOf = split(fresh, weights);
        long[] cachedOf = split(whole.cachedInputTokens(), weights);
        long[] shortWritesOf = split(shortWrites, weights);
        long[] longWritesOf = split(whole.longCacheWriteTokens(), weights);
        long[] saidOf = split(said, weights);
        long[] reasoningOf = split(whole.reasoningTokens(), weights);
        List<Usage> shares = new ArrayList<>(weights.length);
        for (int i = 0; i < weights.length; i++) {
            long writes = shortWritesOf[i] + longWritesOf[i];
            shares.add(new Usage(
                    freshOf[i] + cachedOf[i] + writes,
                    cachedOf[i],
                    writes,
                    longWritesOf[i],
                    saidOf[i] + reasoningOf[i],
                    reasoningOf[i],
                    whole.isKnown() ? 0 : 1));
        }
        return shares;
    }

    private static List<Usage> onFirst(Usage whole, int shares) {
        List<Usage> all = new ArrayList<>(Collections.nCopies(shares, Usage.ZERO));
        all.set(0, whole);
        return all;
    }

    /** Each gets what lies between its ends on a line of {@code total}, rounded down. */
    private static long[] split(long total, long[] weights) {
        BigInteger sum = BigInteger.ZERO;
        for (long weight : weights) {
            sum = sum.add(BigInteger.valueOf(weight));
        }
        boolean equal = sum.signum() == 0;
        BigInteger all = equal ? BigInteger.valueOf(weights.length) : sum;
        long[] shares = new long[weights.length];
        BigInteger upTo = BigInteger.ZERO;
        long given = 0;
        for (int i = 0; i < weights.length; i++) {
            upTo = upTo.add(equal ? BigInteger.ONE : BigInteger.valueOf(weights[i]));
            long end = upTo.multiply(BigInteger.valueOf(total)).divide(all).longValue();
            shares[i] = end - given;
            given = end;
        }
        return shares;
    }
}
