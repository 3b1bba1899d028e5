package io.headrace.cli;

import static io.headrace.cli.NamedLine.line;
import static io.headrace.cli.ProgressText.count;
import static io.headrace.cli.ProgressText.number;

import io.headrace.Cost;
import io.headrace.admission.Budget;
import io.headrace.examples.analysis.CorpusSummary;
import io.headrace.run.RunReport;
import io.headrace.run.RunReport.Calls;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import io.headrace.run.RunReport.Part;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a run came to, on a few lines; report.txt has the rest. */
final class Summary {

    private final RunReport report;
    private final Part told;
    private final boolean ofAllPasses;
    private final boolean simulated;
    private final OptionalLong estimate;

    /**
     * @param inPasses whether the report is that of the last of several passes, so that what all of them took is told
     * @param simulated whether nobody was paid, whatever the price list says
     * @param estimate rows that there may be, for a run that did not come to their end
     */
    Summary(RunReport report, boolean inPasses, boolean simulated, OptionalLong estimate) {
        this.report = report;
        this.ofAllPasses = inPasses && report.thisRun().items().done() > 0;
        this.told = ofAllPasses ? report.total() : report.thisRun();
        this.simulated = simulated;
        this.estimate = estimate;
    }

    void print(PrintWriter out) {
        Items now = told.items();
        Items all = report.total().items();
        long before = all.done() - now.done();
        out.printf(
                Locale.ROOT,
                "%s: %s done%s%s%n",
                switch (report.end()) {
                    case FINISHED -> "finished";
                    case WAITING -> "waiting";
                    case STOPPED, STOPPED_BY_POLICY -> "stopped early";
                    case BROKEN -> "broken off";
                },
                count(now.done(), "item"),
                ofAllPasses ? " in all" : " in " + Durations.format(report.duration()),
                before > 0 ? ", " + number(before) + " done before" : "");
        if (report.end() != End.FINISHED) {
            line(out, "reason", report.reason());
        }
        line(out, "items", items(report.total()));
        CorpusSummary corpus = (CorpusSummary) report.reductions().get("summary");
        if (corpus != null && corpus.documents() > 0) {
            line(out, "categories", categories(corpus.categories()));
            line(out, "in words", corpus.prose());
        }
        calls(out, before);
        if (report.waiting().items() > 0) {
            line(
                    out,
                    "waiting",
                    count(report.waiting().items(), "item") + " for batches, which may still cost "
                            + CostText.of(report.waiting().most()));
        }
        report.budget().ifPresent(budget -> line(out, "budget", budget(budget)));
        if (report.lostCalls() > 0) {
            line(out, "crashes", lost());
        }
        if (report.cutBytes() > 0) {
            line(
                    out,
                    "cut off",
                    number(report.cutBytes())
                            + " bytes at the ends of files, left by a crash or by damage to the journal");
        }
        report.failedReductions()
                .forEach((name, why) -> line(
                        out,
                        name,
                        "failed: " + why + "; the same command tries it again, finished items cost nothing"));
        report.notes().forEach(note -> line(out, "note", note));
        if (report.end() != End.FINISHED && report.end() != End.WAITING) {
            line(
                    out,
                    "next",
                    "the same command goes on from here"
                            + (all.failed() > 0 ? "; with --retry-failed it tries the failed items again too" : ""));
        }
        line(out, "files", report.directory() + ": " + files(all));
        out.flush();
    }

    private void calls(PrintWriter out, long before) {
        Part now = told;
        Calls calls = now.calls();
        if (calls.sent() > 0) {
            line(
                    out,
                    "calls",
                    number(calls.sent()) + " sent, " + number(calls.cached()) + " from the cache, "
                            + number(calls.retried()) + " retried, " + number(calls.unknown())
                            + " with unknown outcome");
            line(
                    out,
                    "tokens",
                    number(now.usage().inputTokens()) + " in, "
                            + number(now.usage().outputTokens()) + " out"
                            + (now.usage().isKnown()
                                    ? ""
                                    : ", " + count(now.usage().unknown(), "answer") + " unknown"));
            line(
                    out,
                    "cost",
                    CostText.of(now.cost()) + saved(now.saved()) + (simulated ? " (list price, simulated)" : ""));
        } else if (now.items().done() == 0 && before > 0) {
            line(out, "calls", "no call was sent: " + count(before, "item") + " done before");
        } else if (calls.cached() > 0) {
            line(
                    out,
                    "calls",
                    "no call was sent: " + count(calls.cached(), "answer") + " from the cache" + saved(now.saved()));
        } else {
            line(out, "calls", "no call was sent");
        }
    }

    private String items(Part total) {
        Items all = total.items();
        String text = number(all.ok()) + " ok, " + number(all.failed()) + " failed";
        if (!total.failedByKind().isEmpty()) {
            text += total.failedByKind().entrySet().stream()
                    .map(kind -> kind.getKey().label() + " " + number(kind.getValue()))
                    .collect(Collectors.joining(", ", " (", ")"));
        }
        if (all.skipped() > 0) {
            text += ", " + number(all.skipped()) + " skipped";
        }
        if (all.cancelled() > 0) {
            text += ", " + number(all.cancelled()) + " cancelled";
        }
        if (!report.allRowsKnown()) {
            long open = estimate.orElse(0) - all.done() - all.cancelled();
            return text + (open > 0 ? ", about " + number(open) + " pending" : ", pending unknown")
                    + " (the input was not read to its end)";
        }
        return all.pending() > 0 ? text + ", " + number(all.pending()) + " pending" : text;
    }

    private static String categories(Map<String, Long> categories) {
        return categories.entrySet().stream()
                .map(category -> category.getKey() + " " + number(category.getValue()))
                .collect(Collectors.joining(", "));
    }

    private static String budget(Budget.Balance budget) {
        List<String> parts = new ArrayList<>();
        if (budget.usd().cap() != null) {
            parts.add(CostText.usd(budget.usd().spent()) + " of "
                    + CostText.usd(budget.usd().cap()));
        }
        if (budget.tokens().cap() != null) {
            parts.add(number(budget.tokens().spent().longValue()) + " of "
                    + number(budget.tokens().cap().longValue()) + " tokens");
        }
        return String.join(", ", parts) + " spent, earlier runs included";
    }

    private String lost() {
        return count(report.lostCalls(), "call") + " in flight when a process died: outcome unknown, at most "
                + CostText.of(report.lostCost());
    }

    private String files(Items all) {
        return Stream.of("results.jsonl", "dead-letters.jsonl", "summary.json", "report.json", "report.txt")
                .filter(name -> !name.startsWith("dead") || all.failed() > 0)
                .filter(name -> Files.exists(report.directory().resolve(name)))
                .map(name -> name.startsWith("dead") ? name + " (try them again with --retry-failed)" : name)
                .collect(Collectors.joining(", "));
    }

    private static String saved(Cost saved) {
        return saved.isNone() ? "" : ", saved " + CostText.of(saved);
    }
}
