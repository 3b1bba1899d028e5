package io.headrace.admission;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a response said of the limits of the key that it was sent with; a part is null where the response said nothing.
 *
 * @param requests requests
 * @param tokens tokens in and out, as the provider counts them
 * @param inputTokens tokens in
 * @param outputTokens tokens out
 */
public record ServerLimits(
        @Nullable Allowance requests,
        @Nullable Allowance tokens,
        @Nullable Allowance inputTokens,
        @Nullable Allowance outputTokens) {

    /**
     * One limit as the server sees it.
     *
     * @param limit what it allows in {@code period}, at least 1
     * @param period usually a minute
     * @param remaining what is left now, from 0; -1 when not said
     * @param reset until all of it is back; null when not said
     */
    public record Allowance(
            long limit,
            Duration period,
            long remaining,
            @Nullable Duration reset) {

        /**
         * @throws IllegalArgumentException for a limit below 1 and a period that is not positive
         */
        public Allowance {
            Objects.requireNonNull(period, "period");
            if (limit < 1 || period.isNegative() || period.isZero()) {
                throw new IllegalArgumentException("no limit: " + limit + " in " + period);
            }
        }
    }
}
