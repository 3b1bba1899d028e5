package io.headrace.flow;

import static io.headrace.flow.MapStepTest.items;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.admission.Gate;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
import io.headrace.layer.BatchMeter;
import io.headrace.layer.BatchRequest;
import io.headrace.layer.BatchResponse;
import io.headrace.layer.CallStack;
import io.headrace.layer.HedgeSpec;
import io.headrace.layer.MicroBatcher;
import io.headrace.layer.RetrySpec;
import io.headrace.model.EmbeddingCall;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.Meter;
import io.headrace.observe.ScriptedMeter;
import io.headrace.observe.Statistics;
import io.headrace.observe.StatisticsSnapshot;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Batches fed by the items of steps, inside the recommended stack. */
class MicroBatchingTest {

    private static final KeyFunction<String> KEYS =
            text -> CallKeyBuilder.of("test", "answer").field("text", text).build();

    /** Each character of a request is a token at a cent. */
    private static final Meter<String, String> METER = new ScriptedMeter<>(
            request -> cents(request.length()),
            answer -> Usage.of(answer.length() - 1, 0),
            answer -> cents(answer.length() - 1));

    /** Batches leave when they are full, not by the clock of a loaded machine. */
    private static final Duration LONG = Duration.ofMinutes(1);

    private final List<Integer> sizes = new CopyOnWriteArrayList<>();
    private final Statistics statistics = Statistics.create();

    private static Cost cents(long cents) {
        return Cost.of(BigDecimal.valueOf(cents, 2));
    }

    private static BatchResponse<String> answers(BatchRequest<String> batch) {
        BatchResponse.Builder<String> answers = BatchResponse.builder();
        batch.elements().forEach(element -> answers.answer(element.id(), element.request() + "!"));
        return answers.build();
    }

    private Call<BatchRequest<String>, BatchResponse<String>> model() {
        return batch -> Mono.fromSupplier(() -> {
                    sizes.add(batch.size());
                    return answers(batch);
                })
                .delaySubscription(Duration.ofMillis(5));
    }

    private CallStack<BatchRequest<String>, BatchResponse<String>> batches(
            Call<BatchRequest<String>, BatchResponse<String>> model) {
        return CallStack.of(model).meter(BatchMeter.of(METER));
    }

    private static CallStack<String, String> single(MicroBatcher<String, String> batcher, ResponseCache cache) {
        return CallStack.batched(batcher)
                .key(KEYS)
                .codec(Codec.json(String.class))
                .meter(METER)
                .cache(cache);
    }

    @Test
    void algorithmOfLoopsAndBranches_fillsBatches() {
        try (MicroBatcher<String, String> batcher = MicroBatcher.builder(
                        batches(model()).build())
                .count(20)
                .maxWait(Duration.ofMillis(100))
                .build()) {
            Call<String, String> call = CallStack.batched(batcher).build();
            Step<Integer, Integer> search =
                    Step.map("search", number -> rounds(call, number, 0).map(String::length));
            List<Outcome<Integer>> outcomes =
                    items(100).transform(search).collectList().block(Duration.ofSeconds(30));
            assertThat(outcomes).hasSize(100).allMatch(Outcome.Ok.class::isInstance);
        }
        int calls = sizes.stream().mapToInt(Integer::intValue).sum();
        // 6 rounds for half of the items, 9 for the others, which branch
        assertThat(calls).isEqualTo(50 * 6 + 50 * 9);
        assertThat(sizes.size()).as("batches of 20").isLessThan(calls / 10);
    }

    /** Asks one thing after another; odd numbers take a detour in every second round. */
    private static Mono<String> rounds(Call<String, String> call, int number, int round) {
        if (round == 6) {
            return Mono.just("done");
        }
        Mono<String> next = call.apply(number + " round " + round);
        if (number % 2 == 1 && round % 2 == 1) {
            next = next.flatMap(answer -> call.apply(answer + " detour"));
        }
        return next.flatMap(answer -> rounds(call, number, round + 1));
    }

    @Test
    void accounts_addUpToWhatTheBatchesTook_andAReplayPaysNothing() {
        try (ResponseCache cache = InMemoryCache.create();
                MicroBatcher<String, String> batcher = MicroBatcher.builder(
                                batches(model()).build())
                        .count(8)
                        .maxWait(Duration.ofMillis(300))
                        .build()) {
            Step<Integer, String> step =
                    Step.map("ask", number -> single(batcher, cache).build().apply("question " + number));
            Log log = new Log();
            List<Outcome<String>> outcomes = run(step, 50, log);
            StatisticsSnapshot seen = statistics.snapshot();

            Usage used = IntStream.range(0, 50)
                    .mapToObj(i -> Usage.of(("question " + i).length(), 0))
                    .reduce(Usage.ZERO, Usage::plus);
            assertThat(seen.usage()).isEqualTo(used);
            assertThat(seen.cost()).isEqualTo(cents(used.inputTokens()));
            assertThat(seen.attempts().sent()).isEqualTo(sizes.size()).isLessThan(20);
            assertThat(seen.calls().answered()).isEqualTo(50);
            assertThat(outcomes.stream().map(o -> o.tally().usage()).reduce(Usage.ZERO, Usage::plus))
                    .isEqualTo(used);
            assertThat(outcomes.stream().mapToLong(o -> o.tally().attempts()).sum())
                    .isEqualTo(sizes.size());
            assertThat(outcomes).allMatch(o -> o.tally().calls() == 1);
            assertThat(log.started).hasValue(sizes.size());
            assertThat(log.ended).hasSize(sizes.size());
            assertThat(log.ended.stream().reduce(Usage.ZERO, Usage::plus)).isEqualTo(used);

            int sent = sizes.size();
            List<Outcome<String>> again = run(step, 50, log);
            assertThat(sizes).hasSize(sent);
            assertThat(again.stream().map(o -> o.tally().saved()).reduce(Cost.ZERO, Cost::plus))
                    .as("each answer saves its own share")
                    .isEqualTo(cents(used.inputTokens()));
        }
    }

    private List<Outcome<String>> run(Step<Integer, String> step, int items, AttemptLog log) {
        List<Outcome<String>> outcomes = items(items)
                .transform(step)
                .contextWrite(statistics::into)
                .contextWrite(log::into)
                .collectList()
                .block(Duration.ofSeconds(30));
        assertThat(outcomes).hasSize(items);
        return outcomes;
    }

    /** Counts what is noted. */
    private static final class Log implements AttemptLog {

        final AtomicInteger started = new AtomicInteger();
        final List<Usage> ended = new CopyOnWriteArrayList<>();

        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            return started.incrementAndGet();
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            ended.add(usage);
        }
    }

    @Test
    void callersOfTwoRuns_shareNoBatch_andPayForTheirOwn() {
        Log one = new Log();
        Log two = new Log();
        try (ResponseCache cache = InMemoryCache.create();
                MicroBatcher<String, String> batcher = MicroBatcher.builder(
                                batches(model()).build())
                        .count(3)
                        .maxWait(LONG)
                        .build()) {
            Call<String, String> call = single(batcher, cache).build();
            Flux<String> calls = Flux.merge(
                    Flux.just("a", "bb", "ccc").flatMap(call::apply).contextWrite(one::into),
                    Flux.just("d", "ee", "f").flatMap(call::apply).contextWrite(two::into));
            assertThat(calls.collectList().block(Duration.ofSeconds(20))).hasSize(6);
        }
        assertThat(sizes).containsExactly(3, 3);
        assertThat(one.ended).containsExactly(Usage.of(6, 0));
        assertThat(two.ended).containsExactly(Usage.of(4, 0));
    }

    @Test
    void leaderThatLeaves_leavesNoAttemptOpen() {
        Log log = new Log();
        StepVerifier.withVirtualTime(() -> {
                    MicroBatcher<String, String> batcher = MicroBatcher.builder(batches(batch ->
                                            Mono.delay(Duration.ofSeconds(1)).map(t -> answers(batch)))
                                    .build())
                            .count(2)
                            .build();
                    Call<String, String> call =
                            single(batcher, InMemoryCache.create()).build();
                    Mono<String> leader = call.apply("a")
                            .timeout(Duration.ofMillis(500))
                            .contextWrite(CallOptions.of("s", "1")::into)
                            .onErrorReturn("gone");
                    Mono<String> follower = call.apply("b").contextWrite(CallOptions.of("s", "2")::into);
                    return Flux.merge(leader, follower).contextWrite(log::into);
                })
                .thenAwait(Duration.ofSeconds(2))
                .expectNext("gone", "b!")
                .verifyComplete();
        assertThat(log.started).hasValue(1);
        assertThat(log.ended).containsExactly(Usage.of(2, 0));
    }

    @Test
    void batchThatFails_isRetriedAsOne() {
        AtomicInteger batches = new AtomicInteger();
        Call<BatchRequest<String>, BatchResponse<String>> flaky = batch -> Mono.defer(() -> {
            sizes.add(batch.size());
            return batches.getAndIncrement() == 0
                    ? Mono.error(ApiException.builder(ErrorKind.OVERLOADED, "busy")
                            .delivery(Delivery.REFUSED)
                            .build())
                    : Mono.just(answers(batch));
        });
        StepVerifier.withVirtualTime(() -> {
                    MicroBatcher<String, String> batcher = MicroBatcher.builder(
                                    batches(flaky).retry(RetrySpec.standard()).build())
                            .count(5)
                            .build();
                    return items(5).transform(Step.map(
                            "ask", n -> CallStack.batched(batcher).build().apply("q" + n)));
                })
                .thenAwait(Duration.ofMinutes(1))
                .expectNextCount(5)
                .verifyComplete();
        assertThat(sizes).containsExactly(5, 5);
    }

    /** Two steps of few places whose items share batches that wait at a narrow gate: nobody may hold what another waits for. */
    @Test
    void narrowSteps_andANarrowGate_doNotBlockEachOther() {
        Gate gate = Gate.builder("narrow").concurrency(1).build();
        try (MicroBatcher<String, String> batcher = MicroBatcher.builder(
                        batches(model()).gate(gate).build())
                .count(4)
                .maxWait(Duration.ofMillis(2))
                .build()) {
            Call<String, String> call = CallStack.batched(batcher).build();
            Step<Integer, String> first =
                    Step.<Integer, String>map("first", n -> call.apply("a" + n)).concurrency(2);
            Step<String, String> second =
                    Step.<String, String>map("second", call::apply).concurrency(3);
            List<Outcome<String>> outcomes =
                    items(200).transform(first).transform(second).collectList().block(Duration.ofSeconds(60));
            assertThat(outcomes).hasSize(200).allMatch(Outcome.Ok.class::isInstance);
        }
        assertThat(Collections.max(sizes)).isLessThanOrEqualTo(4);
    }

    @Test
    void stepWithFewerPlacesThanABatch_goesByTime() {
        StepVerifier.withVirtualTime(() -> {
                    MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(
                                    batch -> Mono.fromSupplier(() -> {
                                        sizes.add(batch.size());
                                        return answers(batch);
                                    }))
                            .count(100)
                            .maxWait(Duration.ofMillis(20))
                            .build();
                    return items(6).transform(Step.<Integer, String>map("ask", n -> batcher.apply("q" + n))
                            .concurrency(2));
                })
                .thenAwait(Duration.ofMillis(60))
                .expectNextCount(6)
                .verifyComplete();
        assertThat(sizes).containsExactly(2, 2, 2);
    }

    @Test
    void equalItems_makeEqualBatches_whoeverComesFirst() {
        List<List<String>> seen = new ArrayList<>();
        for (int seed = 0; seed < 2; seed++) {
            List<String> ids = new CopyOnWriteArrayList<>();
            MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(batch ->
                            Mono.fromSupplier(() -> {
                                batch.elements().forEach(element -> ids.add(element.id()));
                                return answers(batch);
                            }))
                    .count(12)
                    .maxWait(LONG)
                    .build();
            List<Integer> order = new ArrayList<>(IntStream.range(0, 12).boxed().toList());
            Collections.shuffle(order, new Random(seed));
            Flux.fromIterable(order)
                    .<Outcome<Integer>>map(n -> new Outcome.Ok<>(Item.of("item-" + n, n, n), Tally.ZERO))
                    .transform(Step.map("ask", n -> batcher.apply("q" + n)))
                    .blockLast(Duration.ofSeconds(20));
            seen.add(ids);
        }
        assertThat(seen.get(0))
                .isEqualTo(seen.get(1))
                .isEqualTo(IntStream.range(0, 12).mapToObj(n -> "item-" + n).toList());
    }

    @Test
    void gateOrHedging_roundSingleCalls_areRefused() {
        MicroBatcher<String, String> batcher =
                MicroBatcher.<String, String>builder(batch -> Mono.empty()).build();
        assertThatThrownBy(() -> CallStack.batched(batcher).concurrency(3).build())
                .hasMessageContaining("give the gate to the stack of its batches");
        assertThatThrownBy(() ->
                        CallStack.batched(batcher).hedge(HedgeSpec.standard()).build())
                .hasMessageContaining("give hedging to the stack of its batches");
    }

    /** A model whose vectors are the length of the text; three tokens an input and two for the request. */
    private static final class Lengths implements EmbeddingCall {

        final List<EmbeddingRequest> requests = new CopyOnWriteArrayList<>();

        @Override
        public String identity() {
            return "lengths";
        }

        @Override
        public Mono<EmbeddingResponse> apply(EmbeddingRequest request) {
            return Mono.fromSupplier(() -> {
                requests.add(request);
                List<float[]> vectors = request.inputs().stream()
                        .map(input -> new float[] {input.length()})
                        .toList();
                return new EmbeddingResponse(
                        request.model(), vectors, Usage.of(3L * request.inputs().size() + 2, 0), "r");
            });
        }
    }

    @Test
    void embeddings_ofOneModelGoTogether_eachUnderItsOwnKey() {
        Lengths model = new Lengths();
        try (ResponseCache cache = InMemoryCache.create();
                MicroBatcher<EmbeddingRequest, EmbeddingResponse> batcher = MicroBatcher.embeddings(
                                CallStack.embeddings(model).build())
                        .count(5)
                        .maxWait(LONG)
                        .build()) {
            Call<EmbeddingRequest, EmbeddingResponse> call = CallStack.batchedEmbeddings(batcher, model.identity())
                    .cache(cache)
                    .build();
            List<EmbeddingRequest> requests = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                requests.add(EmbeddingRequest.of("small", "x".repeat(i + 1)));
                requests.add(EmbeddingRequest.of("large", "x".repeat(i + 1)).withDimensions(1));
            }
            List<EmbeddingResponse> answers = Flux.fromIterable(requests)
                    .flatMapSequential(call::apply)
                    .contextWrite(statistics::into)
                    .collectList()
                    .block(Duration.ofSeconds(20));
            assertThat(answers).hasSize(10);
            for (int i = 0; i < 10; i++) {
                assertThat(answers.get(i).vectors()).hasSize(1);
                assertThat(answers.get(i).vector()).containsExactly(i / 2 + 1);
                assertThat(answers.get(i).model()).isEqualTo(requests.get(i).model());
            }
            assertThat(model.requests).hasSize(2);
            Usage both = Usage.of(2 * (5 * 3 + 2), 0);
            assertThat(answers.stream().map(EmbeddingResponse::usage).reduce(Usage.ZERO, Usage::plus))
                    .isEqualTo(both);
            assertThat(statistics.snapshot().usage()).isEqualTo(both);

            assertThat(call.apply(EmbeddingRequest.of("small", "xxx"))
                            .block(Duration.ofSeconds(20))
                            .vector())
                    .containsExactly(3);
            assertThat(model.requests).as("it has a key of its own").hasSize(2);
        }
    }

    @Test
    void embeddingsThatDoNotMatchTheirInputs_failTheBatchThatHasThem() {
        EmbeddingCall broken = new EmbeddingCall() {
            @Override
            public String identity() {
                return "broken";
            }

            @Override
            public Mono<EmbeddingResponse> apply(EmbeddingRequest request) {
                return Mono.just(new EmbeddingResponse("m", List.of(new float[] {1}), Usage.of(1, 0), ""));
            }
        };
        MicroBatcher<EmbeddingRequest, EmbeddingResponse> batcher =
                MicroBatcher.embeddings(broken).count(2).maxWait(LONG).build();
        StepVerifier.create(Flux.just("a", "b")
                        .flatMap(text -> batcher.apply(EmbeddingRequest.of("m", text))
                                .map(answer -> "answered")
                                .onErrorResume(e -> Mono.just(e.getMessage()))))
                .expectNext("an embedding answer has 1 vectors for 2 inputs")
                .expectNext("an embedding answer has 1 vectors for 2 inputs")
                .expectComplete()
                .verify(Duration.ofSeconds(20));
    }
}
