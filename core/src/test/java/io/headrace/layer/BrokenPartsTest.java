package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.admission.DemandEstimator;
import io.headrace.admission.Gate;
import io.headrace.cache.CallKey;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.KeyFunction;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.BatchResponse.Answer;
import io.headrace.observe.CallListener;
import io.headrace.observe.Meter;
import io.headrace.observe.Statistics;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** What users hand to a stack may be broken: each call ends, what is paid for is delivered, and nothing stays held or counted. */
@NullUnmarked
class BrokenPartsTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final KeyFunction<String> KEYS =
            text -> CallKeyBuilder.of("test", "echo").field("text", text).build();

    private final Gate gate = Gate.builder("test").concurrency(2).build();
    private final Statistics statistics = Statistics.create();
    private final MapCache cache = new MapCache();
    private final AtomicInteger sent = new AtomicInteger();

    /** A meter that answers every question by {@code way}. */
    private record BrokenMeter(Supplier<Object> way) implements Meter<String, String> {

        @Override
        public Cost ceiling(String request) {
            return Cost.of(BigDecimal.ONE);
        }

        @Override
        public Usage usage(String answer) {
            return (Usage) way.get();
        }

        @Override
        public Cost cost(String answer) {
            return (Cost) way.get();
        }

        @Override
        public String model(String answer) {
            return (String) way.get();
        }

        @Override
        public String requestId(String answer) {
            return (String) way.get();
        }

        @Override
        public Meter<String, String> batch() {
            return this;
        }
    }

    private CallStack<String, String> stack(Function<String, Mono<String>> model) {
        return CallStack.<String, String>of(text -> Mono.defer(() -> {
                    sent.incrementAndGet();
                    return model.apply(text);
                }))
                .key(KEYS)
                .codec(MapCache.CODEC)
                .cache(cache)
                .gate(gate)
                .noRetry()
                .listener(statistics);
    }

    private void checkNothingIsHeld() {
        assertThat(gate.snapshot().inFlight()).isZero();
        assertThat(gate.snapshot().waiting()).isZero();
        assertThat(statistics.snapshot().attempts().inFlight()).isZero();
    }

    /** In a step, which also takes the errors that Reactor throws at whoever subscribes. */
    private static Outcome<String> outcome(Call<String, String> call, String text) {
        return Step.<String, String>map("answer", call::apply)
                .apply(Outcome.ok(Item.of("1", 0, text)))
                .block(SOON);
    }

    private static Mono<String> soon(String text) {
        return Mono.just("fine " + text).delayElement(Duration.ofMillis(5));
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void meterOfAnswers_countsThemAsUnknown(Supplier<Object> way) {
        Call<String, String> call =
                stack(BrokenPartsTest::soon).meter(new BrokenMeter(way)).build();
        Budget budget = Budget.ofUsd(BigDecimal.TEN);
        StepVerifier.create(Flux.merge(call.apply("a"), call.apply("a"), call.apply("b"))
                        .contextWrite(budget::into)
                        .sort())
                .expectNext("fine a", "fine a", "fine b")
                .expectComplete()
                .verify(SOON);
        StepVerifier.create(call.apply("a"))
                .expectNext("fine a")
                .expectComplete()
                .verify(SOON);
        assertThat(sent).hasValue(2);
        assertThat(statistics.snapshot().calls().answered()).isEqualTo(4);
        assertThat(statistics.snapshot().cost().isKnown()).isFalse();
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void meterOfABadAnswer_doesNotHideThatItIsBad(Supplier<Object> way) {
        Call<String, String> call = stack(BrokenPartsTest::soon)
                .meter(new BrokenMeter(way))
                .validator(answer -> Optional.of("too fine"))
                .build();
        StepVerifier.create(call.apply("a"))
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("the answer was turned down: too fine"))
                .verify(SOON);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void codecThatCannotWrite_leavesTheAnswerToWhoPaidForIt(Supplier<Object> way) {
        Codec<String> codec = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                return (byte[]) way.get();
            }

            @Override
            public String decode(byte[] bytes) {
                return (String) way.get();
            }
        };
        Call<String, String> call = stack(BrokenPartsTest::soon).codec(codec).build();
        StepVerifier.create(Flux.merge(call.apply("a"), call.apply("a")))
                .expectNext("fine a", "fine a")
                .expectComplete()
                .verify(SOON);
        assertThat(sent).hasValue(1);
        assertThat(cache.entries).isEmpty();
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void codecThatCannotRead_isAskedForAnother(Supplier<Object> way) {
        stack(BrokenPartsTest::soon).build().apply("a").block();
        Codec<String> codec = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                return MapCache.CODEC.encode(value);
            }

            @Override
            public String decode(byte[] bytes) {
                return (String) way.get();
            }
        };
        StepVerifier.create(stack(BrokenPartsTest::soon).codec(codec).build().apply("a"))
                .expectNext("fine a")
                .expectComplete()
                .verify(SOON);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void predicateOfWhatIsKept_leavesTheAnswerToWhoPaidForIt(Supplier<Object> way) {
        Call<String, String> call = stack(BrokenPartsTest::soon)
                .storable(answer -> (Boolean) way.get())
                .build();
        StepVerifier.create(call.apply("a"))
                .expectNext("fine a")
                .expectComplete()
                .verify(SOON);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void demandEstimator_failsItsCallBeforeItIsSent(Supplier<Object> way) {
        Call<String, String> call =
                stack(BrokenPartsTest::soon).demand(text -> (Demand) way.get()).build();
        assertThat(outcome(call, "a")).isInstanceOf(Outcome.Failed.class);
        assertThat(sent).hasValue(0);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void demandEstimatorThatCannotLearn_learnsNothing(Supplier<Object> way) {
        Call<String, String> call = stack(BrokenPartsTest::soon)
                .demand(new DemandEstimator<>() {
                    @Override
                    public Demand demand(String request) {
                        return Demand.REQUEST;
                    }

                    @Override
                    public void answered(String request, Usage usage) {
                        var unused = way.get();
                    }
                })
                .build();
        StepVerifier.create(call.apply("a"))
                .expectNext("fine a")
                .expectComplete()
                .verify(SOON);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void listener_isNobodysBusiness(Supplier<Object> way) {
        CallListener listener = event -> {
            var unused = way.get();
        };
        Call<String, String> call =
                stack(BrokenPartsTest::soon).listener(statistics.and(listener)).build();
        StepVerifier.create(Flux.merge(call.apply("a"), call.apply("a")).contextWrite(listener::into))
                .expectNext("fine a", "fine a")
                .expectComplete()
                .verify(SOON);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    @SuppressWarnings("unchecked") // null or nothing
    void model_failsItsCallAlone(Supplier<Object> way) {
        Call<String, String> call = stack(text -> text.equals("a") ? (Mono<String>) way.get() : soon(text))
                .build();
        assertThat(outcome(call, "a")).isInstanceOf(Outcome.Failed.class);
        assertThat(outcome(call, "b")).isInstanceOf(Outcome.Ok.class);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ordinaryWays")
    void modelBehindAThread_failsItsCallAlone(Supplier<Object> way) {
        Call<String, String> call = stack(text -> Mono.delay(Duration.ofMillis(5))
                        .handle((tick, sink) -> {
                            try {
                                var unused = way.get();
                                sink.complete();
                            } catch (Throwable e) {
                                sink.error(e);
                            }
                        }))
                .build();
        StepVerifier.create(call.apply("a")).expectError().verify(SOON);
        checkNothingIsHeld();
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void keyOfABatcher_failsItsCallAlone(Supplier<Object> way) {
        MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(batch ->
                        Mono.just(new BatchResponse<>(batch.elements().stream()
                                .collect(Collectors.toMap(
                                        BatchRequest.Element::id, e -> new Answer<>("fine " + e.request()))))))
                .count(2)
                .maxWait(Duration.ofMillis(20))
                .key(text -> text.equals("a") ? (CallKey) way.get() : KEYS.key(text))
                .build();
        Step<String, String> step = Step.map("answer", batcher::apply);
        StepVerifier.create(Dataset.of(List.of("a", "b", "c"))
                        .items()
                        .transform(step)
                        .filter(Outcome.Ok.class::isInstance)
                        .map(outcome -> ((Outcome.Ok<String>) outcome).value())
                        .sort())
                .expectNext("fine b", "fine c")
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void nullsOfTheUser_areNamed() {
        StepVerifier.create(stack(BrokenPartsTest::soon)
                        .demand(text -> null)
                        .build()
                        .apply("a"))
                .expectErrorMessage(
                        "the demand estimator returned null, it must return a Demand, Demand.REQUEST at least")
                .verify(SOON);
        StepVerifier.create(MicroBatcher.<String, String>builder(batch -> Mono.never())
                        .key(text -> null)
                        .build()
                        .apply("a"))
                .expectErrorMessage("the key function returned null, it must return a key for every request")
                .verify(SOON);
    }

    @Test
    void answerAfterACancel_harmsNobody() {
        Sinks.One<String> late = Sinks.one();
        Call<String, String> call = stack(text -> new Mono<>() {
                    @Override
                    public void subscribe(CoreSubscriber<? super String> actual) {
                        late.asMono().doOnNext(actual::onNext).subscribe();
                        actual.onSubscribe(Operators.emptySubscription()); // and hears of no cancel
                    }
                })
                .build();
        StepVerifier.create(call.apply("a")).thenCancel().verify();
        checkNothingIsHeld();
        late.tryEmitValue("late");
        assertThat(statistics.snapshot().calls().cancelled()).isEqualTo(1);
    }
}
