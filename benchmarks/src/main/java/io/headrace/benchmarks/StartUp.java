package io.headrace.benchmarks;

import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Starts raw Reactor Netty and {@code ./headrace analyze} in turn, over the same input and against the same server, and
 * measures how long each takes from the start of its process to its first request. The working directory is the project's
 * root, and the command is built.
 *
 * <p>Argument: the number of pairs.
 */
public final class StartUp {

    private static final int ITEMS = 100;

    private StartUp() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        int pairs = args.length > 0 ? Integer.parseInt(args[0]) : 10;
        Path scratch = Files.createTempDirectory("headrace-start-up");
        double[] raw = new double[pairs];
        double[] ours = new double[pairs];
        try (SimulatedProvider server =
                SimulatedProvider.builder().requireKey(false).keepRequests(0).start()) {
            Path input = Compare.writeInput(scratch.resolve("input.jsonl"), ITEMS);
            for (int pair = 0; pair < pairs; pair++) {
                Path out = scratch.resolve("out" + pair);
                raw[pair] = secondsToFirstRequest(server, raw(server, input, out));
                ours[pair] = secondsToFirstRequest(server, headrace(server, input, out));
                System.out.printf(
                        Locale.ROOT,
                        "pair %d: raw %.3f s, headrace %.3f s, ratio %.2f%n",
                        pair + 1,
                        raw[pair],
                        ours[pair],
                        ours[pair] / raw[pair]);
            }
        } finally {
            KillSeries.delete(scratch);
        }
        System.out.printf(
                Locale.ROOT,
                "median of %d pairs: raw %.3f s, headrace %.3f s, ratio %.2f%n",
                pairs,
                median(raw),
                median(ours),
                median(ours) / median(raw));
    }

    private static double secondsToFirstRequest(SimulatedProvider server, List<String> command)
            throws IOException, InterruptedException {
        long before = server.statistics().requests();
        long start = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        while (server.statistics().requests() == before) {
            if (process.waitFor(1, TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("it ended without a request: " + String.join(" ", command));
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        process.waitFor();
        return seconds;
    }

    private static List<String> raw(SimulatedProvider server, Path input, Path out) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                RawClient.class.getName(),
                server.baseUrl(),
                input.toString(),
                out.resolve("raw").toString(),
                "100");
    }

    private static List<String> headrace(SimulatedProvider server, Path input, Path out) {
        return List.of(
                Path.of("headrace").toAbsolutePath().toString(),
                "analyze",
                "--input=" + input,
                "--base-url=" + server.baseUrl(),
                "--out=" + out.resolve("headrace"),
                "--cache=" + out.resolve("cache"));
    }

    private static double median(double[] values) {
        double[] sorted = Arrays.stream(values).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
