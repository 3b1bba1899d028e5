package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.Gate;
import io.headrace.cache.ChatKeys;
import io.headrace.cache.InMemoryCache;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatDelta.End;
import io.headrace.model.ChatDelta.Finish;
import io.headrace.model.ChatDelta.Text;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class ChatStreamTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final ChatRequest REQUEST =
            ChatRequest.builder("gpt-4o").user("Hi").maxOutputTokens(10).build();
    private static final Finish FINISH = new Finish(0, FinishReason.STOP, "stop");
    private static final End END = new End("id", "gpt-4o", Usage.of(3, 2), "req", "");
    private static final RetrySpec AT_ONCE = RetrySpec.fixedDelay(3, Duration.ZERO);

    private static Flux<ChatDelta> stream(String... texts) {
        List<ChatDelta> deltas = new ArrayList<>();
        for (String text : texts) {
            deltas.add(new Text(0, text));
        }
        deltas.add(FINISH);
        deltas.add(END);
        return Flux.fromIterable(deltas);
    }

    private static Flux<ChatDelta> broken(ErrorKind kind, String... texts) {
        return Flux.fromArray(texts)
                .<ChatDelta>map(text -> new Text(0, text))
                .concatWith(Flux.error(() -> Script.error(kind)));
    }

    private static CallStack<ChatRequest, ChatResponse> stack(StreamingScript script) {
        return CallStack.chat(script).retry(AT_ONCE);
    }

    private static ChatStream streaming(StreamingScript script) {
        return ChatStream.of(stack(script).build());
    }

    @Test
    void deltas_comeInOrderAndTheEndLast() {
        StreamingScript script = new StreamingScript(stream("a", "b"));
        StepVerifier.create(streaming(script).apply(REQUEST))
                .expectNext(new Text(0, "a"), new Text(0, "b"), FINISH, END)
                .expectComplete()
                .verify(SOON);
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void texts_areThoseOfTheFirstChoice() {
        StreamingScript script = new StreamingScript(
                Flux.just(new Text(0, "a"), new Text(1, "x"), new ChatDelta.Refusal(0, "r"), new Text(0, "b"), END));
        StepVerifier.create(streaming(script).texts(REQUEST))
                .expectNext("a", "b")
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void nothingHappensBeforeTheSubscription_andEachAsksAnew() {
        StreamingScript script = new StreamingScript(stream("a"));
        Flux<ChatDelta> deltas = streaming(script).apply(REQUEST);
        assertThat(script.subscribed).hasValue(0);
        for (int i = 1; i <= 3; i++) {
            StepVerifier.create(deltas).expectNextCount(3).expectComplete().verify(SOON);
            assertThat(script.subscribed).hasValue(i);
        }
    }

    @Test
    void collectedDeltas_areTheAnswerWithoutAStream() {
        StreamingScript script = new StreamingScript(stream("a", "b"));
        Call<ChatRequest, ChatResponse> call = stack(script).build();
        ChatResponse whole = call.apply(REQUEST).block(SOON);
        assertThat(script.streamed).hasValue(0);
        assertThat(ChatCollector.collect(ChatStream.of(call).apply(REQUEST)).block(SOON))
                .isEqualTo(whole);
        assertThat(script.streamed).hasValue(1);
    }

    @Test
    void demand_isPassedToTheSource() {
        StreamingScript script = new StreamingScript(Flux.concat(
                Flux.range(0, 1_000).map(i -> new Text(0, "t" + i)), Flux.just(FINISH, END)));
        StepVerifier.create(streaming(script).apply(REQUEST), 0)
                .expectSubscription()
                .then(() -> assertThat(script.given.get()).isLessThanOrEqualTo(2))
                .thenRequest(1)
                .expectNext(new Text(0, "t0"))
                .then(() -> assertThat(script.given.get()).isLessThanOrEqualTo(3))
                .thenRequest(10)
                .expectNextCount(10)
                .then(() -> assertThat(script.given.get()).isBetween(11L, 13L))
                .thenRequest(Long.MAX_VALUE)
                .expectNextCount(991)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void lastDelta_waitsForDemandToo() {
        StreamingScript script = new StreamingScript(stream("a"));
        StepVerifier.create(streaming(script).apply(REQUEST), 2)
                .expectNext(new Text(0, "a"), FINISH)
                .expectNoEvent(Duration.ofMillis(20))
                .thenRequest(1)
                .expectNext(END)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void slowSubscriberOnAnotherThread_getsEverythingInOrder() {
        int count = 20_000;
        StreamingScript script = new StreamingScript(Flux.concat(
                        Flux.range(0, count).map(i -> (ChatDelta) new Text(0, Integer.toString(i))),
                        Flux.just(FINISH, END))
                .publishOn(Schedulers.parallel(), 3));
        StepVerifier.create(streaming(script)
                        .texts(REQUEST)
                        .publishOn(Schedulers.single(), 2)
                        .map(Integer::parseInt)
                        .collectList())
                .expectNext(IntStream.range(0, count).boxed().toList())
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void requestsFromWithinOnNext_doNotRecurse() {
        int count = 200_000;
        StreamingScript script = new StreamingScript(
                Flux.concat(Flux.range(0, count).map(i -> new Text(0, "x")), Flux.just(FINISH, END)));
        List<ChatDelta> last = new ArrayList<>();
        streaming(script).apply(REQUEST).subscribe(new BaseSubscriber<>() {
            private int got;

            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                request(1);
            }

            @Override
            protected void hookOnNext(ChatDelta delta) {
                if (++got > count) {
                    last.add(delta);
                }
                request(1);
            }
        });
        assertThat(last).containsExactly(FINISH, END);
    }

    @Test
    void failureBeforeTheFirstDelta_isRetriedAndDoesNotShow() {
        StreamingScript script =
                new StreamingScript(broken(ErrorKind.OVERLOADED), broken(ErrorKind.TRANSPORT), stream("a"));
        StepVerifier.create(streaming(script).apply(REQUEST))
                .expectNext(new Text(0, "a"), FINISH, END)
                .expectComplete()
                .verify(SOON);
        assertThat(script.subscribed).hasValue(3);
    }

    @Test
    void deltaBeforeAnError_isDeliveredBeforeIt() {
        StreamingScript script = new StreamingScript(broken(ErrorKind.TRANSPORT, "a", "b"), stream("c"));
        StepVerifier.create(streaming(script).apply(REQUEST), 0)
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(20))
                .thenRequest(1)
                .expectNext(new Text(0, "a"))
                .expectNoEvent(Duration.ofMillis(20))
                .thenRequest(1)
                .expectNext(new Text(0, "b"))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.TRANSPORT))
                .verify(SOON);
    }

    @Test
    void subscriberThatAsksForNothing_makesNoCallAndHoldsNoPermit() {
        StreamingScript script = new StreamingScript(stream("a"));
        Gate limit = Gate.builder("limit").concurrency(1).build();
        StepVerifier.withVirtualTime(
                        () -> ChatStream.of(stack(script).gate(limit).build()).apply(REQUEST), 0)
                .expectSubscription()
                .thenAwait(Duration.ofHours(1))
                .then(() -> assertThat(script.subscribed).hasValue(0))
                .then(() -> assertThat(limit.snapshot().inFlight()).isZero())
                .thenRequest(10)
                .expectNext(new Text(0, "a"), FINISH, END)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void failureAfterADelta_isFinalAtOnceAndKeepsItsKind() {
        StreamingScript script = new StreamingScript(broken(ErrorKind.OVERLOADED, "a"), stream("b"));
        StepVerifier.create(ChatStream.of(CallStack.chat(script)
                                .retry(RetrySpec.fixedDelay(3, Duration.ofHours(1)))
                                .build())
                        .apply(REQUEST))
                .expectNext(new Text(0, "a"))
                .expectErrorSatisfies(error -> assertThat(error).isInstanceOfSatisfying(ApiException.class, api -> {
                    assertThat(api.kind()).isEqualTo(ErrorKind.OVERLOADED);
                    assertThat(api.isTransient()).isFalse();
                    assertThat(api).hasMessageContaining("scripted overloaded").hasMessageContaining("delivered");
                }))
                .verify(SOON);
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void retryWithoutAStreamLayer_asksNothingAgainAfterADelta() {
        StreamingScript script = new StreamingScript(broken(ErrorKind.OVERLOADED, "a"), stream("b"));
        Call<ChatRequest, ChatResponse> call =
                CallStack.of(script).retry(AT_ONCE).build();
        StepVerifier.create(ChatStream.of(call).apply(REQUEST))
                .expectNext(new Text(0, "a"))
                .expectErrorSatisfies(error -> assertThat(error).hasMessageContaining("not asked again"))
                .verify(SOON);
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void streamWithoutItsEnd_isAnErrorAndNeverAShortAnswer() {
        Flux<ChatDelta> cut = Flux.just(new Text(0, "a"));
        StepVerifier.create(streaming(new StreamingScript(cut)).apply(REQUEST))
                .expectNext(new Text(0, "a"))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE))
                .verify(SOON);
        StreamingScript empty = new StreamingScript(Flux.empty(), stream("b"));
        StepVerifier.create(streaming(empty).texts(REQUEST))
                .expectNext("b")
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void deltaAfterTheEnd_isAnError() {
        StepVerifier.create(streaming(new StreamingScript(Flux.just(new Text(0, "a"), END, new Text(0, "b"))))
                        .apply(REQUEST))
                .expectNext(new Text(0, "a"))
                .expectErrorSatisfies(error -> assertThat(error).hasMessageContaining("follows the end"))
                .verify(SOON);
    }

    @Test
    void answerTurnedDownAfterItsDeltas_isFinal() {
        StreamingScript script = new StreamingScript(stream("a"), stream("b"));
        Call<ChatRequest, ChatResponse> call =
                stack(script).validator(answer -> Optional.of("bad")).build();
        StepVerifier.create(ChatStream.of(call).apply(REQUEST))
                .expectNext(new Text(0, "a"), FINISH)
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.INVALID_ANSWER))
                .verify(SOON);
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void collectedAnswer_isStoredBeforeTheEndAndReplayed() {
        StreamingScript script = new StreamingScript(stream("a", "b"));
        InMemoryCache cache = InMemoryCache.create();
        Call<ChatRequest, ChatResponse> call = stack(script).cache(cache).build();
        StepVerifier.create(ChatStream.of(call).apply(REQUEST).doOnNext(delta -> {
                    boolean stored =
                            cache.get(ChatKeys.of("script").key(REQUEST).fingerprint(), 0)
                                            .block(SOON)
                                    != null;
                    assertThat(stored).isEqualTo(delta instanceof End);
                }))
                .expectNextCount(4)
                .expectComplete()
                .verify(SOON);
        StepVerifier.create(ChatStream.of(call).apply(REQUEST), 1)
                .expectNext(new Text(0, "ab"))
                .thenRequest(2)
                .expectNext(FINISH, END)
                .expectComplete()
                .verify(SOON);
        StepVerifier.create(call.apply(REQUEST).map(ChatResponse::text))
                .expectNext("ab")
                .expectComplete()
                .verify(SOON);
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void brokenStream_isNotStored() {
        StreamingScript script = new StreamingScript(broken(ErrorKind.TRANSPORT, "a"), stream("b"));
        ChatStream stream =
                ChatStream.of(stack(script).cache(InMemoryCache.create()).build());
        StepVerifier.create(stream.texts(REQUEST)).expectNext("a").expectError().verify(SOON);
        StepVerifier.create(stream.texts(REQUEST))
                .expectNext("b")
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void callThatDoesNotStream_isGivenAsOneDeltaForEachPart() {
        ChatResponse answer = new ChatResponse("id", "m", "text", FinishReason.STOP, null, Usage.of(1, 1));
        StepVerifier.create(ChatStream.of(request -> Mono.just(answer)).apply(REQUEST))
                .expectNext(new Text(0, "text"), new Finish(0, FinishReason.STOP, ""), End.of(answer))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void fallbackAfterADelta_givesNothingOfAnotherAnswer() {
        StreamingScript broken = new StreamingScript(broken(ErrorKind.OVERLOADED, "a"));
        ChatResponse stored = new ChatResponse("other", "m", "b", FinishReason.STOP, null, Usage.UNKNOWN);
        for (Call<ChatRequest, ChatResponse> other : List.<Call<ChatRequest, ChatResponse>>of(
                request -> Mono.just(stored), new StreamingScript(stream("b")))) {
            Call<ChatRequest, ChatResponse> call =
                    stack(broken).fallback(Set.of(ErrorKind.OVERLOADED), other).build();
            StepVerifier.create(ChatStream.of(call).apply(REQUEST))
                    .expectNext(new Text(0, "a"))
                    .expectErrorSatisfies(error ->
                            assertThat(((ApiException) error).isTransient()).isFalse())
                    .verify(SOON);
        }
    }

    @Test
    void fallbackBeforeADelta_streams() {
        Call<ChatRequest, ChatResponse> call = stack(new StreamingScript(broken(ErrorKind.AUTHENTICATION)))
                .fallback(Set.of(ErrorKind.AUTHENTICATION), new StreamingScript(stream("b")))
                .build();
        StepVerifier.create(ChatStream.of(call).texts(REQUEST))
                .expectNext("b")
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void cancelAtEveryPoint_cancelsTheSourceAndFreesThePermit() {
        for (int after = 0; after < 4; after++) {
            for (long demand : new long[] {after, Long.MAX_VALUE}) {
                StreamingScript script =
                        new StreamingScript(Flux.concat(stream("a", "b").take(3), Flux.<ChatDelta>never()));
                Gate limit = Gate.builder("limit").concurrency(1).build();
                ChatStream stream = ChatStream.of(stack(script).gate(limit).build());
                StepVerifier.create(stream.apply(REQUEST), demand)
                        .expectNextCount(Math.min(after, 3))
                        .thenCancel()
                        .verify(SOON);
                assertThat(script.cancelled).as("after " + after).hasValue(after == 0 ? 0 : 1);
                StepVerifier.create(Mono.just("free")
                                .transform(free -> limit.<String, String>layer()
                                        .around(q -> free)
                                        .apply("")))
                        .expectNext("free")
                        .expectComplete()
                        .verify(SOON);
            }
        }
    }

    @Test
    void permit_isHeldToTheEnd() {
        TestPublisher<ChatDelta> source = TestPublisher.create();
        Gate limit = Gate.builder("limit").concurrency(1).build();
        Call<ChatRequest, ChatResponse> call =
                stack(new StreamingScript(source.flux())).gate(limit).build();
        AtomicReference<String> other = new AtomicReference<>("waits");
        StepVerifier.create(ChatStream.of(call).apply(REQUEST))
                .then(() -> {
                    limit.<String, String>layer()
                            .around(q -> Mono.just("went"))
                            .apply("")
                            .subscribe(other::set);
                    source.next(new Text(0, "a"));
                })
                .expectNext(new Text(0, "a"))
                .then(() -> {
                    assertThat(other).hasValue("waits");
                    source.next(FINISH, END).complete();
                })
                .expectNext(FINISH, END)
                .expectComplete()
                .verify(SOON);
        assertThat(other).hasValue("went");
    }

    @Test
    void attemptTimeout_isFinalAfterADelta() {
        StepVerifier.withVirtualTime(() -> ChatStream.of(CallStack.chat(
                                        new StreamingScript(Flux.concat(Flux.just(new Text(0, "a")), Flux.never())))
                                .attemptTimeout(Duration.ofSeconds(30))
                                .build())
                        .apply(REQUEST))
                .expectNext(new Text(0, "a"))
                .thenAwait(Duration.ofSeconds(30))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.TIMEOUT))
                .verify(SOON);
    }

    @Test
    void attemptTimeoutBeforeADelta_isRetried() {
        StepVerifier.withVirtualTime(() -> ChatStream.of(stack(new StreamingScript(Flux.never(), stream("a")))
                                .attemptTimeout(Duration.ofSeconds(30))
                                .build())
                        .texts(REQUEST))
                .expectSubscription()
                .thenAwait(Duration.ofSeconds(30))
                .expectNext("a")
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void context_reachesTheCall() {
        Call<ChatRequest, ChatResponse> call = request -> Mono.deferContextual(context -> Mono.just(
                new ChatResponse("", "", context.get("who").toString(), FinishReason.STOP, null, Usage.UNKNOWN)));
        StepVerifier.create(ChatStream.of(call).texts(REQUEST).contextWrite(context -> context.put("who", "me")))
                .expectNext("me")
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void callThatThrowsOrIsEmpty_endsTheFlux() {
        StepVerifier.create(ChatStream.of(request -> {
                            throw new IllegalStateException("thrown");
                        })
                        .apply(REQUEST))
                .expectErrorMessage("thrown")
                .verify(SOON);
        StepVerifier.create(ChatStream.of(CallStack.<ChatRequest, ChatResponse>of(request -> Mono.empty())
                                .noRetry()
                                .build())
                        .apply(REQUEST))
                .expectErrorMessage("the call completed without an answer")
                .verify(SOON);
    }

    /** Demand, cancels and errors from other threads at any moment: the subscriber gets a prefix, and everything ends. */
    @Test
    void racingCancels_leaveNothingBehind() {
        for (int round = 0; round < 300; round++) {
            StreamingScript script = new StreamingScript(stream("a", "b", "c").publishOn(Schedulers.parallel(), 1));
            int take = round % 5;
            List<ChatDelta> got = streaming(script)
                    .apply(REQUEST)
                    .publishOn(Schedulers.single(), 1)
                    .take(take)
                    .collectList()
                    .block(SOON);
            assertThat(got).hasSize(take);
        }
    }
}
