package io.headrace.layer;

import static io.headrace.layer.Samples.in;
import static io.headrace.layer.Samples.replicate;
import static io.headrace.layer.Samples.stack;
import static io.headrace.layer.Samples.with;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Namespace;
import io.headrace.Usage;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.Statistics;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.publisher.TestPublisher.Violation;
import reactor.test.subscriber.TestSubscriber;
import reactor.util.context.Context;

/** Each sentence of "Samples". */
class SampleLayerTest {

    private final MapCache cache = new MapCache();
    private final Samples.Counting model = new Samples.Counting();
    private final Call<String, String> call = stack(model, cache).build();
    private final Namespace a = Namespace.of("a");
    private final Namespace b = Namespace.of("b");

    private static <T> void gives(Mono<T> call, T answer) {
        StepVerifier.create(call).expectNext(answer).expectComplete().verify(Duration.ofSeconds(20));
    }

    @Test
    void callInANamespace_readsTheNextSampleThatItHasNotHad() {
        gives(in(a, call.apply("q")), "q-1");
        gives(in(a, call.apply("q")), "q-2");
        gives(in(a, call.apply("other")), "other-3");
        assertThat(cache.stored("q", 0)).isEqualTo("q-1");
        assertThat(cache.stored("q", 1)).isEqualTo("q-2");
    }

    @Test
    void equalCallsThatRace_getDifferentSamples() {
        int calls = 200;
        Call<String, String> slow = stack(request -> model.apply(request).delayElement(Duration.ofMillis(1)), cache)
                .build();
        Set<String> answers = new HashSet<>();
        StepVerifier.create(Flux.range(0, calls)
                        .flatMap(i -> in(a, slow.apply("q")).subscribeOn(Schedulers.parallel()), calls, 1))
                .recordWith(() -> answers)
                .expectNextCount(calls)
                .expectComplete()
                .verify(Duration.ofSeconds(30));
        assertThat(answers).hasSize(calls);
        assertThat(model.asked).hasSize(calls);
    }

    @Test
    void anotherNamespace_startsAtSample0_andIsGivenTheSameAnswersForNothing() {
        gives(in(a, call.apply("q")), "q-1");
        gives(in(a, call.apply("q")), "q-2");
        gives(in(b, call.apply("q")), "q-1");
        gives(in(b, call.apply("q")), "q-2");
        assertThat(model.asked).hasSize(2);
    }

    @Test
    void outsideAnyNamespace_sample0IsRead() {
        gives(call.apply("q"), "q-1");
        gives(call.apply("q"), "q-1");
        gives(in(a, call.apply("q")), "q-1");
    }

    @Test
    void secondSubscription_readsTheNextSample() {
        Mono<String> mono = in(a, call.apply("q"));
        gives(mono, "q-1");
        gives(mono, "q-2");
    }

    @Test
    void replicate_picksASampleWhateverTheOrderOfArrival_andReservesNothing() {
        gives(in(a, replicate(2, call.apply("q"))), "q-1");
        assertThat(cache.stored("q", 2)).isEqualTo("q-1");
        gives(in(a, call.apply("q")), "q-2");
        gives(in(b, replicate(2, call.apply("q"))), "q-1");
        gives(replicate(0, call.apply("q")), "q-2");
    }

    @Test
    void sampleOfACallThatFails_isGivenBack() {
        Script script = new Script(Script.fail(ErrorKind.INVALID_REQUEST), Mono.just("yes"));
        Call<String, String> failing = stack(script, cache).build();
        StepVerifier.create(in(a, failing.apply("q"))).verifyErrorMessage("scripted invalid-request");
        gives(in(a, failing.apply("q")), "yes");
        assertThat(cache.stored("q", 0)).isEqualTo("yes");
    }

    @Test
    void sampleOfACallThatIsCancelled_isGivenBack() {
        Script script = new Script(Mono.never(), Mono.just("yes"));
        Call<String, String> slow = stack(script, cache).build();
        Disposable first = in(a, slow.apply("q")).subscribe();
        first.dispose();
        assertThat(script.cancelled).hasValue(1);
        gives(in(a, slow.apply("q")), "yes");
        assertThat(cache.stored("q", 0)).isEqualTo("yes");
    }

    @Test
    void sampleOfACallThatEndsEmpty_isGivenBack() {
        Call<String, String> layer = new Script(Mono.empty(), Mono.just("yes")).with(SampleLayer.of(MapCache.KEYS));
        StepVerifier.create(in(a, layer.apply("q"))).verifyComplete();
        gives(in(a, layer.apply("q")), "yes");
        assertThat(a.take(MapCache.KEYS.key("q").fingerprint(), 1)).isEqualTo(1);
    }

    @Test
    void sampleOfACallThatThrows_isGivenBack() {
        Call<String, String> layer = Samples.<String>thrower().with(SampleLayer.of(MapCache.KEYS));
        StepVerifier.create(in(a, layer.apply("q"))).verifyErrorMessage("thrown");
        assertThat(a.take(MapCache.KEYS.key("q").fingerprint(), 1)).isZero();
    }

    @Test
    void answerThatComesAfterTheCancel_isNotDelivered_forAnotherMayHaveItsSample() {
        TestPublisher<String> late = TestPublisher.createNoncompliant(Violation.DEFER_CANCELLATION);
        Call<String, String> layer =
                ((Call<String, String>) request -> Mono.fromDirect(late)).with(SampleLayer.of(MapCache.KEYS));
        TestSubscriber<String> caller = TestSubscriber.create();
        in(a, layer.apply("q")).subscribe(caller);
        caller.cancel();
        late.next("late");
        assertThat(caller.getReceivedOnNextAfterCancellation()).isEmpty();
        assertThat(a.take(MapCache.KEYS.key("q").fingerprint(), 1)).isZero();
    }

    @Test
    void retries_keepTheirSample() {
        Script script = new Script(Script.fail(ErrorKind.OVERLOADED), Mono.just("yes"));
        Call<String, String> retrying = stack(script, cache)
                .retry(RetrySpec.fixedDelay(3, Duration.ofNanos(1)))
                .build();
        gives(in(a, retrying.apply("q")), "yes");
        assertThat(cache.stored("q", 0)).isEqualTo("yes");
    }

    @Test
    void namespaceAnew_readsExactlyWhatItReadBefore() {
        for (int process = 0; process < 2; process++) {
            Namespace again = Namespace.of("run/item");
            gives(in(again, call.apply("q")), "q-1");
            gives(in(again, call.apply("q")), "q-2");
            gives(in(again, call.apply("q")), "q-3");
        }
        assertThat(model.asked).hasSize(3);
    }

    @Test
    void evictedSample_isBoughtAgainAtTheSameIndex() {
        gives(in(a, call.apply("q")), "q-1");
        gives(in(a, call.apply("q")), "q-2");
        cache.entries.remove(new MapCache.Place(MapCache.KEYS.key("q").fingerprint(), 0));
        gives(in(b, call.apply("q")), "q-3");
        gives(in(b, call.apply("q")), "q-2");
        assertThat(cache.stored("q", 0)).isEqualTo("q-3");
    }

    @Test
    void refreshedSample_isBoughtAgainAtTheSameIndex() {
        gives(in(a, call.apply("q")), "q-1");
        gives(in(a, call.apply("q")), "q-2");
        gives(with(in(b, call.apply("q")), o -> o.withCachePolicy(CachePolicy.refresh())), "q-3");
        assertThat(cache.stored("q", 0)).isEqualTo("q-3");
        assertThat(cache.stored("q", 1)).isEqualTo("q-2");
    }

    @Test
    void layersInside_findTheNumberInTheOptions_andTheRequestIsSentAsItIs() {
        List<Integer> numbers = new ArrayList<>();
        Call<String, String> reading = request -> Mono.deferContextual(context -> {
            Integer replicate = CallOptions.from(context).replicate();
            numbers.add(replicate == null ? 0 : replicate);
            return model.apply(request);
        });
        Call<String, String> stack = stack(reading, cache).build();
        gives(in(a, stack.apply("q")), "q-1");
        gives(in(a, stack.apply("q")), "q-2");
        gives(replicate(7, stack.apply("q")), "q-3");
        Call<String, String> alone = reading.with(SampleLayer.of(MapCache.KEYS));
        gives(in(a, alone.apply("q")), "q-4");
        assertThat(numbers).containsExactly(0, 1, 7, 2);
        assertThat(model.asked).containsOnly("q");
    }

    @Test
    void attempts_areNotedWithTheirSample_andEntriesWithTheirNamespace() {
        List<Integer> noted = new ArrayList<>();
        AttemptLog log = new AttemptLog() {
            @Override
            public long started(Fingerprint fingerprint, int sample, Cost reserved) {
                assertThat(fingerprint).isEqualTo(MapCache.KEYS.key("q").fingerprint());
                noted.add(sample);
                return 1;
            }

            @Override
            public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {}
        };
        gives(in(a, call.apply("q")).contextWrite(log::into), "q-1");
        gives(in(a, call.apply("q")).contextWrite(log::into), "q-2");
        assertThat(noted).containsExactly(0, 1);
        assertThat(cache.entries.values()).allMatch(entry -> entry.namespace().equals("a"));
    }

    @Test
    void demandAndContext_pass() {
        Call<String, String> layer = request -> Mono.deferContextual(context -> Mono.just(context.get("who")));
        StepVerifier.create(
                        in(a, layer.with(SampleLayer.of(MapCache.KEYS)).apply("q"))
                                .contextWrite(Context.of("who", "me")),
                        0)
                .expectSubscription()
                .thenRequest(1)
                .expectNext("me")
                .verifyComplete();
    }

    // several answers

    private Call<String, String> several(boolean atOnce) {
        return stack(model, cache).several(Samples.SEVERAL, atOnce).build();
    }

    @Test
    void nAnswers_areNConsecutiveSamples() {
        gives(in(a, several(true).apply("q*3")), "q-1,q-2,q-3");
        gives(in(a, several(true).apply("q")), "q-4");
        gives(in(b, several(true).apply("q*2")), "q-1,q-2");
        gives(in(b, several(true).apply("q*2")), "q-3,q-4");
        gives(replicate(1, several(true).apply("q*2")), "q-2,q-3");
        assertThat(model.asked).containsExactly("q*3", "q");
    }

    @Test
    void onlyMissingOnesAreBought_byOneCallWhereTheProviderHasN() {
        gives(replicate(1, several(true).apply("q")), "q-1");
        gives(several(true).apply("q*4"), "q-2,q-1,q-3,q-4");
        assertThat(model.asked).containsExactly("q", "q*3");
        gives(several(true).apply("q*4"), "q-2,q-1,q-3,q-4");
        assertThat(model.asked).hasSize(2);
    }

    @Test
    void oneMissingAnswer_isAskedForAsASingleOne() {
        gives(several(true).apply("q"), "q-1");
        gives(several(true).apply("q*2"), "q-1,q-2");
        assertThat(model.asked).containsExactly("q", "q");
    }

    @Test
    void bySingleCallsWhereItHasNot_withAndWithoutACache() {
        gives(several(false).apply("q*3"), "q-1,q-2,q-3");
        assertThat(model.asked).containsExactly("q", "q", "q");
        gives(CallStack.of(model).several(Samples.SEVERAL, false).build().apply("r*2"), "r-4,r-5");
        gives(CallStack.of(model).several(Samples.SEVERAL, true).build().apply("s*2"), "s-6,s-7");
        assertThat(model.asked).endsWith("r", "r", "s*2");
    }

    @Test
    void usageAndCostBelongToTheCall_andAreKeptWithTheFirstSample() {
        Recorder recorder = new Recorder();
        io.headrace.observe.Meter<String, String> perCall = new io.headrace.observe.Meter<>() {
            @Override
            public Cost ceiling(String request) {
                return Cost.ZERO;
            }

            @Override
            public Usage usage(String answer) {
                return answer.contains("-1") ? Usage.of(10, 30) : Usage.ZERO;
            }

            @Override
            public Cost cost(String answer) {
                return answer.contains("-1") ? Cost.of(BigDecimal.ONE) : Cost.ZERO;
            }

            @Override
            public String model(String answer) {
                return "m";
            }
        };
        Call<String, String> stack = stack(model, cache)
                .several(Samples.SEVERAL, true)
                .meter(perCall)
                .listener(recorder)
                .build();
        gives(stack.apply("q*3"), "q-1,q-2,q-3");
        assertThat(recorder.of(AttemptStarted.class)).hasSize(1);
        gives(stack.apply("q*3"), "q-1,q-2,q-3");
        assertThat(recorder.of(CacheHit.class))
                .containsExactly(new CacheHit(CallOptions.NONE, Usage.of(10, 30), Cost.of(BigDecimal.ONE), true));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void severalAnswers_areOneCall_cachedIfNothingWasBought(boolean atOnce) {
        Statistics statistics = Statistics.create();
        Recorder recorder = new Recorder();
        Call<String, String> stack = stack(model, cache)
                .several(Samples.SEVERAL, atOnce)
                .listener(statistics.and(recorder))
                .build();
        gives(stack.apply("q"), "q-1");
        gives(stack.apply("q*2"), "q-1,q-2");
        assertThat(statistics.snapshot().calls().cached()).isZero();
        assertThat(recorder.of(CacheHit.class)).extracting(CacheHit::whole).containsExactly(false);

        gives(stack.apply("q*2"), "q-1,q-2");
        assertThat(statistics.snapshot().calls().cached()).isOne();
        assertThat(statistics.snapshot().calls().total()).isEqualTo(3);
        assertThat(recorder.names()).endsWith("CacheHit", "CallEnded");
    }

    @Test
    void hitOfACallThatFailed_isNotWhole() {
        Recorder recorder = new Recorder();
        Call<String, String> stack = stack(
                        request -> request.equals("q") && model.asked.size() == 1
                                ? Mono.error(new IllegalStateException("down"))
                                : model.apply(request),
                        cache)
                .several(Samples.SEVERAL, true)
                .listener(recorder)
                .build();
        gives(stack.apply("q"), "q-1");
        StepVerifier.create(stack.apply("q*2")).expectErrorMessage("down").verify();
        assertThat(recorder.of(CacheHit.class)).extracting(CacheHit::whole).containsExactly(false);
    }

    @Test
    void samplesInFlightElsewhere_areJoined() {
        Sinks.One<String> slow = Sinks.one();
        List<String> asked = new ArrayList<>();
        Call<String, String> stack = stack(
                        request -> {
                            asked.add(request);
                            return request.contains("*") ? model.apply(request) : slow.asMono();
                        },
                        cache)
                .several(Samples.SEVERAL, true)
                .build();
        List<String> answers = new ArrayList<>();
        replicate(1, stack.apply("q")).subscribe(answers::add);
        stack.apply("q*3").subscribe(answers::add);
        assertThat(asked).containsExactly("q", "q*2");
        assertThat(answers).isEmpty();
        slow.tryEmitValue("joined");
        assertThat(answers).containsExactly("joined", "q-1,joined,q-2");
    }

    @Test
    void callsForSeveralThatCross_buyEachSampleOnce() {
        Sinks.Empty<Void> go = Sinks.empty();
        Call<String, String> stack = stack(request -> go.asMono().then(model.apply(request)), cache)
                .several(Samples.SEVERAL, true)
                .build();
        List<String> answers = new ArrayList<>();
        replicate(0, stack.apply("q*3")).subscribe(answers::add);
        replicate(1, stack.apply("q*3")).subscribe(answers::add);
        replicate(2, stack.apply("q*3")).subscribe(answers::add);
        go.tryEmitEmpty();
        assertThat(model.asked).containsExactlyInAnyOrder("q*3", "q", "q");
        assertThat(answers).containsExactlyInAnyOrder("q-1,q-2,q-3", "q-2,q-3,q-4", "q-3,q-4,q-5");
    }

    @Test
    void failureOfTheOneCall_givesAllSamplesBack_andACancelToo() {
        Script script = new Script(Script.fail(ErrorKind.SERVER_ERROR), Mono.never(), Mono.just("x,y"));
        Call<String, String> stack =
                stack(script, cache).several(Samples.SEVERAL, true).build();
        StepVerifier.create(in(a, stack.apply("q*2"))).verifyErrorMessage("scripted server-error");
        in(a, stack.apply("q*2")).subscribe().dispose();
        assertThat(script.cancelled).hasValue(1);
        gives(in(a, stack.apply("q*2")), "x,y");
        assertThat(cache.stored("q", 0)).isEqualTo("x");
    }

    @Test
    void answersThatTheOneCallDidNotBring_areBoughtAlone() {
        List<String> asked = new CopyOnWriteArrayList<>();
        Call<String, String> ignoresCount = request -> Mono.fromSupplier(() -> {
            asked.add(request);
            return "x" + asked.size();
        });
        Call<String, String> stack =
                stack(ignoresCount, cache).several(Samples.SEVERAL, true).build();
        gives(stack.apply("q*3"), "x1,x2,x3");
        assertThat(asked).containsExactly("q*3", "q", "q");
        assertThat(cache.stored("q", 0)).isEqualTo("x1");
        assertThat(cache.stored("q", 2)).isEqualTo("x3");
        gives(stack.apply("q*3"), "x1,x2,x3");
        assertThat(asked).hasSize(3);
    }

    @Test
    void failureOfOneThatIsBoughtAlone_keepsWhatCame() {
        Script script = new Script(Mono.just("x"), Script.fail(ErrorKind.SERVER_ERROR), Mono.just("y"));
        Call<String, String> stack =
                stack(script, cache).several(Samples.SEVERAL, true).build();
        StepVerifier.create(stack.apply("q*2")).verifyErrorMessage("scripted server-error");
        assertThat(cache.stored("q", 0)).isEqualTo("x");
        gives(stack.apply("q*2"), "x,y");
        assertThat(script.subscribed).hasValue(3);
    }

    @Test
    void cancelWhileOneIsBoughtAlone_cancelsIt() {
        Script script = new Script(Mono.just("x"), Mono.never());
        stack(script, cache)
                .several(Samples.SEVERAL, true)
                .build()
                .apply("q*2")
                .subscribe()
                .dispose();
        assertThat(script.subscribed).hasValue(2);
        assertThat(script.cancelled).hasValue(1);
    }

    @Test
    void answersBeyondThoseAskedFor_areLeft() {
        Call<String, String> stack = stack(request -> Mono.just("x,y,z"), cache)
                .several(Samples.SEVERAL, true)
                .build();
        gives(stack.apply("q*2"), "x,y");
    }

    @Test
    void severalByRefreshAndBypass_goByOneCallToo() {
        gives(several(true).apply("q*2"), "q-1,q-2");
        gives(with(several(true).apply("q*2"), o -> o.withCachePolicy(CachePolicy.refresh())), "q-3,q-4");
        gives(with(several(true).apply("q*2"), o -> o.withCachePolicy(CachePolicy.bypass())), "q-5,q-6");
        gives(several(true).apply("q*2"), "q-3,q-4");
        assertThat(model.asked).containsExactly("q*2", "q*2", "q*2");
    }

    @Test
    void validator_judgesEachOfSeveralAnswers_soThatWhatIsReadAgainIsWhatWasGiven() {
        Call<String, String> strict = stack(model, cache)
                .several(Samples.SEVERAL, true)
                .retry(RetrySpec.fixedDelay(2, Duration.ZERO))
                .validator(answer -> answer.equals("q-2") ? Optional.of("bad") : Optional.empty())
                .build();
        gives(in(a, strict.apply("q*3")), "q-4,q-5,q-6");
        gives(in(b, strict.apply("q*3")), "q-4,q-5,q-6");
        assertThat(model.asked).containsExactly("q*3", "q*3");
    }
}
