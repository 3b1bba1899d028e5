package io.headrace.benchmarks;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * From the start of the process to the first request that arrives: {@code ./headrace analyze} against {@link RawClient} with a
 * bare {@code java}, in turn. Run it in the root of the checkout, with {@code ./headrace} built.
 */
public final class FirstRequest {

    private static final int PAIRS = 7;

    private FirstRequest() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path scratch = Files.createTempDirectory("headrace-first-request");
        String input = Compare.writeInput(scratch.resolve("input.jsonl"), 200).toString();
        List<Double> raw = new ArrayList<>();
        List<Double> ours = new ArrayList<>();
        for (int pair = 0; pair <= PAIRS; pair++) {
            String work = scratch.resolve("work" + pair).toString();
            double rawMillis = millis(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    RawClient.class.getName(),
                    "URL",
                    input,
                    work + "-raw",
                    "100");
            double ourMillis = millis(
                    "./headrace",
                    "analyze",
                    "--base-url",
                    "URL/v1",
                    "--input",
                    input,
                    "--text-field",
                    "text",
                    "--out",
                    work + "-out",
                    "--cache",
                    work + "-cache");
            if (pair > 0) { // the first pair fills the page cache
                raw.add(rawMillis);
                ours.add(ourMillis);
            }
        }
        double[] ratios = new double[PAIRS];
        Arrays.setAll(ratios, i -> ours.get(i) / raw.get(i));
        Arrays.sort(ratios);
        System.out.printf(
                Locale.ROOT,
                "start to first request, median of %d pairs: raw %.0f ms, headrace %.0f ms, ratio %.2f%n",
                PAIRS,
                median(raw),
                median(ours),
                ratios[PAIRS / 2]);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static double millis(String... command) throws IOException, InterruptedException {
        CountDownLatch arrived = new CountDownLatch(1);
        long[] at = new long[1];
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
        server.createContext("/", exchange -> {
            if (arrived.getCount() > 0) {
                at[0] = System.nanoTime();
                arrived.countDown();
            }
            exchange.getRequestBody().readAllBytes();
            byte[] refusal = "{\"error\":{\"message\":\"enough\"}}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(400, refusal.length);
            exchange.getResponseBody().write(refusal);
            exchange.close();
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + server.getAddress().getPort();
            String[] filled =
                    Arrays.stream(command).map(word -> word.replace("URL", url)).toArray(String[]::new);
            long start = System.nanoTime();
            Process process = new ProcessBuilder(filled)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!arrived.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no request came from " + String.join(" ", filled));
            }
            process.waitFor();
            return (at[0] - start) / 1e6;
        } finally {
            server.stop(0);
        }
    }
}
