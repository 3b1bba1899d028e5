package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.admission.ApiKey;
import io.headrace.admission.Demand;
import io.headrace.admission.Gate;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.observe.Meter;
import io.headrace.observe.ScriptedMeter;
import io.headrace.run.Estimate.StepEstimate;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class EstimateTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final AtomicInteger sent = new AtomicInteger();
    private final ResponseCache cache = InMemoryCache.create();
    private final Meter<String, String> meter = new Prices("0.03", "0.001", true);

    private record Prices(String call, String token, boolean halves) implements Meter<String, String> {

        @Override
        public Meter<String, String> batch() {
            return halves ? new Prices("0.015", "0.0005", false) : Meter.super.batch();
        }

        @Override
        public Cost ceiling(String request) {
            return Cost.of(new BigDecimal(call));
        }

        @Override
        public Cost price(String request, Usage usage) {
            return Cost.of(new BigDecimal(token).multiply(BigDecimal.valueOf(usage.inputTokens())));
        }

        @Override
        public Usage usage(String answer) {
            return Usage.of(10, 3);
        }

        @Override
        public Cost cost(String answer) {
            return Cost.of(new BigDecimal("0.02"));
        }

        @Override
        public String model(String answer) {
            return "";
        }
    }

    private final Call<String, String> call = CallStack.<String, String>of(request -> Mono.fromCallable(() -> {
                sent.incrementAndGet();
                return request;
            }))
            .key(request -> new CallKey(fingerprint(request), List.of()))
            .codec(Codec.json(String.class))
            .cache(cache)
            .meter(meter)
            .demand(request -> new Demand(10, 20, Cost.UNKNOWN))
            .build();
    private final Pipeline<String, String> pipeline = Step.<String, String>map("one", word -> call.apply("1" + word))
            .then(Step.map("two", word -> call.apply("2" + word)));

    private static Fingerprint fingerprint(String request) {
        return new Fingerprint(request.hashCode(), request.length(), 3, 4);
    }

    private static Dataset<String> words(int count) {
        return Dataset.of(IntStream.range(0, count).mapToObj(i -> "word" + i).toList());
    }

    private static void same(Cost is, String usd) {
        assertThat(is.usd()).isEqualByComparingTo(usd);
        assertThat(is.isKnown()).isTrue();
    }

    @Test
    void nothingCached_everyRowIsOneCallForEachStep_andNothingIsSent() {
        Estimate estimate = Estimate.of(words(100), pipeline)
                .latency(Duration.ofSeconds(2))
                .concurrency(10)
                .estimate()
                .block(SOON);
        assertThat(sent).hasValue(0);
        assertThat(estimate.rows()).isEqualTo(100);
        assertThat(estimate.calls()).isEqualTo(200);
        assertThat(estimate.cached()).isZero();
        assertThat(estimate.inputTokens()).isEqualTo(2_000);
        assertThat(estimate.outputTokens()).isEqualTo(4_000);
        same(estimate.online().least(), "2");
        same(estimate.online().most(), "6");
        same(estimate.batch().least(), "1");
        same(estimate.batch().most(), "3");
        assertThat(estimate.duration()).isEqualTo(Duration.ofSeconds(40));
        assertThat(estimate.mappedBytes()).isEqualTo(1_600);
        assertThat(estimate.heapBytes()).isPositive();
        assertThat(estimate.assumptions()).anyMatch(text -> text.startsWith("step 'two': 100 rows need answers"));
    }

    @Test
    void limitsOfGates_boundTheDuration() {
        Gate requests = Gate.builder("requests").requestsPerMinute(20).build();
        Gate tokens = Gate.builder("tokens").tokensPerMinute(100).build();
        assertThat(Estimate.of(words(100), pipeline)
                        .gate(requests)
                        .estimate()
                        .block(SOON)
                        .duration())
                .isEqualTo(Duration.ofMinutes(10));
        assertThat(Estimate.of(words(100), pipeline)
                        .gate(requests)
                        .gate(tokens)
                        .estimate()
                        .block(SOON)
                        .duration())
                .isEqualTo(Duration.ofMinutes(60));
    }

    @Test
    void limitsOfSeveralKeys_areThereTogether() {
        Gate keys = Gate.builder("keys")
                .requestsPerMinute(20)
                .keys(List.of(new ApiKey("a", "key-a"), new ApiKey("b", "key-b")))
                .build();
        Estimate estimate =
                Estimate.of(words(100), pipeline).gate(keys).estimate().block(SOON);
        assertThat(estimate.duration()).isEqualTo(Duration.ofMinutes(5));
        assertThat(estimate.assumptions()).contains("requests per minute are limited to 40");
    }

    @Test
    void cachedAnswers_areFoundByTheSameKeys_inEveryStep() {
        words(60).items().transform(pipeline).blockLast();
        sent.set(0);
        Estimate estimate = Estimate.of(words(100), pipeline).estimate().block(SOON);
        assertThat(sent).hasValue(0);
        assertThat(estimate.cached()).isEqualTo(120);
        assertThat(estimate.calls()).isEqualTo(80);
        StepEstimate two = estimate.steps().get(1);
        assertThat(two.cached()).isEqualTo(60);
        assertThat(two.assumed()).isEqualTo(40);
        same(two.online().most(), "1.2");

        Estimate done = Estimate.of(words(60), pipeline).estimate().block(SOON);
        assertThat(done.calls()).isZero();
        assertThat(done.online().most()).isEqualTo(Cost.ZERO);
    }

    @Test
    void sample_isScaledUp_andSaysSo() {
        Estimate estimate =
                Estimate.of(words(1_000), pipeline).sample(50).estimate().block(SOON);
        assertThat(estimate.walked()).isEqualTo(50);
        assertThat(estimate.calls()).isEqualTo(2_000);
        same(estimate.online().most(), "60");
        assertThat(estimate.assumptions())
                .contains("the first 50 of 1,000 rows were tried, numbers are scaled up from them");
    }

    @Test
    void unknownPrice_staysUnknown() {
        Call<String, String> unpriced = CallStack.<String, String>of(request -> Mono.never())
                .meter(ScriptedMeter.of(Cost.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN))
                .build();
        Estimate estimate = Estimate.of(words(7), Step.map("ask", unpriced::apply))
                .estimate()
                .block(SOON);
        assertThat(estimate.online().most()).isEqualTo(new Cost(BigDecimal.ZERO, 7));
        assertThat(estimate.online().least().isKnown()).isFalse();
    }

    @Test
    void emptyDataset_takesNothing() {
        assertThat(Estimate.of(words(0), pipeline).estimate().block(SOON).calls())
                .isZero();
    }

    @Test
    void samples_areCountedOnce_whoeverAsksForThem() {
        Dataset<String> equal = Dataset.of(java.util.Collections.nCopies(10, "same"));
        Estimate estimate = Estimate.of(equal, pipeline).estimate().block(SOON);
        StepEstimate one = estimate.steps().get(0);
        assertThat(one.calls()).isEqualTo(1);
        assertThat(one.cached()).isEqualTo(9);
        assertThat(estimate.steps().get(1).assumed()).isEqualTo(10);
        assertThat(sent).hasValue(0);
    }

    @Test
    void repeatedPromptsOfAnItem_areSamplesOfTheirOwn() {
        Pipeline<String, String> twice = Pipeline.of(
                Step.<String, String>map("twice", word -> call.apply(word).zipWith(call.apply(word), String::concat)));
        words(1).items().transform(twice).blockLast();
        assertThat(sent).hasValue(2);
        Pipeline<String, String> thrice = Pipeline.of(Step.<String, String>map(
                "thrice", word -> call.apply(word).then(call.apply(word)).then(call.apply(word))));
        Estimate estimate = Estimate.of(words(1), thrice).estimate().block(SOON);
        assertThat(estimate.cached()).isEqualTo(2);
        assertThat(estimate.calls()).isEqualTo(1);
    }

    @Test
    void callsThatAnItemMakesAtOnce_areAllCounted() {
        Pipeline<String, List<String>> votes = Pipeline.of(Step.map(
                "votes", word -> Flux.range(0, 5).flatMap(i -> call.apply(word)).collectList()));
        Estimate estimate = Estimate.of(words(10), votes).estimate().block(SOON);
        assertThat(estimate.calls()).isEqualTo(50);
        same(estimate.online().most(), "1.5");
        assertThat(sent).hasValue(0);

        StepVerifier.create(votes.apply(words(1).items().take(1)))
                .expectNextCount(1)
                .verifyComplete();
        Estimate more = Estimate.of(words(10), votes).estimate().block(SOON);
        assertThat(more.cached()).isEqualTo(5);
        assertThat(more.calls()).isEqualTo(45);
    }

    @Test
    void callsThatNeedTheAnswerOfAnother_areNotCounted_andItSaysSo() {
        Pipeline<String, String> chain = Pipeline.of(Step.map(
                "chain", word -> call.apply(word).flatMap(answer -> call.apply("again " + answer))));
        Estimate estimate = Estimate.of(words(10), chain).estimate().block(SOON);
        assertThat(estimate.calls()).isEqualTo(10);
        assertThat(estimate.assumptions())
                .contains("calls that a step makes only when it has the answer of another one are not counted");
        words(10).items().transform(chain).blockLast();
        assertThat(Estimate.of(words(10), chain).estimate().block(SOON).assumptions())
                .noneMatch(text -> text.contains("not counted"));
    }

    @Test
    void refresh_countsWhatIsCachedAsCallsToo() {
        words(5).items().transform(pipeline).blockLast();
        assertThat(Estimate.of(words(5), pipeline)
                        .cachePolicy(CachePolicy.refresh())
                        .estimate()
                        .block(SOON)
                        .calls())
                .isEqualTo(10);
    }
}
