package io.headrace.run;

import io.headrace.Usage;
import io.headrace.admission.Budget;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The budget of a run, told what was spent in its directory without it: by earlier processes, and by what they had in flight when
 * they died, at its most. The budget remembers for which directories it was told, for another run may go on there.
 */
record SpentBefore(Budget budget, Path directory) {

    SpentBefore {
        directory = directory.toAbsolutePath().normalize();
    }

    /**
     * An execution begins: charges what the budget does not know of.
     *
     * @return what cannot be charged, for the report
     */
    Optional<String> begin(Totals totals) {
        budget.charge(directory, spent(totals), tokens(totals));
        long unpriced = unpriced(totals);
        return unpriced == 0 || budget.balance().usd().cap() == null
                ? Optional.empty()
                : Optional.of("the cap on money does not count " + unpriced
                        + " calls of earlier runs: their price or their bound is not known");
    }

    /** The execution is over: what stands in the journal by now is known. */
    void end(Totals totals) {
        budget.hears(directory, spent(totals), tokens(totals));
    }

    private static BigDecimal spent(Totals totals) {
        return totals.paid()
                .usd()
                .add(totals.lostCost().usd())
                .add(totals.doubtful().usd());
    }

    private static long unpriced(Totals totals) {
        return totals.lostCost().unknown() + totals.doubtful().unknown();
    }

    /** The journal does not know what lost attempts may have used: they count as the mean of the others. */
    private static long tokens(Totals totals) {
        Usage used = totals.used();
        long known = used.inputTokens() + used.outputTokens();
        long guessed = totals.lost() + used.unknown();
        long answered = Math.max(1, totals.sent() - guessed);
        return known + guessed * known / answered;
    }
}
