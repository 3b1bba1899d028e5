package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.GateSnapshot;
import io.headrace.admission.Level;
import io.headrace.observe.StatisticsSnapshot.Times;
import io.headrace.run.RunReport.Attempts;
import io.headrace.run.RunReport.Calls;
import io.headrace.run.RunReport.Items;
import io.headrace.run.RunReport.LimitPoint;
import io.headrace.run.RunReport.Part;
import io.headrace.run.RunReport.Waiting;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes a report as {@code report.json} for programs and {@code report.txt} for people. */
final class ReportWriter {

    private static final int NAME_WIDTH = 28;
    private static final int COLUMN_WIDTH = 16;

    private ReportWriter() {}

    /** Writes both, or leaves none: one of an earlier run would pass for this one's. */
    static void write(RunReport report) throws IOException {
        Path json = report.directory().resolve("report.json");
        Path text = report.directory().resolve("report.txt");
        try {
            RunFiles.replace(json, PrettyJson.bytes(json(report)));
            RunFiles.replace(text, text(report).getBytes(UTF_8));
        } catch (IOException e) {
            RunFiles.discard(json, e);
            RunFiles.discard(text, e);
            throw e;
        }
    }

    /** Totals on the top level, this run beside them. */
    private static Map<String, @Nullable Object> json(RunReport report) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("end", report.end().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        json.put("reason", report.reason());
        json.put("run", report.run());
        json.put("startedAt", report.startedAt().toString());
        json.put("durationMs", report.duration().toMillis());
        json.put("itemsPerSecond", report.itemsPerSecond());
        json.put("allRowsKnown", report.allRowsKnown());
        json.putAll(part(report.total()));
        Map<String, @Nullable Object> thisRun = part(report.thisRun());
        thisRun.putAll(attempts(report.attempts()));
        json.put("thisRun", thisRun);
        Map<String, @Nullable Object> lost = new LinkedHashMap<>();
        lost.put("calls", report.lostCalls());
        lost.put("costUsdAtMost", report.lostCost().usd());
        lost.put("unpriced", report.lostCost().unknown());
        json.put("lostInCrashes", lost);
        json.put("cutBytes", report.cutBytes());
        if (!report.waiting().isNone()) {
            json.put("waiting", waiting(report.waiting()));
        }
        report.budget().ifPresent(budget -> json.put("budget", budget(budget)));
        if (!report.gates().isEmpty()) {
            json.put("gates", report.gates().stream().map(ReportWriter::gate).toList());
            json.put("limits", report.limits().stream().map(ReportWriter::point).toList());
        }
        json.put("notes", report.notes());
        json.put("reductions", reductions(report.reductions()));
        json.put("failedReductions", report.failedReductions());
        return json;
    }

    private static Map<String, @Nullable Object> waiting(Waiting waiting) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("items", waiting.items());
        json.put("calls", waiting.calls());
        json.put("costUsdAtMost", waiting.most().usd());
        json.put("unpriced", waiting.most().unknown());
        return json;
    }

    private static Map<String, @Nullable Object> gate(GateSnapshot gate) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("gate", gate.gate());
        if (!gate.standstill().isEmpty()) {
            json.put("standstill", gate.standstill());
            json.put("paused", gate.paused());
        }
        json.put("limits", gate.shared().stream().map(ReportWriter::level).toList());
        json.put("keys", gate.keys().stream().map(ReportWriter::key).toList());
        return json;
    }

    private static Map<String, @Nullable Object> key(GateSnapshot.Key key) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("key", key.name());
        json.put("gone", key.gone());
        json.put("limits", key.levels().stream().map(ReportWriter::level).toList());
        return json;
    }

    private static Map<String, @Nullable Object> level(Level level) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("resource", level.resource());
        json.put("used", level.used());
        json.put("limit", Double.isFinite(level.limit()) ? level.limit() : null);
        json.put("origin", level.origin().name().toLowerCase(Locale.ROOT));
        return json;
    }

    private static Map<String, @Nullable Object> point(LimitPoint point) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("atMs", point.at().toMillis());
        json.put("gate", point.gate());
        json.put("key", point.key());
        json.put("resource", point.resource());
        json.put("limit", point.limit());
        json.put("origin", point.origin().name().toLowerCase(Locale.ROOT));
        return json;
    }

    private static Map<String, @Nullable Object> budget(Budget.Balance budget) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("usd", account(budget.usd()));
        json.put("tokens", account(budget.tokens()));
        return json;
    }

    private static Map<String, @Nullable Object> account(Budget.Balance.Account account) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("spent", account.spent());
        json.put("reserved", account.reserved());
        json.put("cap", account.cap());
        return json;
    }

    private static Map<String, @Nullable Object> part(Part part) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("items", items(part.items()));
        json.put("calls", calls(part.calls()));
        json.put("failedByKind", labels(part.failedByKind()));
        json.put("itemMs", times(part.itemTime()));
        json.put("tokens", tokens(part.usage()));
        json.put("costUsd", part.cost().usd());
        json.put("unpricedCalls", part.cost().unknown());
        json.put("savedUsd", part.saved().usd());
        return json;
    }

    private static Map<String, Object> items(Items items) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("in", items.in());
        json.put("ok", items.ok());
        json.put("failed", items.failed());
        json.put("skipped", items.skipped());
        json.put("cancelled", items.cancelled());
        json.put("pending", items.pending());
        return json;
    }

    private static Map<String, Object> calls(Calls calls) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("sent", calls.sent());
        json.put("cached", calls.cached());
        json.put("retried", calls.retried());
        json.put("unknown", calls.unknown());
        json.put("cachedShare", calls.cachedShare());
        return json;
    }

    private static Map<String, Object> tokens(Usage usage) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("inputTokens", usage.inputTokens());
        json.put("cachedInputTokens", usage.cachedInputTokens());
        json.put("cacheWriteTokens", usage.cacheWriteTokens());
        json.put("longCacheWriteTokens", usage.longCacheWriteTokens());
        json.put("outputTokens", usage.outputTokens());
        json.put("reasoningTokens", usage.reasoningTokens());
        json.put("unknown", usage.unknown());
        return json;
    }

    /** As their own files have them. */
    @SuppressWarnings("unchecked") // a value is written as what it is
    private static Map<String, Object> reductions(Map<String, Object> results) {
        Map<String, Object> json = new LinkedHashMap<>();
        results.forEach((name, result) -> {
            Codec<Object> codec = Codec.json((Class<Object>) result.getClass());
            json.put(name, new PrettyJson.Raw(new String(codec.encode(result), UTF_8)));
        });
        return json;
    }

    private static Map<String, Object> attempts(Attempts attempts) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("retriedByKind", labels(attempts.retriedByKind()));
        json.put("rateLimited", attempts.rateLimited());
        json.put("attemptMs", times(attempts.time()));
        json.put("queueMs", times(attempts.queueTime()));
        return json;
    }

    private static Map<String, Long> labels(Map<ErrorKind, Long> counts) {
        Map<String, Long> labels = new LinkedHashMap<>();
        counts.forEach((kind, count) -> labels.put(kind.label(), count));
        return labels;
    }

    /** Nothing but the count where there is none to measure. */
    private static Map<String, Number> times(Times times) {
        Map<String, Number> json = new LinkedHashMap<>();
        json.put("count", times.count());
        if (times.count() == 0) {
            return json;
        }
        json.put("p50", millis(times.p50()));
        json.put("p95", millis(times.p95()));
        json.put("p99", millis(times.p99()));
        json.put("max", millis(times.max()));
        return json;
    }

    /** The report as people read it: this run on the left, all runs on the right. */
    static String text(RunReport report) {
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
        return rounded(millis(times.p50()), 0) + "/" + rounded(millis(times.p95()), 0) + "/"
                + rounded(millis(times.p99()), 0);
    }

    private static String percent(double share) {
        return rounded(share * 100, 1) + "%";
    }

    private static String rounded(double number, int digits) {
        return BigDecimal.valueOf(number).setScale(digits, RoundingMode.HALF_UP).toPlainString();
    }

    private static String atMost(Cost cost, String unknown) {
        return cost.usd().toPlainString() + " USD"
                + (cost.isKnown() ? "" : " and " + cost.unknown() + " without a known " + unknown);
    }

    private static String kinds(Map<ErrorKind, Long> counts) {
        return counts.entrySet().stream()
                .map(entry -> entry.getKey().label() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private static double millis(Duration time) {
        return time.toNanos() / 1e6;
    }

    private static void line(StringBuilder out, String text) {
        out.append(text.stripTrailing()).append('\n');
    }
}
