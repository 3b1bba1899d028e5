package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;

/**
 * What a request would take from its key's quota.
 *
 * @param input tokens of the prompt that count
 * @param output the most tokens that it lets the answer have, 0 where it sets no limit
 */
record Demand(long input, long output) {

    /** What must be there for it to be let in. */
    long needs(Dimension dimension, OutputCharge charge) {
        long least = charge == OutputCharge.PRODUCED ? 1 : 0; // for the first token of the answer
        return Math.max(taken(dimension, charge), dimension == Dimension.OUTPUT_TOKENS ? least : 0);
    }

    /** What is taken when it is let in. */
    long taken(Dimension dimension, OutputCharge charge) {
        long reserved = charge == OutputCharge.PRODUCED ? 0 : output;
        return switch (dimension) {
            case REQUESTS -> 1;
            case TOKENS -> input + reserved;
            case INPUT_TOKENS -> input;
            case OUTPUT_TOKENS -> reserved;
        };
    }

    /** What the answer takes besides; negative for what it gives back. */
    static long corrected(OutputCharge charge, long reserved, long produced) {
        return switch (charge) {
            case RESERVED -> 0;
            case CORRECTED -> produced - reserved;
            case PRODUCED -> produced;
        };
    }
}
