package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.headrace.ErrorText;
import io.headrace.observe.StatisticsSnapshot.Times;
import io.headrace.run.RunReport.Part;
import io.headrace.run.SweepReport.Configuration;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The configurations of a sweep side by side: as a table for people, as CSV, and as JSON with all of the reductions. */
final class Comparison {

    private static final String JSON_FILE = "comparison.json";
    private static final String TEXT_FILE = "comparison.txt";
    private static final String CSV_FILE = "comparison.csv";

    /** The names of its files, which stand beside the directories of the configurations. */
    static final Set<String> FILES = Set.of(JSON_FILE, TEXT_FILE, CSV_FILE);

    /** Wider values are cut in the table for people. */
    private static final int CELL = 24;

    private static final JsonMapper JSON = JsonMapper.shared();

    private Comparison() {}

    /** Writes the three files into the directory of the sweep, which is there. */
    static void write(SweepReport report) {
        Path directory = report.directory();
        try {
            RunFiles.replace(directory.resolve(JSON_FILE), PrettyJson.bytes(json(report)));
            RunFiles.replace(directory.resolve(TEXT_FILE), text(report).getBytes(UTF_8));
            RunFiles.replace(directory.resolve(CSV_FILE), csv(report).getBytes(UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the comparison cannot be written to " + directory + ": " + ErrorText.message(e), e);
        }
    }

    private static Map<String, @Nullable Object> json(SweepReport report) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("end", report.end().label());
        json.put("startedAt", report.startedAt().toString());
        json.put("durationMs", report.duration().toMillis());
        List<Map<String, @Nullable Object>> configurations = new ArrayList<>();
        for (Configuration configuration : report.configurations()) {
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            one.put("name", configuration.name());
            one.put("reason", configuration.reason());
            one.putAll(measures(configuration));
            Map<String, @Nullable Object> reductions = new LinkedHashMap<>();
            results(configuration)
                    .forEach((name, result) -> reductions.put(name, new PrettyJson.Raw(result.toString())));
            one.put("reductions", reductions);
            configurations.add(one);
        }
        json.put("configurations", configurations);
        return json;
    }

    /** A row for each measure, a column for each configuration. */
    static String text(SweepReport report) {
        List<Map<String, String>> columns =
                report.configurations().stream().map(Comparison::cells).toList();
        Set<String> rows = rows(columns);
        int first = rows.stream().mapToInt(String::length).max().orElse(0);
        StringBuilder out = new StringBuilder();
        List<String> names =
                report.configurations().stream().map(Configuration::name).toList();
        List<Integer> widths = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            int widest = columns.get(i).values().stream()
                    .mapToInt(cell -> cut(cell).length())
                    .max()
                    .orElse(0);
            widths.add(Math.max(widest, cut(names.get(i)).length()));
        }
        line(out, "", names, first, widths);
        for (String row : rows) {
            line(
                    out,
                    row,
                    columns.stream().map(column -> column.getOrDefault(row, "")).toList(),
                    first,
                    widths);
        }
        for (Configuration configuration : report.configurations()) {
            if (!configuration.reason().isEmpty()) {
                out.append(configuration.name())
                        .append(": ")
                        .append(configuration.end().label())
                        .append(", ")
                        .append(configuration.reason())
                        .append('\n');
            }
        }
        return out.toString();
    }

    private static void line(StringBuilder out, String row, List<String> cells, int first, List<Integer> widths) {
        StringBuilder line = new StringBuilder(row).append(" ".repeat(first - row.length()));
        for (int i = 0; i < cells.size(); i++) {
            String cell = cut(cells.get(i));
            line.append("  ").append(" ".repeat(widths.get(i) - cell.length())).append(cell);
        }
        out.append(line.toString().stripTrailing()).append('\n');
    }

    private static String cut(String cell) {
        return cell.length() <= CELL ? cell : cell.substring(0, CELL - 3) + "...";
    }

    /** A row for each configuration, a column for each measure. */
    private static String csv(SweepReport report) throws IOException {
        List<Map<String, String>> cells =
                report.configurations().stream().map(Comparison::cells).toList();
        Set<String> columns = rows(cells);
        StringWriter out = new StringWriter();
        try (CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(out)) {
            csv.writeRecord(
                    Stream.concat(Stream.of("configuration"), columns.stream()).toList());
            for (int i = 0; i < cells.size(); i++) {
                Map<String, String> of = cells.get(i);
                csv.writeRecord(Stream.concat(
                                Stream.of(report.configurations().get(i).name()),
                                columns.stream().map(column -> of.getOrDefault(column, "")))
                        .toList());
            }
        }
        return out.toString();
    }

    private static Set<String> rows(List<Map<String, String>> columns) {
        Set<String> rows = new LinkedHashSet<>();
        columns.forEach(column -> rows.addAll(column.keySet()));
        return rows;
    }

    /** The measures as text, and what the reductions say in single values. */
    private static Map<String, String> cells(Configuration configuration) {
        Map<String, String> cells = new LinkedHashMap<>();
        measures(configuration).forEach((name, value) -> cells.put(name, cell(value)));
        results(configuration).forEach((name, result) -> flatten(name, result, cells));
        return cells;
    }

    private static String cell(@Nullable Object value) {
        if (value instanceof BigDecimal number) {
            return number.toPlainString();
        }
        return value instanceof Double number ? String.format(Locale.ROOT, "%.1f", number) : String.valueOf(value);
    }

    /** Objects by their members; lists of values in one cell, and lists of objects not at all. */
    private static void flatten(String path, JsonNode value, Map<String, String> cells) {
        if (value.isObject()) {
            value.properties().forEach(member -> flatten(path + "." + member.getKey(), member.getValue(), cells));
        } else if (value.isArray()) {
            if (value.valueStream().allMatch(JsonNode::isValueNode)) {
                cells.put(path, value.valueStream().map(Comparison::scalar).collect(Collectors.joining(" ")));
            }
        } else {
            cells.put(path, scalar(value));
        }
    }

    private static String scalar(JsonNode value) {
        return value.isNull() ? "" : value.asString().replaceAll("\\s+", " ");
    }

    /** Over all resumptions; attempts and duration of this run only. */
    private static Map<String, @Nullable Object> measures(Configuration configuration) {
        Map<String, @Nullable Object> measures = new LinkedHashMap<>();
        measures.put("end", configuration.end().label());
        configuration.report().ifPresent(report -> {
            Part total = report.total();
            measures.put("items", total.items().in());
            measures.put("ok", total.items().ok());
            measures.put("failed", total.items().failed());
            measures.put("skipped", total.items().skipped());
            measures.put("pending", total.items().pending() + total.items().cancelled());
            if (report.waiting().items() > 0) {
                measures.put("waiting", report.waiting().items());
            }
            measures.put("callsSent", total.calls().sent());
            measures.put("callsCached", total.calls().cached());
            measures.put("callsRetried", total.calls().retried());
            measures.put("tokensIn", total.usage().inputTokens());
            measures.put("tokensOut", total.usage().outputTokens());
            measures.put("costUsd", total.cost().usd());
            measures.put("unpricedCalls", total.cost().unknown());
            measures.put("savedUsd", total.saved().usd());
            measures.put("unpricedCached", total.saved().unknown());
            times(measures, "itemMs", total.itemTime());
            times(measures, "attemptMs", report.attempts().time());
            measures.put("sentThisTime", report.thisRun().calls().sent());
            measures.put("durationMs", report.duration().toMillis());
        });
        return measures;
    }

    private static void times(Map<String, @Nullable Object> measures, String name, Times times) {
        if (times.count() > 0) {
            measures.put(name + "P50", ReportJson.millis(times.p50()));
            measures.put(name + "P95", ReportJson.millis(times.p95()));
        }
    }

    private static Map<String, JsonNode> results(Configuration configuration) {
        Map<String, JsonNode> results = new LinkedHashMap<>();
        configuration
                .report()
                .map(RunReport::reductions)
                .orElse(Map.of())
                .forEach((name, result) -> results.put(name, JSON.readTree(Reductions.json(result))));
        return results;
    }
}
