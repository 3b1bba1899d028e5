package io.headrace.provider.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.BatchResult;
import io.headrace.cache.InMemoryCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.layer.ChatStream;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.run.RunReport.End;
import io.headrace.testkit.SimulatedBatch;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The same pipeline online and in batches, over sockets: the same values, and nothing bought twice. */
class BatchRunTest {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ROWS = 60;

    /** Whose batches. */
    enum Whose {
        OPENAI("gpt-4o-mini"),
        ANTHROPIC("claude-haiku-4-5");

        private final String model;

        Whose(String model) {
            this.model = model;
        }
    }

    @TempDir
    Path directory;

    private final InMemoryCache cache = InMemoryCache.create();
    private SimulatedProvider provider;
    private OpenAi openAi;
    private Anthropic anthropic;
    private BatchQueue queue;

    @BeforeEach
    void start() {
        provider = SimulatedProvider.builder()
                .batches(SimulatedBatches.DEFAULT.delay(Duration.ofMillis(50)))
                .start();
        openAi =
                OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey("k").build();
        anthropic = Anthropic.builder().baseUrl(provider.baseUrl()).apiKey("k").build();
        open();
    }

    @AfterEach
    void stop() {
        queue.close();
        openAi.close();
        anthropic.close();
        provider.close();
    }

    private void open() {
        queue = BatchQueue.builder(directory.resolve("batches"))
                .poll(Duration.ofMillis(10), Duration.ofMillis(20))
                .fillTime(Duration.ZERO)
                .open();
    }

    /** As a process does that starts where another one died. */
    private void reopen() {
        queue.close(); // frees the directory soon after
        Mono.fromRunnable(this::open)
                .retryWhen(Retry.fixedDelay(500, Duration.ofMillis(5)))
                .block(SOON);
    }

    private CallStack<ChatRequest, ChatResponse> stack(Whose whose) {
        ChatCall call = whose == Whose.OPENAI ? openAi.chat() : anthropic.chat();
        return CallStack.chat(call).cache(cache);
    }

    private Call<ChatRequest, ChatResponse> batched(Whose whose) {
        BatchApi<ChatRequest, ChatResponse> batches =
                whose == Whose.OPENAI ? openAi.chatBatches() : anthropic.chatBatches();
        return stack(whose).batches(queue, batches).build();
    }

    private static Mono<String> ask(Call<ChatRequest, ChatResponse> call, Whose whose, String text) {
        return call.apply(ChatRequest.builder(whose.model)
                        .user(text)
                        .maxOutputTokens(200)
                        .build())
                .map(ChatResponse::text);
    }

    private Run<String> run(
            Whose whose, String name, Call<ChatRequest, ChatResponse> first, Call<ChatRequest, ChatResponse> second) {
        Pipeline<String, String> pipeline = Step.<String, String>map(
                        "extract",
                        text -> ask(first, whose, "What is this about? " + text).map(topics -> topics + " in " + text))
                .then(Step.map("classify", topics -> ask(second, whose, "Which class is it? " + topics)));
        Dataset<String> rows = Dataset.of(IntStream.range(0, ROWS)
                .mapToObj(i -> "Document " + i + " tells of rivers, mills and invoice " + i * 7)
                .toList());
        return Run.builder(rows, pipeline, directory.resolve(name), Codec.json(String.class))
                .namespace("same")
                .batches(queue)
                .build();
    }

    /** The values by the ids of their items. */
    private Map<String, String> values(String name) throws IOException {
        Map<String, String> values = new TreeMap<>();
        for (String line : Files.readAllLines(directory.resolve(name).resolve("results.jsonl"), UTF_8)) {
            JsonNode json = JsonMapper.shared().readTree(line);
            values.put(json.get("id").asString(), json.get("value").asString());
        }
        return values;
    }

    private long requestsOfBatches() {
        return provider.batches().stream().mapToLong(SimulatedBatch::requests).sum();
    }

    private static void finished(RunReport report) {
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items().ok()).isEqualTo(ROWS);
    }

    @ParameterizedTest
    @EnumSource
    void twoStages_giveTheSameValuesAsOnline(Whose whose) throws IOException {
        RunReport batched = queue.rounds(
                        run(whose, "batched", batched(whose), batched(whose)).execute())
                .block(SOON);
        finished(batched);
        assertThat(requestsOfBatches()).isEqualTo(2L * ROWS);
        Map<String, String> values = values("batched");

        cache.clear().block(SOON);
        RunReport online = run(
                        whose, "online", stack(whose).build(), stack(whose).build())
                .execute()
                .block(SOON);
        finished(online);
        assertThat(values("online")).isEqualTo(values);
        assertThat(online.total().usage()).isEqualTo(batched.total().usage());
        assertThat(batched.total().cost().usd().multiply(BigDecimal.valueOf(2)))
                .isEqualByComparingTo(online.total().cost().usd());
        assertThat(batched.total().calls().sent()).isEqualTo(2L * ROWS);
        assertThat(requestsOfBatches()).isEqualTo(2L * ROWS);
    }

    @ParameterizedTest
    @EnumSource
    void onlineThenBatches_buysNothing(Whose whose) throws IOException {
        finished(run(whose, "online", stack(whose).build(), stack(whose).build())
                .execute()
                .block(SOON));
        long asked = provider.requests().size();

        RunReport batched = queue.rounds(
                        run(whose, "batched", batched(whose), batched(whose)).execute())
                .block(SOON);

        finished(batched);
        assertThat(provider.requests()).hasSize((int) asked);
        assertThat(provider.batches()).isEmpty();
        assertThat(batched.total().calls().cached()).isEqualTo(2L * ROWS);
        assertThat(batched.total().cost().usd()).isEqualByComparingTo("0");
        assertThat(values("batched")).isEqualTo(values("online"));
    }

    @ParameterizedTest
    @EnumSource
    void batchesThenOnline_buysNothing(Whose whose) throws IOException {
        finished(queue.rounds(
                        run(whose, "batched", batched(whose), batched(whose)).execute())
                .block(SOON));
        int asked = provider.requests().size();

        RunReport online = run(
                        whose, "online", stack(whose).build(), stack(whose).build())
                .execute()
                .block(SOON);

        finished(online);
        assertThat(provider.requests()).hasSize(asked);
        assertThat(online.total().calls().sent()).isZero();
        assertThat(values("online")).isEqualTo(values("batched"));
    }

    @ParameterizedTest
    @EnumSource
    void firstStageInBatches_secondOnline(Whose whose) throws IOException {
        RunReport mixed = queue.rounds(
                        run(whose, "mixed", batched(whose), stack(whose).build())
                                .execute())
                .block(SOON);

        finished(mixed);
        assertThat(requestsOfBatches()).isEqualTo(ROWS);
        assertThat(mixed.total().calls().sent()).isEqualTo(2L * ROWS);
        finished(run(whose, "online", stack(whose).build(), stack(whose).build())
                .execute()
                .block(SOON));
        assertThat(values("mixed")).isEqualTo(values("online"));
    }

    @Test
    void severalChoices_areAsManyRequests() {
        Call<ChatRequest, ChatResponse> call = batched(Whose.OPENAI);
        RunReport report = queue.rounds(run(
                        "choices",
                        text -> call.apply(ChatRequest.builder("gpt-4o-mini")
                                        .user(text)
                                        .n(3)
                                        .build())
                                .map(answer -> answer.choices().size() + " choices")))
                .block(SOON);

        finished(report);
        assertThat(requestsOfBatches()).isEqualTo(3L * ROWS);
    }

    @Test
    void streamedCall_waitsAndComesInPieces() throws IOException {
        ChatStream stream = ChatStream.of(batched(Whose.OPENAI));
        RunReport report = queue.rounds(run(
                        "streamed",
                        text -> stream.texts(ChatRequest.builder("gpt-4o-mini")
                                        .user(text)
                                        .build())
                                .collect(Collectors.joining())))
                .block(SOON);

        finished(report);
        assertThat(requestsOfBatches()).isEqualTo(ROWS);
        assertThat(values("streamed").values()).noneMatch(String::isEmpty);
    }

    @Test
    void embeddings_goByTheirOwnBatches() throws IOException {
        Call<EmbeddingRequest, EmbeddingResponse> embed = CallStack.embeddings(openAi.embeddings())
                .cache(cache)
                .batches(queue, openAi.embeddingBatches())
                .build();
        Call<ChatRequest, ChatResponse> chat = batched(Whose.OPENAI);
        RunReport report = queue.rounds(run(
                        "embedded",
                        text -> Mono.zip(
                                        embed.apply(EmbeddingRequest.of("text-embedding-3-small", text)),
                                        ask(chat, Whose.OPENAI, text))
                                .map(both -> both.getT1().vectors().size() + both.getT2())))
                .block(SOON);

        finished(report);
        assertThat(provider.batches()).hasSize(2); // both in one pass
        assertThat(requestsOfBatches()).isEqualTo(2L * ROWS);
        assertThat(report.total().cost().isKnown()).isTrue();
    }

    @Test
    void vectorsOfAnotherLengthThanAskedFor_areNotKept() throws IOException {
        AtomicInteger readings = new AtomicInteger();
        Call<EmbeddingRequest, EmbeddingResponse> embed = CallStack.embeddings(openAi.embeddings())
                .cache(cache)
                .batches(queue, longerAtFirst(openAi.embeddingBatches(), readings))
                .build();
        RunReport report = queue.rounds(run(
                        "embedded",
                        text -> embed.apply(EmbeddingRequest.of("text-embedding-3-small", text)
                                        .withDimensions(2))
                                .map(answer -> "of length " + answer.vector().length)))
                .block(SOON);

        finished(report);
        assertThat(values("embedded").values()).hasSize(ROWS).containsOnly("of length 2");
        assertThat(requestsOfBatches()).isEqualTo(2L * ROWS);
    }

    /** A server that ignores the dimensions in its first batch. */
    @SuppressWarnings("unchecked")
    private static BatchApi<EmbeddingRequest, EmbeddingResponse> longerAtFirst(
            BatchApi<EmbeddingRequest, EmbeddingResponse> api, AtomicInteger readings) {
        return (BatchApi<EmbeddingRequest, EmbeddingResponse>) Proxy.newProxyInstance(
                BatchApi.class.getClassLoader(), new Class<?>[] {BatchApi.class}, (proxy, method, arguments) -> {
                    Object told = method.invoke(api, arguments);
                    return method.getName().equals("results") && readings.getAndIncrement() == 0
                            ? ((Flux<BatchResult<EmbeddingResponse>>) told).map(BatchRunTest::longer)
                            : told;
                });
    }

    private static BatchResult<EmbeddingResponse> longer(BatchResult<EmbeddingResponse> result) {
        EmbeddingResponse answer = ((BatchResult.Answered<EmbeddingResponse>) result).answer();
        return new BatchResult.Answered<>(
                result.customId(),
                new EmbeddingResponse(answer.model(), List.of(new float[] {1, 0, 0}), answer.usage(), ""));
    }

    private Mono<RunReport> run(String name, Function<String, Mono<String>> function) {
        Dataset<String> rows = Dataset.of(
                IntStream.range(0, ROWS).mapToObj(i -> "Mill " + i + " turns").toList());
        return Run.builder(rows, Step.map("ask", function), directory.resolve(name), Codec.json(String.class))
                .batches(queue)
                .build()
                .execute();
    }

    @ParameterizedTest
    @EnumSource
    void processThatDiesBetweenTheStages_goesOnInAnother(Whose whose) throws IOException {
        int passes = 0;
        RunReport report;
        do {
            report = queue.round(run(whose, "batched", batched(whose), batched(whose))
                            .execute())
                    .delayElement(Duration.ofMillis(100)) // the batches end meanwhile
                    .block(SOON);
            reopen();
            passes++;
        } while (report.end() == End.WAITING && passes < 20);

        finished(report);
        assertThat(passes).isGreaterThanOrEqualTo(3);
        assertThat(requestsOfBatches()).isEqualTo(2L * ROWS);
        assertThat(report.total().calls().sent()).isEqualTo(2L * ROWS);
        assertThat(report.total().calls().cached()).isZero(); // each pass reads what the run itself has paid
        assertThat(report.total().saved()).isEqualTo(Cost.ZERO);
        finished(run(whose, "online", stack(whose).build(), stack(whose).build())
                .execute()
                .block(SOON));
        assertThat(values("batched")).isEqualTo(values("online"));
    }
}
