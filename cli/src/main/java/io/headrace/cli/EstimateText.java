package io.headrace.cli;

import static io.headrace.cli.NamedLine.line;
import static io.headrace.cli.ProgressText.count;
import static io.headrace.cli.ProgressText.number;

import io.headrace.Cost;
import io.headrace.memory.MemoryUse;
import io.headrace.observe.DryRun.Range;
import io.headrace.run.Estimate;
import io.headrace.run.Estimate.StepEstimate;
import java.io.PrintWriter;
import java.math.RoundingMode;
import java.util.Locale;

/** What a run would take, on a few lines. */
final class EstimateText {

    private static final long MEBIBYTE = 1 << 20;
    private static final double MOST_OF_HEAP = 0.8;

    private EstimateText() {}

    /**
     * @param memory of the process that would run it
     */
    static void print(Estimate estimate, MemoryUse memory, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "estimate: %s, %s to send, %s from the cache; nothing was sent%n",
                count(estimate.rows(), "row"),
                count(estimate.calls(), "call"),
                number(estimate.cached()));
        for (StepEstimate step : estimate.steps()) {
            line(
                    out,
                    step.step(),
                    number(step.calls()) + " to send, " + number(step.cached()) + " from the cache"
                            + (step.assumed() > 0 ? ", " + number(step.assumed()) + " of them assumed" : ""));
        }
        line(
                out,
                "tokens",
                number(estimate.inputTokens()) + " in, at most " + number(estimate.outputTokens()) + " out");
        line(out, "cost", range(estimate.online()));
        if (estimate.batch().most().isKnown() && estimate.calls() > 0) {
            line(out, "in batches", range(estimate.batch()) + ", within a day");
        }
        line(out, "time", "about " + Durations.format(estimate.duration()) + " at the least");
        line(
                out,
                "memory",
                (estimate.heapBytes() / MEBIBYTE + 1) + " MB of heap for calls in flight, "
                        + (estimate.mappedBytes() / MEBIBYTE + 1) + " MB mapped for the rows; the heap may grow to "
                        + MemoryUse.text(memory.heap().limit())
                        + (memory.container().isLimited()
                                ? ", the container has "
                                        + MemoryUse.text(memory.container().limit())
                                : ""));
        if (estimate.heapBytes() > MOST_OF_HEAP * memory.heap().limit()) {
            line(
                    out,
                    "warning",
                    "that is too much for this heap: give it more by HEADRACE_JAVA_OPTS=-Xmx..., or lower --concurrency");
        }
        estimate.assumptions().forEach(text -> line(out, "assumed", text));
        out.flush();
    }

    private static String range(Range cost) {
        return usd(cost.least()) + " to " + usd(cost.most());
    }

    private static String usd(Cost cost) {
        String known = cost.usd().setScale(4, RoundingMode.HALF_UP).toPlainString() + " USD";
        return cost.isKnown() ? known : known + " and " + count(cost.unknown(), "call") + " without a known price";
    }
}
