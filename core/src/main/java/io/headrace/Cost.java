package io.headrace;

import java.math.BigDecimal;
import java.util.Objects;

/**
 * Money of one answer or a sum of answers, in US dollars as an exact decimal. An answer whose price is not known counts as
 * one unknown, never as zero dollars.
 *
 * @param usd the known part, at least 0
 * @param unknown answers in this sum whose price is not known
 */
public record Cost(BigDecimal usd, long unknown) {

    public static final Cost ZERO = new Cost(BigDecimal.ZERO, 0);

    /** One answer whose price is not known. */
    public static final Cost UNKNOWN = new Cost(BigDecimal.ZERO, 1);

    /**
     * @throws IllegalArgumentException for a negative number
     */
    public Cost {
        Objects.requireNonNull(usd, "usd");
        if (usd.signum() < 0 || unknown < 0) {
            throw new IllegalArgumentException("negative cost: " + usd + " USD, " + unknown + " unknown");
        }
    }

    /** A known amount. */
    public static Cost of(BigDecimal usd) {
        return new Cost(usd, 0);
    }

    /** Whether there is nothing in this sum, known or not. */
    public boolean isNone() {
        return usd.signum() == 0 && unknown == 0;
    }

    /** Whether every answer in this sum has a known price. */
    public boolean isKnown() {
        return unknown == 0;
    }

    @SuppressWarnings("ReferenceEquality") // most sums begin with ZERO itself
    public Cost plus(Cost other) {
        if (this == ZERO) {
            return other;
        }
        return new Cost(usd.add(other.usd), unknown + other.unknown);
    }
}
