package io.headrace.layer;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Gate;
import io.headrace.cache.InMemoryCache;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.EmbeddingCall;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.model.FinishReason;
import io.headrace.model.Structured;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.Admitted;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.Meter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class CallStackTest {

    private final MapCache cache = new MapCache();
    private final Recorder recorder = new Recorder();
    private final AtomicInteger metered = new AtomicInteger();
    private final AtomicInteger reserved = new AtomicInteger();

    private final Meter<String, String> meter = new Meter<>() {
        @Override
        public Cost ceiling(String request) {
            metered.incrementAndGet();
            return Cost.ZERO;
        }

        @Override
        public Usage usage(String answer) {
            metered.incrementAndGet();
            return Usage.ZERO;
        }

        @Override
        public Cost cost(String answer) {
            metered.incrementAndGet();
            return Cost.ZERO;
        }

        @Override
        public String model(String answer) {
            metered.incrementAndGet();
            return "m";
        }
    };

    private final AttemptLog log = new AttemptLog() {
        @Override
        public long started(Fingerprint fingerprint, int sample, Cost most) {
            reserved.incrementAndGet();
            recorder.notes.add("noted " + fingerprint.a());
            return 0;
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            recorder.notes.add("settled " + delivery);
        }
    };

    private CallStack<String, String> stack(Call<String, String> call) {
        return CallStack.of(call)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .meter(meter)
                .cache(cache)
                .retry(RetrySpec.fixedDelay(4, ofSeconds(1)))
                .concurrency(2)
                .listener(recorder);
    }

    private Mono<String> ask(Call<String, String> stack) {
        return stack.apply("q").contextWrite(log::into);
    }

    @Test
    void callThatReturnsNull_isNamed() {
        Call<String, String> careless = request -> null;
        StepVerifier.create(CallStack.of(careless).noRetry().build().apply("q"))
                .verifyErrorSatisfies(e -> assertThat(e)
                        .hasMessage(careless.getClass().getName() + ".apply returned null, a call must return a Mono"));
    }

    @Test
    void everyLayer_inTheOrderThatIsDrawn() {
        Script script =
                new Script(Script.fail(ErrorKind.OVERLOADED), Mono.just("bad"), Mono.never(), Mono.just("good"));
        Call<String, String> stack = stack(script)
                .attemptTimeout(ofSeconds(10))
                .validator(answer -> answer.equals("bad") ? Optional.of("bad") : Optional.empty())
                .build();
        StepVerifier.withVirtualTime(() -> ask(stack))
                .thenAwait(ofSeconds(13))
                .expectNext("good")
                .verifyComplete();
        String q = "noted " + MapCache.KEYS.key("q").fingerprint().a();
        List<String> attempt = List.of("Admitted", q, "AttemptStarted");
        assertThat(recorder.notes)
                .containsSubsequence(attempt)
                .containsExactly(
                        "Admitted",
                        q,
                        "AttemptStarted",
                        "settled UNKNOWN",
                        "AttemptEnded",
                        "RetryScheduled", // overloaded
                        "Admitted",
                        q,
                        "AttemptStarted",
                        "AttemptEnded",
                        "RetryScheduled", // invalid
                        "Admitted",
                        "settled ANSWERED", // it will not be stored
                        q,
                        "AttemptStarted",
                        "settled UNKNOWN",
                        "AttemptEnded",
                        "RetryScheduled", // timeout
                        "Admitted",
                        q,
                        "AttemptStarted",
                        "AttemptEnded",
                        "settled ANSWERED", // it is stored
                        "CallEnded");
        assertThat(cache.entries).hasSize(1);
    }

    @Test
    void hit_runsNoRetryAdmissionOrPriceCode() {
        StepVerifier.create(ask(stack(new Script(Mono.just("yes"))).build()))
                .expectNext("yes")
                .verifyComplete();
        recorder.events.clear();
        metered.set(0);
        reserved.set(0);
        AtomicInteger assembled = new AtomicInteger();
        Call<String, String> inner = request -> {
            assembled.incrementAndGet();
            return Mono.just("no");
        };
        StepVerifier.create(ask(stack(inner).build())).expectNext("yes").verifyComplete();
        assertThat(recorder.names()).containsExactly("CacheHit", "CallEnded");
        assertThat(List.of(assembled.get(), metered.get(), reserved.get())).containsOnly(0);
    }

    @Test
    void permit_isFreeWhileACallBacksOff() {
        Gate limit = Gate.builder("limit").concurrency(1).build();
        Call<String, String> stack = stack(new Script(Script.fail(ErrorKind.OVERLOADED), Mono.never()))
                .gate(limit)
                .build();
        StepVerifier.withVirtualTime(() -> ask(stack))
                .thenAwait(ofMillis(500))
                .then(() -> assertThat(limit.snapshot().inFlight()).isZero())
                .thenAwait(ofMillis(500))
                .then(() -> assertThat(limit.snapshot().inFlight()).isEqualTo(1))
                .thenCancel()
                .verify();
        assertThat(limit.snapshot().inFlight()).isZero();
        assertThat(recorder.names()).endsWith("AttemptEnded", "CallEnded");
        assertThat(recorder.of(CallEnded.class).get(0).end()).isEqualTo(End.CANCELLED);
    }

    @Test
    void timeout_doesNotCountTheWaitForAPermit() {
        Gate limit = Gate.builder("limit").concurrency(1).build();
        Call<String, String> slow = CallStack.of((String q) -> Mono.just("yes").delayElement(ofSeconds(8)))
                .attemptTimeout(ofSeconds(10))
                .noRetry()
                .gate(limit)
                .build();
        StepVerifier.withVirtualTime(() -> Mono.zip(slow.apply("a"), slow.apply("b")))
                .thenAwait(ofSeconds(16))
                .expectNextCount(1)
                .verifyComplete();
    }

    @Test
    void cancelWhileWaitingForAPermit_notesNoAttempt() {
        Gate limit = Gate.builder("limit").concurrency(1).build();
        Script script = new Script(Mono.never());
        Call<String, String> stack = stack(script).gate(limit).build();
        StepVerifier.withVirtualTime(() -> {
                    stack.apply("other").subscribe();
                    return ask(stack);
                })
                .thenAwait(ofSeconds(1))
                .thenCancel()
                .verify();
        assertThat(script.subscribed).hasValue(1);
        assertThat(reserved).hasValue(0);
        assertThat(limit.snapshot().waiting()).isZero();
        assertThat(recorder.of(Admitted.class)).hasSize(1);
    }

    @Test
    void fallback_comesAfterTheRetriesAndOutsideTheCache() {
        Script first = new Script(Script.fail(ErrorKind.OVERLOADED));
        Call<String, String> stack = stack(first)
                .fallback(Set.of(ErrorKind.OVERLOADED), new Script(Mono.just("other")))
                .build();
        StepVerifier.withVirtualTime(() -> ask(stack))
                .thenAwait(ofSeconds(3))
                .expectNext("other")
                .verifyComplete();
        assertThat(first.subscribed).hasValue(4);
        assertThat(cache.entries).isEmpty();
        assertThat(recorder.of(CallEnded.class)).hasSize(1);
    }

    @Test
    void defaults_retryAndTimeOut() {
        Script script = new Script(Mono.never(), Mono.just("yes"));
        StepVerifier.withVirtualTime(() -> CallStack.of(script).build().apply("q"))
                .thenAwait(ofMinutes(6))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void noRetryAndNoTimeout_leaveTheCallAlone() {
        StepVerifier.create(CallStack.of(new Script(Script.fail(ErrorKind.OVERLOADED)))
                        .noRetry()
                        .build()
                        .apply("q"))
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(ApiException.class).hasNoSuppressedExceptions());
        StepVerifier.withVirtualTime(() -> CallStack.of(new Script(Mono.never()))
                        .noAttemptTimeout()
                        .build()
                        .apply("q"))
                .expectSubscription()
                .expectNoEvent(java.time.Duration.ofDays(1))
                .thenCancel()
                .verify();
    }

    @Test
    void cacheWithoutKeyOrCodec_isRefused() {
        assertThatThrownBy(() ->
                        CallStack.of(new Script(Mono.just("x"))).cache(cache).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("key is missing");
        assertThatThrownBy(() -> CallStack.of(new Script(Mono.just("x")))
                        .key(MapCache.KEYS)
                        .cache(cache)
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("codec is missing");
    }

    @Test
    void chat_knowsKeyCodecAndPrices() {
        AtomicInteger asked = new AtomicInteger();
        ChatCall model = new ChatCall() {
            @Override
            public String identity() {
                return "simulated";
            }

            @Override
            public Mono<ChatResponse> apply(ChatRequest request) {
                return Mono.fromSupplier(() -> {
                    asked.incrementAndGet();
                    return new ChatResponse("1", "gpt-4o", "hello", FinishReason.STOP, null, Usage.of(1000, 1000));
                });
            }
        };
        List<Object> answers = new CopyOnWriteArrayList<>();
        try (InMemoryCache memory = InMemoryCache.create()) {
            Call<ChatRequest, ChatResponse> chat =
                    CallStack.chat(model).cache(memory).listener(recorder).build();
            ChatRequest request = ChatRequest.builder("gpt-4o").user("hi").build();
            for (int i = 0; i < 2; i++) {
                StepVerifier.create(chat.apply(request).doOnNext(answers::add))
                        .expectNextCount(1)
                        .verifyComplete();
            }
        }
        assertThat(asked).hasValue(1);
        assertThat(answers.get(0)).isEqualTo(answers.get(1));
        CacheHit hit = recorder.of(CacheHit.class).get(0);
        assertThat(hit.usage()).isEqualTo(Usage.of(1000, 1000));
        assertThat(hit.saved().isKnown()).isTrue();
        assertThat(hit.saved().usd()).isPositive();
    }

    @Test
    void errorsOfTheLayers_nameProviderAndModelAndTheAttempts() {
        ChatRequest request = ChatRequest.builder("gpt-4o").user("hi").build();
        CallStack<ChatRequest, ChatResponse> slow = CallStack.chat(model(Mono.never()))
                .attemptTimeout(ofSeconds(5))
                .retry(RetrySpec.fixedDelay(2, ofSeconds(1)));
        StepVerifier.withVirtualTime(() -> slow.build().apply(request))
                .thenAwait(ofSeconds(11))
                .verifyErrorMessage("simulated gpt-4o: no answer within PT5S (attempt 2 of 2, after 6 s of retries)");
        CallStack<ChatRequest, ChatResponse> bad = CallStack.chat(
                        model(Mono.just(new ChatResponse("1", "m", "no", FinishReason.STOP, null, Usage.ZERO))))
                .validator(answer -> Optional.of("too short"))
                .noRetry();
        StepVerifier.create(bad.build().apply(request))
                .verifyErrorMessage("simulated gpt-4o: the answer was turned down: too short");
        CallStack<EmbeddingRequest, EmbeddingResponse> vectors = CallStack.embeddings(new EmbeddingCall() {
                    @Override
                    public String identity() {
                        return "simulated";
                    }

                    @Override
                    public Mono<EmbeddingResponse> apply(EmbeddingRequest asked) {
                        return Mono.never();
                    }
                })
                .attemptTimeout(ofSeconds(5))
                .noRetry();
        StepVerifier.withVirtualTime(() -> vectors.build().apply(EmbeddingRequest.of("e-3", "hi")))
                .thenAwait(ofSeconds(5))
                .verifyErrorMessage("simulated e-3: no answer within PT5S");
    }

    private record Rating(int stars) {}

    @Test
    void structuredAnswerThatIsCutOff_isPaidOnceAndSaysWhatToDo() {
        AtomicInteger asked = new AtomicInteger();
        Structured<Rating> rating = Structured.of(Rating.class);
        Call<ChatRequest, ChatResponse> stack = CallStack.chat(model(Mono.fromSupplier(() -> {
                    asked.incrementAndGet();
                    return new ChatResponse("1", "m", "{\"stars\":", FinishReason.LENGTH, null, Usage.ZERO);
                })))
                .validator(rating::problem)
                .build();
        StepVerifier.create(stack.apply(ChatRequest.builder("m").user("x").build()))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .hasMessageContaining("the answer is no Rating, cut off at the limit of output tokens")
                        .hasMessageContaining("raise the limit of its length (maxOutputTokens)"));
        assertThat(asked).hasValue(1);
    }

    @Test
    void callsOfOnesOwn_areNamed_andWhatOfThemIsCutOffIsPaidOnce() {
        AtomicInteger asked = new AtomicInteger();
        Call<String, String> stack = CallStack.of(
                        (String q) -> Mono.fromSupplier(() -> "cut " + asked.incrementAndGet()))
                .about(q -> "mine")
                .validator(answer -> Optional.of("too short"))
                .truncated(answer -> answer.startsWith("cut"))
                .build();
        StepVerifier.create(stack.apply("q"))
                .verifyErrorSatisfies(error ->
                        assertThat(error).hasMessageStartingWith("mine: ").hasMessageContaining("too short"));
        assertThat(asked).hasValue(1);
    }

    private static ChatCall model(Mono<ChatResponse> answer) {
        return new ChatCall() {
            @Override
            public String identity() {
                return "simulated";
            }

            @Override
            public Mono<ChatResponse> apply(ChatRequest request) {
                return answer;
            }
        };
    }

    @Test
    void budgetWithoutGate_letsAttemptsGoAtOnce() {
        AtomicInteger sent = new AtomicInteger();
        Call<String, String> stack = CallStack.<String, String>of(
                        request -> Mono.<String>never().doOnSubscribe(subscription -> sent.incrementAndGet()))
                .build();
        Budget budget = Budget.ofTokens(1);
        for (int i = 0; i < 100; i++) {
            stack.apply("q").contextWrite(budget::into).subscribe();
        }
        assertThat(sent).hasValue(100);
    }
}
