package io.headrace.cli;

import io.headrace.admission.Budget;
import io.headrace.model.PriceTable;
import io.headrace.run.Run;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say what a run may spend, and how much of it may fail. */
final class BudgetOptions {

    private static final Pattern DOLLARS = Pattern.compile("\\d{1,12}(\\.\\d{1,12})?");

    @Option(
            names = "--max-cost",
            paramLabel = "USD",
            order = 33,
            description =
                    "Stops, with the rest pending, before more than so many dollars are spent in --out, earlier runs"
                            + " included; a higher cap goes on. Default: no bound.")
    private @Nullable BigDecimal maxCost;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            order = 34,
            description = "The same for tokens, in and out together. Default: no bound.")
    private @Nullable Long maxTokens;

    @Option(
            names = "--max-error-share",
            paramLabel = "SHARE",
            order = 35,
            description =
                    "Stops, with the rest pending, when more of the last 100 items failed, 0 to 1; above 0.05 it warns."
                            + " Default: only warns.")
    private @Nullable Double maxErrorShare;

    /**
     * @throws UsageProblem for a number out of its range
     */
    void check() {
        if (maxTokens != null) {
            Checks.range("--max-tokens", maxTokens, 0, Long.MAX_VALUE);
        }
        if (maxErrorShare != null) {
            Checks.share("--max-error-share", maxErrorShare);
        }
    }

    /** Dollars as people write them, without the sign. */
    static BigDecimal dollars(String text) {
        if (!DOLLARS.matcher(text).matches()) {
            throw new TypeConversionException(
                    "'" + text + "' is not an amount of dollars, write for example 5 or 0.50");
        }
        return new BigDecimal(text);
    }

    boolean capsTokens() {
        return maxTokens != null;
    }

    /**
     * What may be spent; null without a cap.
     *
     * @throws UsageProblem for a cap on money where one of {@code models} has no price
     */
    @Nullable
    Budget budget(Collection<String> models) {
        if (maxCost == null) {
            return maxTokens == null ? null : Budget.ofTokens(maxTokens);
        }
        for (String model : models) {
            if (PriceTable.shipped().price(model, LocalDate.now(ZoneOffset.UTC)).isEmpty()) {
                throw new UsageProblem(
                        "--max-cost needs the price of model '" + model
                                + "', which is not in the price list: use --max-tokens, or run from code with a PriceTable that has it");
            }
        }
        return maxTokens == null ? Budget.ofUsd(maxCost) : Budget.of(maxCost, maxTokens);
    }

    /** Tells {@code run} all that was said. */
    void describe(Run.Builder<?, ?> run, @Nullable Budget budget) {
        if (maxErrorShare != null) {
            run.stopAboveErrorShare(maxErrorShare);
        }
        if (budget != null) {
            run.budget(budget);
        }
    }
}
