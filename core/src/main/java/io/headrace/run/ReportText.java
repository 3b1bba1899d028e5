package io.headrace.run;

import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.admission.Budget;
import io.headrace.observe.StatisticsSnapshot.Times;
import io.headrace.run.RunReport.Items;
import io.headrace.run.RunReport.Part;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.stream.Collectors;

/** A report as people read it: this run on the left, all runs on the right. */
final class ReportText {

    private static final int NAME_WIDTH = 28;
    private static final int COLUMN_WIDTH = 16;

    private ReportText() {}

    static String of(RunReport report) {
        StringBuilder out = new StringBuilder();
        Part now = report.thisRun();
        Part all = report.total();
        line(out, ending(report));
        row(out, "", "this run", "all runs");
        items(out, now.items(), all.items(), report.allRowsKnown());
        row(out, "calls sent", now.calls().sent(), all.calls().sent());
        row(out, "calls from the cache", now.calls().cached(), all.calls().cached());
        row(out, "retries", now.calls().retried(), all.calls().retried());
        row(out, "calls, outcome unknown", now.calls().unknown(), all.calls().unknown());
        row(out, "tokens in", now.usage().inputTokens(), all.usage().inputTokens());
        row(out, "tokens out", now.usage().outputTokens(), all.usage().outputTokens());
        row(out, "cost in USD", cost(now.cost()), cost(all.cost()));
        row(out, "saved by the cache in USD", cost(now.saved()), cost(all.saved()));
        row(
                out,
                "cached share",
                percent(now.calls().cachedShare()),
                percent(all.calls().cachedShare()));
        row(out, "item ms p50/p95/p99", percentiles(now.itemTime()), percentiles(all.itemTime()));
        row(out, "attempt ms p50/p95/p99", percentiles(report.attempts().time()));
        row(out, "queue ms p50/p95/p99", percentiles(report.attempts().queueTime()));
        if (!all.failedByKind().isEmpty()) {
            line(out, "failed items: " + kinds(all.failedByKind()));
        }
        if (!report.attempts().retriedByKind().isEmpty()) {
            line(out, "retries: " + kinds(report.attempts().retriedByKind()));
        }
        if (report.attempts().rateLimited() > 0) {
            line(out, "rate-limit errors: " + report.attempts().rateLimited());
        }
        if (report.lostCalls() > 0) {
            line(
                    out,
                    "calls in flight when a process died: " + report.lostCalls() + ", outcome unknown, at most "
                            + atMost(report.lostCost(), "bound"));
        }
        if (!report.waiting().isNone()) {
            line(
                    out,
                    "waiting for batches: " + report.waiting().items() + " items, "
                            + report.waiting().calls()
                            + " calls of this run; the batches may still cost at most "
                            + atMost(report.waiting().most(), "price"));
        }
        if (report.cutBytes() > 0) {
            line(out, "torn ends of files cut off: " + report.cutBytes() + " bytes");
        }
        if (!report.allRowsKnown()) {
            line(out, "the dataset was not read to its end");
        }
        report.budget().ifPresent(budget -> {
            budget(out, "USD", budget.usd());
            budget(out, "tokens", budget.tokens());
        });
        report.failedReductions()
                .forEach((name, why) ->
                        line(out, "reduction '" + name + "' failed: " + why + "; run again to try it again"));
        report.notes().forEach(note -> line(out, "note: " + note));
        return out.toString();
    }

    private static void budget(StringBuilder out, String unit, Budget.Balance.Account account) {
        if (account.cap() != null) {
            line(
                    out,
                    "budget: " + account.spent().toPlainString() + " of "
                            + account.cap().toPlainString() + " " + unit + " spent");
        }
    }

    private static String ending(RunReport report) {
        String what = switch (report.end()) {
            case FINISHED -> "finished";
            case WAITING -> "is waiting: " + report.reason();
            case STOPPED, STOPPED_BY_POLICY, BROKEN -> "stopped early: " + report.reason();
        };
        return "run " + report.run() + " " + what + ", after "
                + rounded(report.duration().toNanos() / 1e9, 1) + " s, "
                + rounded(report.itemsPerSecond(), 1) + " items a second";
    }

    private static void items(StringBuilder out, Items now, Items all, boolean allRowsKnown) {
        String atLeast = allRowsKnown ? "" : "at least ";
        row(out, "items", String.valueOf(now.in()), atLeast + all.in());
        row(out, "  ok", now.ok(), all.ok());
        row(out, "  failed", now.failed(), all.failed());
        row(out, "  skipped", now.skipped(), all.skipped());
        row(out, "  cancelled", now.cancelled(), all.cancelled());
        row(out, "  pending", String.valueOf(now.pending()), atLeast + all.pending());
    }

    private static void row(StringBuilder out, String name, long now, long all) {
        row(out, name, String.valueOf(now), String.valueOf(all));
    }

    /** Without formats, for those load the data of locales. */
    private static void row(StringBuilder out, String name, String... columns) {
        StringBuilder row = new StringBuilder(name).append(spaces(NAME_WIDTH - name.length()));
        for (String column : columns) {
            row.append(' ').append(spaces(COLUMN_WIDTH - column.length())).append(column);
        }
        line(out, row.toString());
    }

    private static String spaces(int count) {
        return " ".repeat(Math.max(0, count));
    }

    private static String cost(Cost cost) {
        return cost.usd().toPlainString() + (cost.isKnown() ? "" : " + " + cost.unknown() + " ?");
    }

    private static String percentiles(Times times) {
        if (times.count() == 0) {
            return "-";
        }
        return rounded(ReportJson.millis(times.p50()), 0) + "/" + rounded(ReportJson.millis(times.p95()), 0) + "/"
                + rounded(ReportJson.millis(times.p99()), 0);
    }

    private static String percent(double share) {
        return rounded(share * 100, 1) + "%";
    }

    private static String rounded(double number, int digits) {
        return BigDecimal.valueOf(number).setScale(digits, RoundingMode.HALF_UP).toPlainString();
    }

    static String atMost(Cost cost, String unknown) {
        return cost.usd().toPlainString() + " USD"
                + (cost.isKnown() ? "" : " and " + cost.unknown() + " without a known " + unknown);
    }

    private static String kinds(Map<ErrorKind, Long> counts) {
        return counts.entrySet().stream()
                .map(entry -> entry.getKey().label() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private static void line(StringBuilder out, String text) {
        out.append(text.stripTrailing()).append('\n');
    }
}
