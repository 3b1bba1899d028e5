package io.headrace.batch;

import io.headrace.Cost;
import java.math.BigDecimal;

/**
 * Requests that a cap keeps from being submitted, because it was lowered or was not there when they were parked.
 *
 * @param requests of packs for which there is no room
 * @param most the most that they may cost
 * @param cap the one that leaves the least, in USD
 * @param left what it leaves beside all that is spent, held by others, out, or about to be submitted; below zero if that is more
 */
public record HeldBack(long requests, Cost most, BigDecimal cap, BigDecimal left) {

    /** What is held back, why, and what to do, for people. */
    public String message() {
        return requests + (requests == 1 ? " request is" : " requests are") + " not submitted, which may cost "
                + text(most.usd()) + " USD"
                + (most.isKnown() ? "" : " and " + most.unknown() + " without a known price")
                + ": the cap of " + text(cap) + " USD leaves "
                + text(left.max(BigDecimal.ZERO))
                + " USD beside what is spent, reserved and out; raise the cap to submit them, or give them up by a cancel";
    }

    private static String text(BigDecimal usd) {
        return usd.signum() == 0 ? "0" : usd.stripTrailingZeros().toPlainString();
    }
}
