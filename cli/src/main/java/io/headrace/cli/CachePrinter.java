package io.headrace.cli;

import static io.headrace.cli.ProgressText.count;
import static io.headrace.cli.ProgressText.number;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.cache.AnswerTotal;
import io.headrace.cache.CacheCheck;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheHits;
import io.headrace.cache.CacheImport;
import io.headrace.cache.CacheSummary;
import io.headrace.cache.StoredEntry.Answer;
import io.headrace.cache.WhyMiss;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;

/** What commands on a cache found, as text for people or as one JSON object; both say the same. */
final class CachePrinter {

    private final boolean json;
    private final PrintWriter out;

    private CachePrinter(boolean json, PrintWriter out) {
        this.json = json;
        this.out = out;
    }

    static CachePrinter of(boolean json, PrintWriter out) {
        return new CachePrinter(json, out);
    }

    void summary(Path folder, CacheSummary summary) {
        CacheHits hits = summary.statistics().hits();
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("folder", folder.toString());
            object.put("diskBytes", summary.statistics().bytes());
            object.put("answers", total(summary.answers()));
            object.put("damaged", summary.damaged());
            object.put("oldest", String.valueOf(summary.oldest()));
            object.put("newest", String.valueOf(summary.newest()));
            object.put("hits", hits.count());
            object.put("saved", spent(hits.usage(), hits.cost()));
            object.put("models", totals(summary.models()));
            object.put("namespaces", totals(summary.namespaces()));
            print(object);
            return;
        }
        out.printf(Locale.ROOT, "cache: %s%n", folder);
        line(
                "answers",
                number(summary.answers().count()) + ", "
                        + Sizes.format(summary.statistics().bytes()) + " on disk, "
                        + Sizes.format(summary.answers().bytes()) + " uncompressed");
        if (summary.oldest() != null) {
            line("stored", summary.oldest() + " to " + summary.newest());
        }
        line("bought", text(summary.answers().usage(), summary.answers().cost()));
        line("hits", number(hits.count()) + ", saved " + text(hits.usage(), hits.cost()));
        totals("model", summary.models());
        totals("namespace", summary.namespaces());
        if (summary.damaged() > 0) {
            line("damaged", count(summary.damaged(), "record") + "; 'headrace cache verify' names them");
        }
    }

    void answers(List<Answer> answers, boolean withText) {
        if (json) {
            List<Object> list = new ArrayList<>();
            answers.forEach(answer -> list.add(answer(answer, withText)));
            print(Map.of("answers", list));
            return;
        }
        for (Answer answer : answers) {
            CacheEntry entry = answer.entry();
            out.printf(Locale.ROOT, "answer %d of %s%n", answer.sample(), answer.fingerprint());
            line("model", entry.model());
            line("namespace", entry.namespace());
            line("stored", entry.storedAt().toString());
            line("size", count(entry.answer().length, "byte") + (entry.truncated() ? ", cut at the length limit" : ""));
            line("bought", text(entry.usage(), entry.cost()));
            line(
                    "fields",
                    String.join(
                            ", ", entry.fields().stream().map(f -> f.field()).toList()));
            if (withText) {
                line("answer", new String(entry.answer(), UTF_8));
            }
        }
    }

    void whyMiss(Answer asked, WhyMiss why) {
        Answer nearest = why.nearest();
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("fingerprint", asked.fingerprint().toString());
            object.put("samples", why.samples());
            if (nearest != null) {
                object.put("nearest", nearest.fingerprint().toString());
                object.put("nearestStoredAt", nearest.entry().storedAt().toString());
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            why.differences()
                    .forEach(each -> fields.put(each.field(), each.kind().name().toLowerCase(Locale.ROOT)));
            object.put("differences", fields);
            print(object);
            return;
        }
        out.printf(Locale.ROOT, "request %s, stored samples %s%n", asked.fingerprint(), why.samples());
        if (nearest == null) {
            line("nearest", "none was stored before it");
            return;
        }
        line("nearest", nearest.fingerprint() + ", stored " + nearest.entry().storedAt());
        why.differences()
                .forEach(each -> line(
                        each.field(),
                        switch (each.kind()) {
                            case CHANGED -> "differs";
                            case ADDED -> "is new: the nearest has none";
                            case MISSING -> "is gone: the nearest has one";
                        }));
    }

    void imported(CacheImport done) {
        if (json) {
            print(Map.of("stored", done.stored(), "kept", done.kept(), "counted", done.counted()));
        } else {
            out.println(count(done.stored(), "answer") + " stored, " + number(done.kept())
                    + " were there already and stay as they are");
        }
    }

    void removed(AnswerTotal total, boolean dryRun) {
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>(total(total));
            object.put("dryRun", dryRun);
            print(object);
        } else {
            out.println(count(total.count(), "answer") + " of " + Sizes.format(total.bytes())
                    + (dryRun ? " would be removed: " : " removed: ") + text(total.usage(), total.cost())
                    + " when they were bought");
        }
    }

    void check(CacheCheck check) {
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("sound", check.sound());
            object.put("unread", check.unread());
            object.put("bad", check.bad());
            object.put("problems", check.problems());
            print(object);
            return;
        }
        out.println(count(check.sound() + check.unread(), "answer") + " with the right checksum, "
                + number(check.sound()) + " of them decoded; " + count(check.bad(), "bad record"));
        check.problems().forEach(problem -> out.println("  " + problem));
        if (check.bad() > 0) {
            line(
                    "next",
                    "bad records count as absent and are bought again when asked for; for a sound cache, export this one"
                            + " and import it into a new folder");
        }
    }

    private static Map<String, Object> answer(Answer answer, boolean withText) {
        CacheEntry entry = answer.entry();
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("fingerprint", answer.fingerprint().toString());
        object.put("sample", answer.sample());
        object.put("model", entry.model());
        object.put("namespace", entry.namespace());
        object.put("storedAt", entry.storedAt().toString());
        object.put("bytes", entry.answer().length);
        object.put("truncated", entry.truncated());
        object.put("bought", spent(entry.usage(), entry.cost()));
        Map<String, Object> fields = new LinkedHashMap<>();
        entry.fields().forEach(field -> fields.put(field.field(), Long.toHexString(field.digest())));
        object.put("fields", fields);
        if (withText) {
            object.put("answer", new String(entry.answer(), UTF_8));
        }
        return object;
    }

    private void totals(String name, SortedMap<String, AnswerTotal> totals) {
        totals.forEach((key, total) -> line(
                name,
                (key.isEmpty() ? "(none)" : key) + ": " + number(total.count()) + ", " + Sizes.format(total.bytes())
                        + ", " + text(total.usage(), total.cost())));
    }

    private static Map<String, Object> totals(SortedMap<String, AnswerTotal> totals) {
        Map<String, Object> object = new LinkedHashMap<>();
        totals.forEach((key, total) -> object.put(key, total(total)));
        return object;
    }

    private static Map<String, Object> total(AnswerTotal total) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("count", total.count());
        object.put("bytes", total.bytes());
        object.put("bought", spent(total.usage(), total.cost()));
        return object;
    }

    private static Map<String, Object> spent(Usage usage, Cost cost) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("inputTokens", usage.inputTokens());
        object.put("outputTokens", usage.outputTokens());
        object.put("unknownUsage", usage.unknown());
        object.put("usd", cost.usd());
        object.put("unknownCost", cost.unknown());
        return object;
    }

    private static String text(Usage usage, Cost cost) {
        String text = number(usage.inputTokens()) + " tokens in, " + number(usage.outputTokens()) + " out, "
                + cost.usd().stripTrailingZeros().toPlainString() + " USD";
        long unknown = Math.max(usage.unknown(), cost.unknown());
        return unknown == 0 ? text : text + ", " + count(unknown, "answer") + " of unknown usage or price";
    }

    private void line(String name, String text) {
        NamedLine.line(out, name, text);
    }

    private void print(Map<String, ?> object) {
        out.println(new String(Codec.json(Map.class).encode(object), UTF_8));
    }
}
