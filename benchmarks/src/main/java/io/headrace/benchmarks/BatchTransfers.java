package io.headrace.benchmarks;

import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchResult;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * 100,000 requests of 2 KB each through the batch endpoints of a provider, in as few batches as its limits allow: uploaded, worked on
 * by the simulated provider in a process of its own, and collected. Arguments: openai or anthropic, and the number of requests.
 */
public final class BatchTransfers {

    private static final int PROMPT_CHARACTERS = 1_850;

    private BatchTransfers() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args[0].equals("server")) {
            serve();
            return;
        }
        withServer(baseUrl -> measure(args[0].equals("openai"), baseUrl, Integer.parseInt(args[1])));
    }

    /** What is measured against a simulated provider. */
    interface Measurement {
        void run(String baseUrl) throws IOException;
    }

    /** Measures against a provider in a process of its own. */
    static void withServer(Measurement measurement) throws IOException, InterruptedException {
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BatchTransfers.class.getName(),
                        "server")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
            measurement.run(Objects.requireNonNull(said.readLine()));
        } finally {
            server.destroy();
            server.waitFor();
        }
    }

    private static void serve() {
        SimulatedProvider provider = SimulatedProvider.builder()
                .countOccurrences(false)
                .keepRequests(0)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(provider::close));
        System.out.println(provider.baseUrl());
        provider.onClose().block();
    }

    private static void measure(boolean isOpenAi, String baseUrl, int requests) throws IOException {
        OpenAi openAi = OpenAi.builder().baseUrl(baseUrl + "/v1").apiKey("key").build();
        Anthropic anthropic = Anthropic.builder().baseUrl(baseUrl).apiKey("key").build();
        BatchApi<ChatRequest, ChatResponse> api = isOpenAi ? openAi.chatBatches() : anthropic.chatBatches();
        int each = (int) Math.min(requests, api.limits().requests());
        long[] bytes = new long[1];
        long began = System.nanoTime();
        List<BatchJob> jobs = new ArrayList<>();
        for (int from = 0; from < requests; from += each) {
            Flux<byte[]> lines = Flux.range(from, Math.min(each, requests - from))
                    .map(i -> api.encode("r" + i, request(isOpenAi, i)))
                    .doOnNext(line -> bytes[0] += line.length + 1);
            jobs.add(Objects.requireNonNull(
                    api.submit("measure-" + from, lines, handle -> Mono.empty()).block()));
        }
        double upload = seconds(began);
        began = System.nanoTime();
        BitSet seen = new BitSet();
        long answered = 0;
        double work = 0;
        for (BatchJob job : jobs) {
            long asked = System.nanoTime();
            BatchJob ended = Objects.requireNonNull(api.job(job.id()).block());
            work += seconds(asked);
            answered += Objects.requireNonNull(api.results(ended)
                    .filter(result -> result instanceof BatchResult.Answered<ChatResponse> answer
                            && note(answer.customId(), seen))
                    .count()
                    .block());
        }
        double collect = seconds(began) - work;
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
        System.out.printf(
                Locale.ROOT,
                "%s: %,d requests, %,d MB in %d batches; upload %.1f s, work at the simulator %.1f s, results %.1f s;"
                        + " %,d answered, each once: %s; heap after GC %d MB, resident at most %d MB%n",
                isOpenAi ? "openai" : "anthropic",
                requests,
                bytes[0] / 1_000_000,
                jobs.size(),
                upload,
                work,
                collect,
                answered,
                answered == requests && seen.cardinality() == requests,
                heap,
                Measure.peakResidentMegabytes());
        openAi.close();
        anthropic.close();
    }

    static ChatRequest request(boolean isOpenAi, int i) {
        String prompt =
                ("Duck number " + i + " swims in the mill pond. ").repeat(60).substring(0, PROMPT_CHARACTERS);
        ChatRequest.Builder request = ChatRequest.builder(isOpenAi ? "gpt-4o-mini" : "claude-haiku-4-5")
                .user(prompt);
        return request.maxOutputTokens(100).build();
    }

    private static boolean note(String customId, BitSet seen) {
        seen.set(Integer.parseInt(customId.substring(1)));
        return true;
    }

    static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }
}
