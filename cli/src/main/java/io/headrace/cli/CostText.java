package io.headrace.cli;

import static io.headrace.cli.ProgressText.count;

import io.headrace.Cost;
import java.math.BigDecimal;
import java.math.RoundingMode;

/** Money for people, to the millionth of a dollar. */
final class CostText {

    private static final int DIGITS = 6;

    private CostText() {}

    /** Also says for how many calls it is not known: for want of a price, or of the answer that tells what was used. */
    static String of(Cost cost) {
        return usd(cost.usd()) + (cost.isKnown() ? "" : " and " + count(cost.unknown(), "call") + " of unknown cost");
    }

    static String usd(BigDecimal amount) {
        return amount.setScale(DIGITS, RoundingMode.HALF_UP)
                        .stripTrailingZeros()
                        .toPlainString() + " USD";
    }
}
