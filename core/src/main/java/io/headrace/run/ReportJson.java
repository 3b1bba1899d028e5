package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;

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
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A report as programs read it. */
final class ReportJson {

    private ReportJson() {}

    /** Totals on the top level, this run beside them. */
    static Map<String, @Nullable Object> of(RunReport report) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("end", report.end().label());
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
            json.put("gates", report.gates().stream().map(ReportJson::gate).toList());
            json.put("limits", report.limits().stream().map(ReportJson::point).toList());
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
        json.put("limits", gate.shared().stream().map(ReportJson::level).toList());
        json.put("keys", gate.keys().stream().map(ReportJson::key).toList());
        return json;
    }

    private static Map<String, @Nullable Object> key(GateSnapshot.Key key) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("key", key.name());
        json.put("gone", key.gone());
        json.put("limits", key.levels().stream().map(ReportJson::level).toList());
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
        json.put("unpricedCached", part.saved().unknown());
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
    private static Map<String, Object> reductions(Map<String, Object> results) {
        Map<String, Object> json = new LinkedHashMap<>();
        results.forEach(
                (name, result) -> json.put(name, new PrettyJson.Raw(new String(Reductions.json(result), UTF_8))));
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

    static double millis(Duration time) {
        return time.toNanos() / 1e6;
    }
}
