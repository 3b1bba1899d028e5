package io.headrace.benchmarks;

import io.headrace.testkit.BatchLog;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import io.headrace.testkit.SimulatedRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs {@code ./headrace analyze --mode batch --wait} against a simulated provider in this process, kills it with SIGKILL from before
 * the first upload to after the last result, and inside each exchange, lets the last process finish, and checks by the simulator's log
 * that each batch was made once and that each request was in one batch only, and that the values are those of an online run.
 *
 * <p>Work that is finished before all kills are done is begun anew with an empty cache.
 *
 * <p>Arguments: input file, kills, {@code openai} or {@code anthropic}, random seed. The working directory is the project's root.
 */
public final class BatchKillSeries {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int STAGES = 2;
    private static final long DEADLINE_MINUTES = 15;
    private static final Duration LATE = Duration.ofSeconds(2);
    private static final Duration WORK = Duration.ofSeconds(2);
    private static final Duration DOUBT = Duration.ofSeconds(10);

    /** When a process is killed. */
    private enum Moment {
        /** At any time in its first seconds. */
        ANY,
        /** While its requests are on their way to the provider. */
        UPLOAD,
        /** When the provider has made the batch, before it answers. */
        ACCEPTED,
        /** When the provider has taken the request, and makes the batch after the next process has looked for it. */
        LATE,
        /** While results come in. */
        RESULTS
    }

    private final Path input;
    private final String provider;
    private final Path work;
    private final Random random;
    private final SimulatedProvider server;
    private final Path log;
    private final AtomicReference<@Nullable Process> current = new AtomicReference<>();

    private BatchKillSeries(Path input, String provider, long seed, Path work) {
        this.input = input;
        this.provider = provider;
        this.work = work;
        this.random = new Random(seed);
        this.log = work.resolve("batches.jsonl");
        this.server = SimulatedProvider.builder()
                .requireKey(false)
                .batches(SimulatedBatches.DEFAULT.delay(WORK))
                .batchLog(log)
                .start();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 3) {
            System.err.println("usage: BatchKillSeries INPUT KILLS openai|anthropic [SEED]");
            System.exit(1);
        }
        long seed = args.length > 3 ? Long.parseLong(args[3]) : new Random().nextInt(1_000_000);
        Path work = Files.createTempDirectory("headrace-batch-kills");
        System.out.printf("batch kill series: %s, seed %d, files in %s%n", String.join(" ", args), seed, work);
        BatchKillSeries series = new BatchKillSeries(Path.of(args[0]), args[2], seed, work);
        List<String> problems = series.run(Integer.parseInt(args[1]));
        problems.forEach(problem -> System.out.println("WRONG: " + problem));
        if (problems.isEmpty()) {
            System.out.println("every check holds");
            KillSeries.delete(work);
        }
        System.exit(problems.isEmpty() ? 0 : 1);
    }

    private List<String> run(int kills) throws IOException, InterruptedException {
        try {
            List<String> problems = new ArrayList<>();
            Path online = work.resolve("online");
            int exit = finish(online, "online", online.resolve("cache"), List.of());
            Map<String, JsonNode> expected = values(online, problems);
            if (exit != 0) {
                return List.of("the online run ended with exit code " + exit);
            }
            int done = 0;
            for (int round = 0; done < kills && problems.isEmpty(); round++) {
                done = round(round, done, kills, expected, problems);
            }
            System.out.printf("killed %d times%n", done);
            return problems;
        } finally {
            server.close();
        }
    }

    /** Kills the work of one directory until it is finished, or all kills are done and the last process may finish it. */
    private int round(int round, int before, int kills, Map<String, JsonNode> expected, List<String> problems)
            throws IOException, InterruptedException {
        Path out = work.resolve("round" + round);
        Set<String> earlier = ids(BatchLog.read(log));
        int done = before;
        boolean finished = false;
        while (done < kills && !finished) {
            Moment moment = Moment.values()[random.nextInt(Moment.values().length)];
            finished = !killAt(moment, out, "kill" + done);
            if (!finished) {
                done++;
                System.out.printf(
                        "kill %d: %s, %d batches by then%n",
                        done, moment, server.batches().size());
            }
        }
        int exit = finish(out, "last" + round, out.resolve("cache"), List.of("--mode=batch", "--wait"));
        if (exit != 0) {
            problems.add("the last run of round " + round + " ended with exit code " + exit + ": "
                    + Files.readString(work.resolve("last" + round + ".err")));
            return done;
        }
        check(out, earlier, expected, problems);
        return done;
    }

    /** False if the process came to its end first. */
    private boolean killAt(Moment moment, Path out, String name) throws IOException, InterruptedException {
        server.clearScript();
        int batches = server.batches().size();
        switch (moment) {
            case ACCEPTED -> server.failWhen(BatchKillSeries::isCreation, Fault.acceptedSilently());
            case LATE -> server.failWhen(BatchKillSeries::isCreation, Fault.acceptedLate(LATE));
            case UPLOAD -> server.failWhen(request -> isUpload(request) && killSoon(), Fault.stall());
            case RESULTS -> server.failWhen(request -> isResults(request) && killSoon(), Fault.stall());
            case ANY -> {}
        }
        Process process = analyze(out, name, out.resolve("cache"), List.of("--mode=batch", "--wait"))
                .start();
        current.set(process);
        int struck = struck();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(moment == Moment.ANY ? 0 : 60);
        if (moment == Moment.ANY) {
            process.waitFor(500 + random.nextInt(5_000), TimeUnit.MILLISECONDS);
        }
        while (process.isAlive() && System.nanoTime() < end) {
            boolean isMade = moment == Moment.ACCEPTED && server.batches().size() > batches;
            if (isMade || (moment == Moment.LATE && struck() > struck)) {
                break;
            }
            process.waitFor(5, TimeUnit.MILLISECONDS);
        }
        boolean killed = process.isAlive() || process.exitValue() == 137;
        process.destroyForcibly().waitFor();
        server.clearScript();
        return killed;
    }

    private int struck() {
        return (int)
                server.statistics().faults().getOrDefault("accepted-late", 0L).longValue();
    }

    /** Kills from a thread of its own, so that the server goes on with what has come. */
    private boolean killSoon() {
        Process process = current.get();
        int delay = random.nextInt(30);
        if (process != null) {
            Thread killer = new Thread(() -> {
                try {
                    process.waitFor(delay, TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                process.destroyForcibly();
            });
            killer.setDaemon(true);
            killer.start();
        }
        return false;
    }

    private static boolean isUpload(SimulatedRequest request) {
        return request.header("content-type").isPresent()
                && (request.path().endsWith("/files") || request.path().endsWith("/messages/batches"));
    }

    private static boolean isCreation(SimulatedRequest request) {
        return request.header("content-type").isPresent() && request.path().endsWith("/batches");
    }

    private static boolean isResults(SimulatedRequest request) {
        return request.path().endsWith("/content") || request.path().endsWith("/results");
    }

    private void check(Path out, Set<String> earlier, Map<String, JsonNode> expected, List<String> problems)
            throws IOException {
        List<BatchLog.Entry> made = BatchLog.read(log).stream()
                .filter(entry -> !earlier.contains(entry.id()))
                .toList();
        Map<String, String> digests = new HashMap<>();
        long requests = 0;
        for (BatchLog.Entry entry : made) {
            requests += entry.requests();
            String twin = digests.put(entry.digest(), entry.id());
            if (twin != null) {
                problems.add("batches " + twin + " and " + entry.id() + " hold the same requests");
            }
        }
        System.out.printf("round: %d batches with %d requests%n", made.size(), requests);
        if (requests > (long) STAGES * expected.size()) {
            problems.add(
                    requests + " requests went into batches, " + STAGES * expected.size() + " are the most there are");
        }
        Map<String, JsonNode> values = values(out, problems);
        if (!values.equals(expected)) {
            long differ = expected.entrySet().stream()
                    .filter(each -> !each.getValue().equals(values.get(each.getKey())))
                    .count();
            problems.add(differ + " of " + expected.size() + " values differ from those of the online run");
        }
        JsonNode items =
                JSON.readTree(Files.readString(out.resolve("report.json"))).path("items");
        if (items.path("in").asLong() != expected.size() || items.path("ok").asLong() != expected.size()) {
            problems.add("the report says " + items);
        }
    }

    private static Set<String> ids(List<BatchLog.Entry> entries) {
        Set<String> ids = new HashSet<>();
        entries.forEach(entry -> ids.add(entry.id()));
        return ids;
    }

    private static Map<String, JsonNode> values(Path out, List<String> problems) throws IOException {
        Map<String, JsonNode> values = new HashMap<>();
        for (String line : Files.readAllLines(out.resolve("results.jsonl"))) {
            JsonNode result = JSON.readTree(line);
            if (values.put(result.path("id").asString(), result.path("value")) != null) {
                problems.add("two results of " + result.path("id") + " in " + out);
            }
        }
        return values;
    }

    private int finish(Path out, String name, Path cache, List<String> mode) throws IOException, InterruptedException {
        Process process = analyze(out, name, cache, mode).start();
        if (!process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            return -1;
        }
        return process.exitValue();
    }

    private ProcessBuilder analyze(Path out, String name, Path cache, List<String> mode) {
        List<String> command = new ArrayList<>(List.of(
                Path.of("headrace").toAbsolutePath().toString(),
                "analyze",
                "--input=" + input,
                "--base-url=" + server.baseUrl(),
                "--provider=" + provider,
                "--out=" + out,
                "--cache=" + cache));
        command.addAll(mode);
        if (!mode.isEmpty()) {
            command.addAll(List.of("--batch-requests=400", "--poll=200ms", "--batch-doubt=" + DOUBT.toSeconds() + "s"));
        }
        return new ProcessBuilder(command)
                .redirectError(work.resolve(name + ".err").toFile())
                .redirectOutput(work.resolve(name + ".out").toFile());
    }
}
