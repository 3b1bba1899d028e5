package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Namespace;
import io.headrace.Outcome;
import io.headrace.Priority;
import io.headrace.admission.ApiKey;
import io.headrace.admission.BreakerSpec;
import io.headrace.admission.Budget;
import io.headrace.admission.Charge;
import io.headrace.admission.Gate;
import io.headrace.admission.Rate;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.CacheTools;
import io.headrace.cache.CallKey;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.ChatKeys;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.WhyMiss;
import io.headrace.dataset.Dataset;
import io.headrace.flow.FlowControl;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.layer.Backoff;
import io.headrace.layer.CallStack;
import io.headrace.layer.RetrySpec;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatMeter;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Price;
import io.headrace.model.PriceTable;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.observe.Statistics;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Checkpoint;
import io.headrace.run.Estimate;
import io.headrace.run.Progress;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.testkit.Fault;
import io.headrace.testkit.Latency;
import io.headrace.testkit.ScriptedCall;
import io.headrace.testkit.ScriptedCall.Reply;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** The code of docs/guide.md, compiled and run: {@link DocsTest} finds every block of the guide in here. */
@Timeout(60)
class GuideTest {
    record Question(String id, String text) {}

    private static final List<String> TEXTS =
            List.of("The court ruled on the contract.", "The bread is brown.", "The duck has eggs.");

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final OpenAi openAi =
            OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey("any").build();
    private final ResponseCache cache = InMemoryCache.create();

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        cache.close();
        openAi.close();
        provider.close();
    }

    @Test
    void datasets_areReadInManyWays() throws IOException {
        Path path = file("questions.jsonl", """
                {"id": "a", "text": "Why?"}
                {"id": "b", "text": "How?"}
                {"id": "c", "te
                """);
        Path table = file("table.csv", "number;title\n1;bread\n2;water\n");
        List<Question> questions = List.of(new Question("x", "Where?"), new Question("y", "When?"));

        Dataset<Question> typed = Dataset.jsonl(path).idField("id").as(Question.class);
        Dataset<String> column = Dataset.csv(table, ';').text("title");
        Dataset<String> detected = Dataset.open(path); // kind, text and id fields by name and first rows
        Dataset<Question> memory = Dataset.of(questions).withIds(Question::id).withVersions(Codec.json(Question.class));

        Dataset<Question> first = typed.take(10);
        Dataset<Question> drawn = typed.sample(100, 42); // 100 rows by seed 42, the same ones each time

        assertThat(ids(typed)).startsWith("a", "b").hasSize(3);
        assertThat(ids(column)).hasSize(2).first().asString().startsWith("0-");
        assertThat(ids(detected)).startsWith("a", "b");
        assertThat(ids(memory)).containsExactly("x", "y");
        assertThat(ids(first)).hasSize(3);
        assertThat(ids(drawn)).hasSize(3);

        StepVerifier.create(typed.items().ofType(Outcome.Failed.class))
                .assertNext(failed -> {
                    assertThat(failed.kind()).isEqualTo(ErrorKind.MALFORMED_ROW);
                    assertThat(failed.message()).startsWith("questions.jsonl line 3: ");
                })
                .verifyComplete();
    }

    @Test
    void theStack_retriesValidatesAndFallsBack() {
        ChatCall model = openAi.chat();
        Call<ChatRequest, ChatResponse> other = CallStack.chat(openAi.chat()).build();

        Call<ChatRequest, ChatResponse> chat = CallStack.chat(model)
                .cache(cache)
                .retry(RetrySpec.standard()
                        .maxElapsed(Duration.ofMinutes(5))
                        .on(ErrorKind.SERVER_ERROR, Backoff.fixed(Duration.ofMillis(100)), 3))
                .attemptTimeout(Duration.ofMinutes(2))
                .validator(
                        answer -> answer.text().startsWith("[") ? Optional.empty() : Optional.of("it is no JSON array"))
                .concurrency(50)
                .fallback(Set.of(ErrorKind.OVERLOADED, ErrorKind.QUOTA_EXHAUSTED), other)
                .build();

        provider.failNext(1, Fault.serverError());
        assertThat(chat.apply(topics(TEXTS.get(0))).map(ChatResponse::text).block())
                .startsWith("[\"court\"");
        provider.failNext(1, Fault.quotaExhausted());
        assertThat(chat.apply(topics(TEXTS.get(1))).map(ChatResponse::text).block())
                .contains("bread");
        assertThat(provider.statistics().requests()).isEqualTo(4);
    }

    @Test
    void anyCall_takesLayers() {
        ScriptedCall<String, String> translate = ScriptedCall.answering(text -> text.toUpperCase(Locale.ROOT));

        Call<String, String> translated = CallStack.of(translate)
                .key(text -> CallKeyBuilder.of("http://10.0.0.7:9000", "translate")
                        .field("text", text)
                        .build())
                .codec(Codec.json(String.class))
                .cache(cache)
                .build();

        assertThat(translated.apply("a").block()).isEqualTo("A");
        assertThat(translated.apply("a").block()).isEqualTo("A");
        assertThat(translate.subscriptions()).isEqualTo(1);
    }

    @Test
    void samples_areReadByNamespace() {
        ChatRequest question = ChatRequest.builder("gpt-4o-mini")
                .user("Name a river.")
                .temperature(1)
                .build();
        Call<ChatRequest, ChatResponse> chat =
                CallStack.chat(openAi.chat()).cache(cache).build();

        Mono<List<ChatResponse>> draws = Flux.range(0, 3)
                .flatMap(i -> chat.apply(question))
                .collectList()
                .contextWrite(context ->
                        CallOptions.NONE.withNamespace(Namespace.of("rivers/1")).into(context)); // samples 0, 1 and 2
        Mono<ChatResponse> five = chat.apply(question.toBuilder().n(5).build()); // 0 to 4: two of them are bought
        Mono<ChatResponse> third = chat.apply(question).contextWrite(CallOptions.NONE.withReplicate(2)::into);
        Mono<ChatResponse> replayed = chat.apply(question)
                .contextWrite(CallOptions.NONE.withCachePolicy(CachePolicy.readOnly())::into); // no network

        for (int process = 0; process < 2; process++) {
            StepVerifier.create(draws)
                    .assertNext(all -> assertThat(all).hasSize(3))
                    .verifyComplete();
            assertThat(provider.statistics().requests()).isEqualTo(process == 0 ? 3 : 4);
            StepVerifier.create(five)
                    .assertNext(answer -> assertThat(answer.choices()).hasSize(5))
                    .verifyComplete();
            assertThat(provider.statistics().requests()).isEqualTo(4);
        }
        StepVerifier.create(replayed).expectNextCount(1).verifyComplete();
    }

    @Test
    void oneGate_holdsForSeveralStacks() {
        Gate account = Gate.builder("openai").concurrency(50).build();
        Call<ChatRequest, ChatResponse> nightly =
                CallStack.chat(openAi.chat()).cache(cache).gate(account).build();
        Call<ChatRequest, ChatResponse> online =
                CallStack.chat(openAi.chat()).gate(account).build();

        StepVerifier.create(Mono.zip(nightly.apply(topics(TEXTS.get(0))), online.apply(topics(TEXTS.get(1)))))
                .expectNextCount(1)
                .verifyComplete();
        assertThat(account.snapshot().inFlight()).isZero();
    }

    @Test
    void knownLimits_keysTenantsAndBudget() {
        String keyA = "a";
        String keyB = "b";
        Gate known = Gate.builder("openai/gpt-4o-mini")
                .rate(Charge.REQUESTS, Rate.perMinute(600).withBurst(60)) // at most 60 at once
                .tokensPerMinute(60_000) // evenly; prompts and the bounds on answers, as OpenAI counts
                .keys(List.of(
                        new ApiKey("team-a", keyA), new ApiKey("team-b", keyB))) // each has these limits for itself
                .tenantWeight("search", 3)
                .build();
        Call<ChatRequest, ChatResponse> online =
                CallStack.chat(openAi.chat()).gate(known).build();

        Mono<ChatResponse> now = online.apply(topics("A question"))
                .contextWrite(CallOptions.NONE
                        .withTenant("search")
                        .withPriority(Priority.INTERACTIVE)
                        .withFailFast(true)::into);
        StepVerifier.create(now).expectNextCount(1).verifyComplete();

        Budget budget = Budget.ofUsd(new BigDecimal("5.00"));
        Mono<ChatResponse> capped = online.apply(topics("A question")).contextWrite(budget::into);
        StepVerifier.create(capped).expectNextCount(1).verifyComplete();
        assertThat(budget.balance().usd().spent()).isPositive();
        assertThat(known.snapshot().inFlight()).isZero();
    }

    @Test
    void outage_pausesAGate() {
        List<String> told = new ArrayList<>();
        Consumer<String> pager = told::add;
        Gate patient = Gate.builder("openai")
                .breaker(BreakerSpec.standard().giveUpAfter(Duration.ofHours(2)))
                .pauseAtStandstill()
                .listener(event -> pager.accept(event.toString()))
                .build();
        patient.resume(); // when the outage is over, or the bill is paid

        Call<ChatRequest, ChatResponse> chat =
                CallStack.chat(openAi.chat()).gate(patient).build();
        StepVerifier.create(chat.apply(topics("A question"))).expectNextCount(1).verifyComplete();
        assertThat(told).isEmpty();
    }

    @Test
    void prices_areOverridden() {
        PriceTable prices = PriceTable.shipped()
                .with("my-model", Price.of(new BigDecimal("0.50"), new BigDecimal("2.00"))); // USD per million tokens
        Call<ChatRequest, ChatResponse> priced =
                CallStack.chat(openAi.chat()).meter(ChatMeter.of(prices)).build();

        Statistics statistics = Statistics.create();
        priced.apply(ChatRequest.builder("my-model").user("Hello").build())
                .contextWrite(statistics::into)
                .block();
        assertThat(statistics.snapshot().cost().isKnown()).isTrue();
        assertThat(statistics.snapshot().cost().usd()).isPositive();
    }

    @Test
    void steps_makeAPipeline() {
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();

        Step<String, String> paragraphs = Step.expand("paragraphs", text -> Flux.fromArray(text.split("\n\n")));
        Step<String, String> longer = Step.filter("longer", paragraph -> paragraph.length() > 10);
        Step<String, String> topics = Step.<String, String>map(
                        "topics", text -> chat.apply(topics(text)).map(ChatResponse::text))
                .concurrency(50);
        Step<String, List<String>> parse =
                Step.<String, List<String>>compute("parse", GuideTest::parse).offload();
        Pipeline<String, List<String>> pipeline =
                paragraphs.then(longer).then(topics).then(parse);

        Dataset<String> dataset = Dataset.of(List.of("The bread is brown.\n\nShort.\n\nThe duck has eggs."));
        List<String> ended = Objects.requireNonNull(dataset.items()
                .transform(pipeline)
                .map(outcome -> outcome.getClass().getSimpleName())
                .sort()
                .collectList()
                .block());
        assertThat(ended).containsExactly("Ok", "Ok", "Skipped");

        Reduction<List<String>, ?, Map<String, Integer>> counts = Reduction.of(
                "topic-counts",
                TreeMap<String, Integer>::new,
                (state, item) -> {
                    item.value().forEach(topic -> state.merge(topic, 1, Integer::sum));
                    return state;
                },
                state -> state);

        assertThat(counts.apply(dataset.items().transform(pipeline)).block()).containsEntry("bread", 1);
    }

    @Test
    void aBatch_answersManyItemsByOneCall() {
        ScriptedCall<List<String>, List<Integer>> lengths = ScriptedCall.answering(
                texts -> texts.stream().map(String::length).toList());

        Step<String, Integer> measure = Step.<String, Integer>batch(
                        "measure",
                        16,
                        items -> lengths.apply(items.stream().map(Item::value).toList())
                                .flatMapIterable(answers -> IntStream.range(0, items.size())
                                        .mapToObj(i -> items.get(i).withValue(answers.get(i)))
                                        .toList()))
                .maxWait(Duration.ofMillis(20));

        StepVerifier.create(Dataset.of(List.of("a", "bb", "ccc"))
                        .items()
                        .transform(measure)
                        .map(outcome -> (Object) outcome.item().value())
                        .collectList())
                .assertNext(values -> assertThat(values).containsExactlyInAnyOrder(1, 2, 3))
                .verifyComplete();
        assertThat(lengths.subscriptions()).isEqualTo(1);
    }

    @Test
    void aPlainFlux_keepsWhatIsDone() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Step<String, String> topics =
                Step.map("topics", text -> chat.apply(topics(text)).map(ChatResponse::text));
        Path out = folder.resolve("plain");
        Statistics statistics = Statistics.create();
        for (int time = 0; time < 2; time++) {
            try (Checkpoint<String> checkpoint = Checkpoint.builder(out, Codec.json(String.class))
                    .configuration("topics by gpt-4o-mini, prompt 1")
                    .open()) {
                checkpoint
                        .pending(dataset.items())
                        .transform(topics)
                        .transform(checkpoint)
                        .transform(statistics::items)
                        .contextWrite(statistics::into)
                        .contextWrite(checkpoint.attemptLog()::into)
                        .blockLast();
            }
        }
        assertThat(statistics.snapshot().items().ok()).isEqualTo(3);
        assertThat(provider.statistics().requests()).isEqualTo(3);
    }

    @Test
    void aRun_isTakenUpWhereItWas() throws IOException {
        provider.failNext(1, Fault.quotaExhausted());
        Dataset<String> dataset = Dataset.of(TEXTS);
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Step<String, String> topics =
                Step.map("topics", text -> chat.apply(topics(text)).map(ChatResponse::text));
        Path out = folder.resolve("run");

        Run<String> run = Run.builder(dataset, topics, out, Codec.json(String.class))
                .configuration("gpt-4o-mini, prompt 1")
                .grace(Duration.ofSeconds(10))
                .build();
        Mono<RunReport> report = run.execute();
        Flux<Progress> progress = run.progress(Duration.ofSeconds(1));

        StepVerifier.create(Mono.zip(report, progress.last()))
                .assertNext(both -> {
                    assertThat(both.getT1().total().items().failed()).isEqualTo(1);
                    assertThat(both.getT2().done()).isEqualTo(3);
                })
                .verifyComplete();
        assertThat(Files.readAllLines(out.resolve("dead-letters.jsonl"))).hasSize(1);
        Run<String> again = Run.builder(dataset, topics, out, Codec.json(String.class))
                .configuration("gpt-4o-mini, prompt 1")
                .retryFailed(true)
                .build();
        StepVerifier.create(again.execute())
                .assertNext(ended -> {
                    assertThat(ended.thisRun().items().ok()).isEqualTo(1);
                    assertThat(ended.total().items().ok()).isEqualTo(3);
                    assertThat(ended.end()).isEqualTo(RunReport.End.FINISHED);
                })
                .verifyComplete();
    }

    @Test
    void aRun_goesByBatches() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        BatchQueue queue = BatchQueue.open(folder.resolve("run/batches"));
        Call<ChatRequest, ChatResponse> cheap = CallStack.chat(openAi.chat())
                .cache(cache)
                .batches(queue, openAi.chatBatches())
                .build();
        Step<String, String> topics =
                Step.map("topics", text -> cheap.apply(topics(text)).map(ChatResponse::text));
        Run<String> run = Run.builder(dataset, topics, folder.resolve("run"), Codec.json(String.class))
                .batches(queue)
                .build();

        Mono<RunReport> submitted = queue.round(run.execute()); // submits, or collects, and is done
        Mono<RunReport> finished = queue.rounds(run.execute()); // waits until nothing is left to wait for

        StepVerifier.create(submitted)
                .assertNext(report -> assertThat(report.end()).isEqualTo(RunReport.End.WAITING))
                .verifyComplete();
        StepVerifier.create(finished)
                .assertNext(report -> assertThat(report.end()).isEqualTo(RunReport.End.FINISHED))
                .verifyComplete();
        queue.close();
        assertThat(provider.batches()).hasSize(1);
    }

    @Test
    void aRun_staysWithinItsBudget() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Step<String, String> topics = Step.map(
                "topics",
                text -> chat.apply(topics(text).toBuilder().maxOutputTokens(50).build())
                        .map(ChatResponse::text));
        Path out = folder.resolve("capped");

        Run<String> capped = Run.builder(dataset, topics, out, Codec.json(String.class))
                .configuration("gpt-4o-mini, prompt 1")
                .budget(Budget.ofUsd(new BigDecimal("5.00")))
                .stopAboveErrorShare(0.2)
                .build();

        Mono<Estimate> estimate = Estimate.of(dataset, Pipeline.of(topics))
                .sample(1_000)
                .latency(Duration.ofSeconds(2))
                .estimate();

        StepVerifier.create(estimate)
                .assertNext(expected -> {
                    assertThat(expected.calls()).isEqualTo(3);
                    assertThat(expected.online().most().isKnown()).isTrue();
                })
                .verifyComplete();
        StepVerifier.create(capped.execute())
                .assertNext(report -> assertThat(report.end()).isEqualTo(RunReport.End.FINISHED))
                .verifyComplete();
    }

    @Test
    void aFlux_isSteeredWhileItemsPass() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Pipeline<String, String> pipeline = Pipeline.of(Step.compute("topics", String::strip));

        FlowControl control = FlowControl.create();
        Flux<Outcome<String>> steered = dataset.items().transform(pipeline.controlledBy(control));
        control.concurrency("topics", 20);
        control.pause();
        control.resume();

        StepVerifier.create(steered).expectNextCount(3).verifyComplete();
    }

    @Test
    void theFirstRows_areTriedByALimitAndNotByATake() throws IOException {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Step<String, Integer> length = Step.compute("length", String::length);
        Path out = folder.resolve("first");
        Run.Builder<String, Integer> limited = Run.builder(dataset, length, out, Codec.json(Integer.class));
        Run<Integer> taken = Run.builder(dataset.take(1), length, out, Codec.json(Integer.class))
                .build();

        assertThat(limited.maxItems(2).build().execute().block()).isNotNull();
        assertThat(Files.readAllLines(out.resolve("results.jsonl"))).hasSize(2);
        assertThat(limited.maxItems(1).build().execute().block()).isNotNull();
        assertThat(Files.readAllLines(out.resolve("results.jsonl"))).hasSize(2);
        assertThat(taken.execute().block()).isNotNull();
        assertThat(Files.readAllLines(out.resolve("results.jsonl"))).hasSize(1);
    }

    @Test
    void listeners_hearOfCallsAndTheirTags() {
        Queue<String> log = new ConcurrentLinkedQueue<>();
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Dataset<String> dataset = Dataset.of(TEXTS).take(1);

        CallListener failures = event -> {
            if (event instanceof CallEvent.AttemptEnded ended && !ended.succeeded()) {
                log.add(ended.options().step() + " " + ended.options().tags() + " " + ended.delivery());
            }
        };
        Step<String, String> topics = Step.map(
                "topics",
                text -> chat.apply(topics(text))
                        .map(ChatResponse::text)
                        .contextWrite(context -> CallOptions.from(context)
                                .withTags(Map.of("tenant", "a"))
                                .into(context)));
        Flux<Outcome<String>> outcomes = dataset.items().transform(topics).contextWrite(failures::into);

        provider.failNext(1, Fault.serverError());
        StepVerifier.create(outcomes).expectNextCount(1).verifyComplete();
        assertThat(log).hasSize(1).first().asString().startsWith("topics {tenant=a} ");
    }

    @Test
    void retries_areTestedInVirtualTime() {
        ScriptedCall<String, String> model = ScriptedCall.answering(text -> "fine");
        model.next(Reply.error(
                ApiException.builder(ErrorKind.RATE_LIMITED, "too fast").build()));

        StepVerifier.withVirtualTime(() -> CallStack.of(model).build().apply("How are you?"))
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(400)) // standard(): the first wait is 0.5 to 1 s
                .thenAwait(Duration.ofSeconds(1))
                .expectNext("fine")
                .verifyComplete();
        assertThat(model.subscriptions()).isEqualTo(2);
    }

    @Test
    void theSimulatedProvider_failsOnRequest() {
        SimulatedProvider simulated = SimulatedProvider.builder()
                .latency(Latency.logNormal(Duration.ofMillis(20), 0.5))
                .faults(0.05) // of all requests, by seed: the same ones in each run
                .start();
        simulated.failNext(1, Fault.cutBody());

        try (simulated;
                OpenAi client = OpenAi.builder()
                        .baseUrl(simulated.baseUrl() + "/v1")
                        .apiKey("any")
                        .build()) {
            Call<ChatRequest, ChatResponse> chat = CallStack.chat(client.chat()).build();

            StepVerifier.create(chat.apply(topics("The bread is brown.")))
                    .assertNext(answer -> assertThat(answer.text()).contains("bread"))
                    .verifyComplete();
            assertThat(simulated.statistics().faults("cut-body")).isEqualTo(1);
        }
    }

    @Test
    void aNewRequest_isComparedWithStoredOnes() {
        ChatRequest before = topics("The bread is brown.");
        StepVerifier.create(CallStack.chat(openAi.chat()).cache(cache).build().apply(before))
                .expectNextCount(1)
                .verifyComplete();
        ChatRequest request = before.toBuilder().temperature(0.5).build();

        CallKey key = ChatKeys.of(openAi.chat().identity()).key(request);
        Mono<WhyMiss> why =
                CacheTools.of(cache).whyMiss(key); // its samples, the nearest other request, the differences

        StepVerifier.create(why)
                .assertNext(found -> assertThat(found.differences())
                        .containsExactly(new WhyMiss.Difference("temperature", WhyMiss.Kind.ADDED)))
                .verifyComplete();
    }

    private static ChatRequest topics(String text) {
        return ChatRequest.builder("gpt-4o-mini")
                .system("Name the topics of the text as a JSON array.")
                .user(text)
                .maxOutputTokens(100)
                .build();
    }

    @SuppressWarnings("unchecked")
    private static List<String> parse(String json) {
        return Codec.json(List.class).decode(json.getBytes(StandardCharsets.UTF_8));
    }

    private static List<String> ids(Dataset<?> dataset) {
        return Objects.requireNonNull(dataset.items()
                .map(outcome -> outcome.item().id())
                .collectList()
                .block());
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }
}
