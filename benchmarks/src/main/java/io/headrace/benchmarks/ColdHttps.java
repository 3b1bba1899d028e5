package io.headrace.benchmarks;

import io.headrace.Call;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.HttpTransport;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * 10,000 HTTPS calls of 0.5 s at concurrency 2,000 from a process that has no connection yet, without retries: how many fail,
 * how many connections they take, how long it lasts. The simulated provider runs in a process of its own.
 *
 * <p>Argument: {@code http1} or {@code http2}, the latter with 100 streams a connection.
 */
public final class ColdHttps {

    private static final int CALLS = 10_000;
    private static final int CONCURRENCY = 2_000;
    private static final int STREAMS = 100;

    private ColdHttps() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        boolean http2 = args[0].equals("http2");
        Path certificate = Files.createTempFile("headrace-cold-https", ".pem");
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Server.class.getName(),
                        certificate.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
            String url = said.readLine();
            HttpTransport.Builder transport = HttpTransport.builder().trust(certificate);
            call(url, http2 ? transport.http2() : transport);
            server.getOutputStream().close();
            System.out.println(args[0] + " " + said.readLine());
        } finally {
            server.destroyForcibly().waitFor();
            Files.delete(certificate);
        }
    }

    private static void call(String url, HttpTransport.Builder settings) {
        Map<String, Integer> outcomes = new TreeMap<>();
        long start = System.nanoTime();
        try (HttpTransport transport = settings.build();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(url + "/v1")
                        .apiKey("benchmark")
                        .transport(transport)
                        .build()) {
            Call<ChatRequest, ChatResponse> chat = openAi.chat();
            Flux.range(0, CALLS)
                    .flatMap(
                            i -> chat.apply(ChatRequest.builder("m")
                                            .user("The duck swims in pond number " + i)
                                            .build())
                                    .map(answer -> "ok")
                                    .onErrorResume(error -> Mono.just(String.valueOf(error.getMessage()))),
                            CONCURRENCY,
                            1)
                    .doOnNext(outcome -> outcomes.merge(outcome, 1, Integer::sum))
                    .blockLast();
        }
        System.out.printf(
                Locale.ROOT,
                "%d calls at concurrency %d: %.1f s, at most %d threads, %s%n",
                CALLS,
                CONCURRENCY,
                (System.nanoTime() - start) / 1e9,
                ManagementFactory.getThreadMXBean().getPeakThreadCount(),
                outcomes);
    }

    /** Prints its URL, and what it saw of its clients when its input ends. Argument: where to leave its certificate. */
    static final class Server {

        public static void main(String[] args) throws IOException {
            try (SimulatedProvider provider = SimulatedProvider.builder()
                    .tls()
                    .http2(STREAMS)
                    .latency(Latency.fixed(Duration.ofMillis(500)))
                    .start()) {
                Files.writeString(Path.of(args[0]), provider.certificate());
                System.out.println(provider.baseUrl());
                if (System.in.read() < 0) {
                    System.out.println(provider.connections() + " " + provider.statistics());
                }
            }
        }
    }
}
