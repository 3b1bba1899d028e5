package io.headrace.run;

import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.batch.BatchQueue;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * What a run spends of its budget. The budget is told what was spent in the run's directory without it: by earlier processes, and at
 * most by what they had in flight when they died. It remembers that by directory, for another run may go on there.
 */
record RunSpending(Budget budget, Path directory) {

    RunSpending {
        directory = directory.toAbsolutePath().normalize();
    }

    /**
     * An execution begins: charges what the budget does not know of, and has it count what {@code queue} may still cost or has wasted.
     *
     * @param context of the execution, for the queue
     * @return what cannot be counted, for the report
     */
    List<String> begin(Totals totals, @Nullable BatchQueue queue, ContextView context) {
        List<String> notes = new ArrayList<>();
        budget.charge(directory, spent(totals), tokens(totals));
        long unpriced = unpriced(totals);
        if (unpriced > 0 && budget.balance().usd().cap() != null) {
            notes.add(notCounted(unpriced, "of earlier runs"));
        }
        if (queue != null) {
            queue.under(budget, context);
            long owed = queue.outstanding().unknown();
            if (owed > 0) {
                notes.add(notCounted(owed, "that wait for batches"));
            }
        }
        return notes;
    }

    private static String notCounted(long calls, String which) {
        return "the cap on money does not count " + calls + " calls " + which
                + ": their price or their bound is not known";
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
