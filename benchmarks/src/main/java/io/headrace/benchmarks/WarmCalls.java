package io.headrace.benchmarks;

import io.headrace.Call;
import io.headrace.layer.ChatStream;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.netty.buffer.Unpooled;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/**
 * 1,000 calls of 0.5 s at once, or 500 streams of 0.5 s: raw Reactor Netty and our provider in turn in one process, so that both
 * are warm and meet the same moments of the machine. The lean server runs in a process of its own. Arguments: calls or streams,
 * the number of rounds and, for a quick look, that of calls.
 */
public final class WarmCalls {

    private static final int MILLIS = 500;
    private static final int EVENTS = 25;
    private static final int WARM_UP = 5;

    private WarmCalls() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        boolean streams = args[0].equals("streams");
        int rounds = Integer.parseInt(args[1]);
        int calls = args.length > 2 ? Integer.parseInt(args[2]) : streams ? 500 : 1_000;
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LeanServer.class.getName(),
                        "0",
                        Integer.toString(streams ? MILLIS / EVENTS : MILLIS),
                        "1",
                        Integer.toString(streams ? EVENTS : 0))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
            compare("http://127.0.0.1:" + said.readLine(), streams, calls, rounds);
        } finally {
            server.destroyForcibly().waitFor();
        }
    }

    private static void compare(String url, boolean streams, int calls, int rounds) {
        ConnectionProvider pool = ConnectionProvider.builder("raw")
                .maxConnections(2 * calls)
                .pendingAcquireMaxCount(-1)
                .build();
        HttpClient raw = HttpClient.create(pool)
                .baseUrl(url)
                .headers(headers ->
                        headers.set("Authorization", "Bearer benchmark").set("Content-Type", "application/json"));
        try (OpenAi openAi =
                OpenAi.builder().baseUrl(url + "/v1").apiKey("benchmark").build()) {
            Call<ChatRequest, ChatResponse> chat = openAi.chat();
            ChatStream stream = ChatStream.of(chat);
            String text = "x".repeat(500);
            ChatRequest request = ChatRequest.builder(HeadraceClient.MODEL)
                    .user(text)
                    .maxOutputTokens(64)
                    .build();
            Supplier<Mono<String>> rawCall = streams ? () -> RawStream.text(raw, text) : () -> rawCall(raw, text);
            Supplier<Mono<String>> ourCall = streams
                    ? () -> stream.texts(request).collect(Collectors.joining())
                    : () -> chat.apply(request).map(ChatResponse::text);
            if (streams && !Objects.equals(rawCall.get().block(), ourCall.get().block())) {
                throw new IllegalStateException("raw and Headrace read different texts");
            }
            double[] rawMillis = new double[rounds];
            double[] ourMillis = new double[rounds];
            for (int round = -WARM_UP; round < rounds; round++) {
                double rawTook = millis(calls, rawCall);
                double ourTook = millis(calls, ourCall);
                if (round >= 0) {
                    rawMillis[round] = rawTook;
                    ourMillis[round] = ourTook;
                }
            }
            Arrays.sort(rawMillis);
            Arrays.sort(ourMillis);
            double rawMedian = rawMillis[rounds / 2];
            double ourMedian = ourMillis[rounds / 2];
            System.out.printf(
                    Locale.ROOT,
                    "%d %s of %d ms at once, median of %d rounds: raw %.0f ms, headrace %.0f ms, ratio %.3f; best %.0f and "
                            + "%.0f ms; at most %d threads, both together%n",
                    calls,
                    streams ? "streams" : "calls",
                    MILLIS,
                    rounds,
                    rawMedian,
                    ourMedian,
                    ourMedian / rawMedian,
                    rawMillis[0],
                    ourMillis[0],
                    ManagementFactory.getThreadMXBean().getPeakThreadCount());
        } finally {
            pool.dispose();
        }
    }

    private static double millis(int calls, Supplier<? extends Mono<?>> call) {
        long start = System.nanoTime();
        Flux.range(0, calls).flatMap(i -> call.get(), calls, 1).blockLast();
        return (System.nanoTime() - start) / 1e6;
    }

    private static Mono<String> rawCall(HttpClient client, String text) {
        byte[] body = RawClient.request(text);
        return client.post()
                .uri("/v1/chat/completions")
                .send(Mono.just(Unpooled.wrappedBuffer(body)))
                .responseSingle((response, content) -> response.status().code() == 200
                        ? content.asByteArray()
                        : Mono.error(new IllegalStateException("status " + response.status())))
                .map(answer -> new String(RawClient.result("id", 0, 0, answer), StandardCharsets.UTF_8));
    }
}
