package io.headrace.admission;

import io.headrace.Cost;
import java.util.Objects;

/**
 * What one attempt asks of its {@link Resource}s before it is sent: itself, and the tokens and the money that it may take. One
 * demand is always one request.
 *
 * @param inputTokens tokens of the prompt, estimated
 * @param outputTokens the most tokens that the answer may have, or what is expected where there is no bound
 * @param ceiling the most that it may cost; unknown without a price or a bound
 */
public record Demand(long inputTokens, long outputTokens, Cost ceiling) {

    /** A request that counts as nothing but itself. */
    public static final Demand REQUEST = new Demand(0, 0, Cost.ZERO);

    /**
     * @throws IllegalArgumentException for a negative number
     */
    public Demand {
        Objects.requireNonNull(ceiling, "ceiling");
        if (inputTokens < 0 || outputTokens < 0) {
            throw new IllegalArgumentException(
                    "negative demand: " + inputTokens + " tokens in, " + outputTokens + " out");
        }
    }

    /** Tokens in and out. */
    public long tokens() {
        return inputTokens + outputTokens;
    }
}
