package io.headrace.benchmarks;

import io.headrace.Usage;
import io.headrace.model.Price;
import io.headrace.model.PriceTable;
import io.headrace.testkit.RequestLog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs {@code ./headrace analyze} over a file against a simulated provider in a process of its own, kills it with SIGKILL at
 * random moments, lets the last process finish, and checks the accounting with {@link KillCheck}.
 *
 * <p>Two kills in three come when a random number of further requests was answered, so that they spread over the whole
 * run however fast it is; the third comes at a random moment of the process's first second, to hit start-up and resume.
 *
 * <p>With a cap on money each process may spend only what is left of it. After every kill and every stop at the cap, what the
 * simulator worked on must not cost more than the cap, whatever the dead processes had in flight; where the cap stops a run it is
 * raised by as much again.
 *
 * <p>Arguments: input file, kills, share of faults, latency, random seed, concurrency, cap in dollars; the last three may be left out.
 * The working directory is the project's root.
 */
public final class KillSeries {

    private static final int CONCURRENCY = 100;
    private static final String MODEL = "gpt-4o-mini";
    private static final int STOPPED = 3;
    private static final int CALLS_AN_ITEM = 2;

    /** So that the last kill comes late in the run and hardly ever after its end. */
    private static final double SPREAD = 1.6;

    private static final long DEADLINE_MINUTES = 15;

    private final Path input;
    private final Path work;
    private final Path log;
    private final Random random;
    private final int concurrency;
    private final @Nullable BigDecimal step;
    private @Nullable BigDecimal cap;
    private int stops;

    private KillSeries(Path input, Path work, long seed, int concurrency, @Nullable BigDecimal step) {
        this.input = input;
        this.work = work;
        this.log = work.resolve("simulator.jsonl");
        this.random = new Random(seed);
        this.concurrency = concurrency;
        this.step = step;
        this.cap = step;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 4) {
            System.err.println("usage: KillSeries INPUT KILLS FAULTS LATENCY [SEED [CONCURRENCY [MAX_COST]]]");
            System.exit(1);
        }
        long seed = args.length > 4 ? Long.parseLong(args[4]) : new Random().nextInt(1_000_000);
        Path work = Files.createTempDirectory("headrace-kills");
        System.out.printf("kill series: %s, seed %d, files in %s%n", String.join(" ", args), seed, work);
        KillSeries series = new KillSeries(
                Path.of(args[0]),
                work,
                seed,
                args.length > 5 ? Integer.parseInt(args[5]) : CONCURRENCY,
                args.length > 6 ? new BigDecimal(args[6]) : null);
        List<String> problems = series.run(Integer.parseInt(args[1]), args[2], args[3]);
        problems.forEach(problem -> System.out.println("WRONG: " + problem));
        if (problems.isEmpty()) {
            System.out.println("every check holds");
            delete(work);
        }
        System.exit(problems.isEmpty() ? 0 : 1);
    }

    private List<String> run(int kills, String faults, String latency) throws IOException, InterruptedException {
        Process simulator = headrace(
                        work.resolve("simulator.err"),
                        List.of(
                                "simulate",
                                "--seed",
                                "7",
                                "--faults",
                                faults,
                                "--latency",
                                latency,
                                "--log",
                                log.toString()))
                .start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(simulator.getInputStream(), StandardCharsets.UTF_8))) {
            String baseUrl = said.readLine();
            if (baseUrl == null) {
                return List.of("the simulator did not start: " + Files.readString(work.resolve("simulator.err")));
            }
            long rows = lines(input);
            List<String> problems = new ArrayList<>();
            int done =
                    killRepeatedly(baseUrl, kills, SPREAD * rows * CALLS_AN_ITEM / Math.max(1, kills), rows, problems);
            System.out.printf("killed %d times after %d requests, now it may finish%n", done, lines(log));
            cap = null;
            problems.addAll(finish(baseUrl, "last"));
            long sent = lines(log);
            problems.addAll(new KillCheck(work.resolve("out"), log).problems(rows, (long) done * concurrency));
            problems.addAll(finish(baseUrl, "again"));
            if (lines(log) != sent) {
                problems.add("a further run of the finished work sent " + (lines(log) - sent) + " requests");
            }
            return problems;
        } finally {
            simulator.destroyForcibly().waitFor();
        }
    }

    /** Kills up to {@code kills} processes and says how many; fewer if the work was finished before. */
    private int killRepeatedly(String baseUrl, int kills, double mostRequests, long rows, List<String> problems)
            throws IOException, InterruptedException {
        for (int kill = 0; kill < kills; ) {
            Process process = analyze(baseUrl, "kill" + kill).start();
            if (kill % 3 == 2) {
                process.waitFor(random.nextInt(1_000), TimeUnit.MILLISECONDS);
            } else {
                long target = lines(log) + 1 + (long) (random.nextDouble() * mostRequests);
                while (lines(log) < target && !process.waitFor(20, TimeUnit.MILLISECONDS)) {
                    // the next look at the log
                }
            }
            if (!process.isAlive() && process.exitValue() == STOPPED && step != null && cap != null) {
                checkMoney("stop " + ++stops, problems);
                problems.addAll(new KillCheck(work.resolve("out"), log).identity(rows));
                cap = cap.add(step);
                continue;
            }
            if (!process.isAlive()) {
                System.out.printf("finished before kill %d%n", kill + 1);
                return kill;
            }
            long ended = lines(log);
            process.destroyForcibly().waitFor();
            kill++;
            checkMoney("kill " + kill, problems);
            System.out.printf("kill %d: %d calls were in flight%n", kill, lines(log) - ended);
        }
        return kills;
    }

    /** What the simulator worked on, answered or not, against the cap of the process that is gone. */
    private void checkMoney(String when, List<String> problems) throws IOException, InterruptedException {
        BigDecimal most = cap;
        if (most == null) {
            return;
        }
        for (long before = -1; before != lines(log); TimeUnit.MILLISECONDS.sleep(500)) {
            before = lines(log); // the calls of the dead are logged as their connections are found closed
        }
        Price price =
                PriceTable.shipped().price(MODEL, LocalDate.now(ZoneOffset.UTC)).orElseThrow();
        BigDecimal spent = RequestLog.read(log).stream()
                .map(entry -> price.cost(Usage.of(entry.inputTokens(), entry.outputTokens()))
                        .usd())
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        System.out.printf("%s: %s USD by the simulator's log, cap %s%n", when, spent, most);
        if (spent.compareTo(most) > 0) {
            problems.add("after " + when + " " + spent + " USD were spent under a cap of " + most);
        }
    }

    private List<String> finish(String baseUrl, String name) throws IOException, InterruptedException {
        Process process = analyze(baseUrl, name).start();
        if (!process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            return List.of("run '" + name + "' was not finished after " + DEADLINE_MINUTES + " minutes");
        }
        String summary = Files.readString(work.resolve(name + ".out"));
        System.out.print(summary);
        return process.exitValue() == 0 || process.exitValue() == 2
                ? List.of()
                : List.of("run '" + name + "' ended with exit code " + process.exitValue() + ": "
                        + Files.readString(work.resolve(name + ".err")));
    }

    private ProcessBuilder analyze(String baseUrl, String name) {
        List<String> arguments = new ArrayList<>(List.of(
                "analyze",
                "--input=" + input,
                "--base-url=" + baseUrl,
                "--model=" + MODEL,
                "--out=" + work.resolve("out"),
                "--cache=" + work.resolve("cache"),
                "--concurrency=" + concurrency));
        if (cap != null) {
            arguments.add("--max-cost=" + cap.toPlainString());
        }
        return headrace(work.resolve(name + ".err"), arguments)
                .redirectOutput(work.resolve(name + ".out").toFile());
    }

    private static ProcessBuilder headrace(Path err, List<String> arguments) {
        List<String> command =
                new ArrayList<>(List.of(Path.of("headrace").toAbsolutePath().toString()));
        command.addAll(arguments);
        return new ProcessBuilder(command).redirectError(err.toFile());
    }

    private static long lines(Path file) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        }
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
