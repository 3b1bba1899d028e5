package io.headrace.benchmarks;

import io.headrace.testkit.RequestLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Compares the files of a run that was killed with the log of the simulated provider, which was not. */
record KillCheck(Path out, Path log) {

    private static final JsonMapper JSON = JsonMapper.shared();

    /**
     * What is wrong, empty if nothing is.
     *
     * @param rows rows of the dataset
     * @param inFlight the most calls that were in flight at all kills together
     */
    List<String> problems(long rows, long inFlight) throws IOException {
        List<String> problems = new ArrayList<>();
        JsonNode report = JSON.readTree(Files.readString(out.resolve("report.json")));
        checkIdentity(report.path("items"), rows, problems);
        checkFiles(report.path("items"), rows, problems);
        checkPaidTwice(report.path("calls"), inFlight, problems);
        return problems;
    }

    /** What is wrong with the accounts of a run that was stopped, perhaps before it had read all rows; empty if nothing is. */
    List<String> identity(long rows) throws IOException {
        List<String> problems = new ArrayList<>();
        checkSum(JSON.readTree(Files.readString(out.resolve("report.json"))).path("items"), rows, problems);
        return problems;
    }

    private static void checkIdentity(JsonNode items, long rows, List<String> problems) {
        checkSum(items, rows, problems);
        if (items.path("in").asLong(-1) != rows) {
            problems.add("the run is finished and the report has not counted all " + rows + " rows: " + items);
        }
        if (items.path("pending").asLong(-1) != 0 || items.path("cancelled").asLong(-1) != 0) {
            problems.add("the run is finished and the report has pending or cancelled items: " + items);
        }
    }

    private static void checkSum(JsonNode items, long rows, List<String> problems) {
        long in = items.path("in").asLong(-1);
        long parts = items.path("ok").asLong()
                + items.path("failed").asLong()
                + items.path("skipped").asLong()
                + items.path("cancelled").asLong()
                + items.path("pending").asLong();
        System.out.println("items by the report: " + items);
        if (in > rows || parts != in) {
            problems.add("the report counts " + in + " items in and " + parts + " by state, the input has " + rows);
        }
    }

    private void checkFiles(JsonNode items, long rows, List<String> problems) throws IOException {
        Set<String> ids = new HashSet<>();
        BitSet ordinals = new BitSet();
        long ok = read("results.jsonl", ids, ordinals, problems);
        long failed = read("dead-letters.jsonl", ids, ordinals, problems);
        System.out.printf("files: %d results, %d dead letters%n", ok, failed);
        if (ok != items.path("ok").asLong() || failed != items.path("failed").asLong()) {
            problems.add("the files hold " + ok + " results and " + failed + " dead letters, the report says " + items);
        }
        if (ordinals.cardinality() != rows || ordinals.length() != rows) {
            problems.add("rows without a result or dead letter: first " + ordinals.nextClearBit(0) + ", in all "
                    + (rows - ordinals.cardinality()));
        }
    }

    private long read(String name, Set<String> ids, BitSet ordinals, List<String> problems) throws IOException {
        Path file = out.resolve(name);
        if (!Files.exists(file)) {
            return 0;
        }
        List<String> lines = Files.readAllLines(file);
        for (String line : lines) {
            try {
                JsonNode item = JSON.readTree(line);
                if (!ids.add(item.path("id").asString(""))) {
                    problems.add(name + ": a second line for item " + item.path("id"));
                }
                ordinals.set(item.path("ordinal").asInt());
            } catch (JacksonException e) {
                problems.add(name + ": not a JSON line: " + line);
            }
        }
        return lines.size();
    }

    private void checkPaidTwice(JsonNode calls, long inFlight, List<String> problems) throws IOException {
        Map<String, Long> answers = RequestLog.read(log).stream()
                .filter(RequestLog.Entry::answered)
                .collect(Collectors.groupingBy(RequestLog.Entry::digest, Collectors.counting()));
        long again = answers.values().stream().mapToLong(count -> count - 1).sum();
        System.out.printf(
                "answers by the simulator's log: %d, paid again %d; in flight at the kills at most %d; calls by the report: %s%n",
                answers.size() + again, again, inFlight, calls);
        if (again > inFlight) {
            problems.add(
                    again + " answers were paid twice, at most " + inFlight + " calls were in flight at the kills");
        }
        if (again > calls.path("unknown").asLong()) {
            problems.add(again + " answers were paid twice, the report tells of " + calls.path("unknown"));
        }
    }
}
