package io.headrace.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs {@code ./headrace analyze} over a file against a simulated provider in a process of its own, kills it with SIGKILL at
 * random moments, lets the last process finish, and checks the accounting with {@link KillCheck}.
 *
 * <p>Two kills in three come when a random number of further requests was answered, so that they spread over the whole
 * run however fast it is; the third comes at a random moment of the process's first second, to hit start-up and resume.
 *
 * <p>Arguments: input file, kills, share of faults, latency, and for repeating a series its random seed. The working
 * directory is the project's root.
 */
public final class KillSeries {

    private static final int CONCURRENCY = 100;
    private static final int CALLS_AN_ITEM = 2;

    /** So that the last kill comes late in the run and hardly ever after its end. */
    private static final double SPREAD = 1.6;

    private static final long DEADLINE_MINUTES = 15;

    private final Path input;
    private final Path work;
    private final Path log;
    private final Random random;

    private KillSeries(Path input, Path work, long seed) {
        this.input = input;
        this.work = work;
        this.log = work.resolve("simulator.jsonl");
        this.random = new Random(seed);
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 4) {
            System.err.println("usage: KillSeries INPUT KILLS FAULTS LATENCY [SEED]");
            System.exit(1);
        }
        long seed = args.length > 4 ? Long.parseLong(args[4]) : new Random().nextInt(1_000_000);
        Path work = Files.createTempDirectory("headrace-kills");
        System.out.printf("kill series: %s, seed %d, files in %s%n", String.join(" ", args), seed, work);
        KillSeries series = new KillSeries(Path.of(args[0]), work, seed);
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
            int done = killRepeatedly(baseUrl, kills, SPREAD * rows * CALLS_AN_ITEM / Math.max(1, kills));
            System.out.printf("killed %d times after %d requests, now it may finish%n", done, lines(log));
            List<String> problems = new ArrayList<>(finish(baseUrl, "last"));
            long sent = lines(log);
            problems.addAll(new KillCheck(work.resolve("out"), log).problems(rows, (long) done * CONCURRENCY));
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
    private int killRepeatedly(String baseUrl, int kills, double mostRequests)
            throws IOException, InterruptedException {
        for (int kill = 0; kill < kills; kill++) {
            Process process = analyze(baseUrl, "kill" + kill).start();
            if (kill % 3 == 2) {
                process.waitFor(random.nextInt(1_000), TimeUnit.MILLISECONDS);
            } else {
                long target = lines(log) + (long) (random.nextDouble() * mostRequests);
                while (lines(log) < target && !process.waitFor(20, TimeUnit.MILLISECONDS)) {
                    // the next look at the log
                }
            }
            if (!process.isAlive()) {
                System.out.printf("finished before kill %d%n", kill + 1);
                return kill;
            }
            process.destroyForcibly().waitFor();
        }
        return kills;
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
        return headrace(
                        work.resolve(name + ".err"),
                        List.of(
                                "analyze",
                                "--input=" + input,
                                "--base-url=" + baseUrl,
                                "--out=" + work.resolve("out"),
                                "--cache=" + work.resolve("cache"),
                                "--concurrency=" + CONCURRENCY))
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
