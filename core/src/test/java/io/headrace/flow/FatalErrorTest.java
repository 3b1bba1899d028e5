package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Outcome.Failed;
import io.headrace.layer.CallStack;
import io.headrace.layer.ChatStream;
import io.headrace.layer.ObserveLayer;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.DeltaSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Subscriber;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.test.publisher.TestPublisher;
import reactor.util.context.Context;

/** Errors that Reactor rethrows instead of signalling, thrown in a step's function and behind its calls. */
class FatalErrorTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    /** Answers on another thread, refuses the request "no". */
    private static final Call<String, String> CALL = CallStack.<String, String>of(request -> Mono.delay(
                            Duration.ofMillis(5))
                    .map(tick -> {
                        if (request.equals("no")) {
                            throw ApiException.builder(ErrorKind.REFUSED, "no").build();
                        }
                        return request + "!";
                    }))
            .build();

    private static Flux<Outcome<String>> items(String... values) {
        return Flux.range(0, values.length).map(n -> Outcome.ok(Item.of("i" + n, n, values[n])));
    }

    private static <T> T gone(Object ignored) {
        throw new NoClassDefFoundError("org/example/Gone");
    }

    private static String deep(String text) {
        return deep(text + 1) + 1;
    }

    static Map<String, Function<String, Mono<String>>> functions() {
        return Map.ofEntries(
                Map.entry("map", text -> CALL.apply(text).map(FatalErrorTest::gone)),
                Map.entry("flatMap", text -> CALL.apply(text).flatMap(FatalErrorTest::gone)),
                Map.entry("inFlatMap", text -> CALL.apply(text).flatMap(a -> Mono.fromCallable(() -> gone(a)))),
                Map.entry(
                        "flatMapMany",
                        text -> CALL.apply(text)
                                .flatMapMany(a -> Flux.just(a).map(FatalErrorTest::<String>gone))
                                .last()),
                Map.entry("doOnNext", text -> CALL.apply(text).doOnNext(FatalErrorTest::gone)),
                Map.entry("doOnSuccess", text -> CALL.apply(text).doOnSuccess(FatalErrorTest::gone)),
                Map.entry("handle", text -> CALL.apply(text).handle((a, sink) -> gone(a))),
                Map.entry("onErrorResume", text -> CALL.apply("no").onErrorResume(FatalErrorTest::gone)),
                Map.entry("onErrorMap", text -> CALL.apply("no").onErrorMap(FatalErrorTest::gone)),
                Map.entry(
                        "secondCall",
                        text -> CALL.apply(text).flatMap(CALL::apply).map(FatalErrorTest::gone)),
                Map.entry("zip", text -> Mono.zip(CALL.apply(text), CALL.apply(text), (a, b) -> gone(a))),
                Map.entry(
                        "besideACall",
                        text -> Mono.zip(
                                CALL.apply(text).map(FatalErrorTest::<String>gone), Mono.<String>never(), (a, b) -> a)),
                Map.entry(
                        "retry",
                        text -> CALL.apply(text)
                                .map(FatalErrorTest::<String>gone)
                                .retry(3)),
                Map.entry("function", FatalErrorTest::gone),
                Map.entry("subscription", text -> Mono.fromCallable(() -> gone(text))),
                Map.entry("request", text -> Mono.just(text).hide().map(FatalErrorTest::gone)));
    }

    static List<String> names() {
        return functions().keySet().stream().sorted().toList();
    }

    @ParameterizedTest
    @MethodSource("names")
    void linkageError_failsItsItem_andTheRestGoesOn(String where) {
        Function<String, Mono<String>> broken = functions().get(where);
        MapStep<String, String> step =
                Step.map("rough", text -> text.equals("bad") ? broken.apply(text) : CALL.apply(text));
        for (MapStep<String, String> each :
                List.of(step, step.offload(), step.ordered().concurrency(1))) {
            List<Outcome<String>> outcomes = items("a", "bad", "c")
                    .transform(each)
                    .sort((a, b) -> Long.compare(a.item().ordinal(), b.item().ordinal()))
                    .collectList()
                    .block(SOON);
            assertThat(outcomes).hasSize(3);
            assertThat(outcomes.get(1)).isInstanceOfSatisfying(Failed.class, failed -> {
                assertThat(failed.kind()).isEqualTo(ErrorKind.STEP_FAILED);
                assertThat(failed.message()).isEqualTo("NoClassDefFoundError: org/example/Gone");
            });
            assertThat(List.of(outcomes.get(0), outcomes.get(2))).allMatch(Outcome.Ok.class::isInstance);
        }
    }

    @Test
    void stackOverflowBehindACall_failsItsItem_withWhatTheCallTook() {
        Outcome<String> outcome = Step.<String, String>map(
                        "deep", text -> CALL.apply(text).map(FatalErrorTest::deep))
                .apply(Outcome.ok(Item.of("a", 0, "a")))
                .block(SOON);
        assertThat(((Failed<String>) outcome).message()).isEqualTo("StackOverflowError");
        assertThat(outcome.tally().calls()).isEqualTo(1);
        assertThat(outcome.tally().attempts()).isEqualTo(1);
    }

    @Test
    void filterAndExpandSteps_failTheirItemToo() {
        Step<String, String> filter =
                Step.filterWhen("filter", text -> CALL.apply(text).map(FatalErrorTest::gone));
        Step<String, String> expand =
                Step.expand("expand", text -> CALL.apply(text).flux().map(FatalErrorTest::gone));
        for (Step<String, String> step : List.of(filter, expand)) {
            assertThat(items("a", "b").transform(step).collectList().block(SOON))
                    .hasSize(2)
                    .allMatch(outcome -> outcome instanceof Failed<String> failed
                            && failed.message().equals("NoClassDefFoundError: org/example/Gone"));
        }
    }

    @Test
    void batchStep_failsTheBatch_andTheNextOneGoesOn() {
        Step<String, String> step = Step.batch(
                "pairs",
                2,
                pair -> CALL.apply(pair.get(0).value())
                        .flatMapIterable(answer -> pair.get(0).value().equals("bad")
                                ? gone(answer)
                                : pair.stream()
                                        .map(item -> item.withValue(answer))
                                        .toList()));
        List<Outcome<String>> outcomes =
                items("bad", "b", "c", "d").transform(step).collectList().block(SOON);
        assertThat(outcomes).hasSize(4);
        assertThat(outcomes)
                .filteredOn(Failed.class::isInstance)
                .extracting(outcome -> outcome.item().id())
                .containsExactlyInAnyOrder("i0", "i1");
    }

    @Test
    void streamedCall_failsItsItem_andIsCancelled() {
        AtomicInteger cancelled = new AtomicInteger();
        Call<ChatRequest, ChatResponse> endless = CallStack.<ChatRequest, ChatResponse>of(request ->
                        Mono.deferContextual(context -> DeltaSink.from(context)
                                        .orElseThrow()
                                        .emit(new ChatDelta.Text(0, "x"))
                                        .delaySubscription(Duration.ofMillis(5))
                                        .then(Mono.<ChatResponse>never()))
                                .doOnCancel(cancelled::incrementAndGet))
                .build();
        Step<String, String> step = Step.map(
                "streamed",
                text -> ChatStream.of(endless)
                        .texts(ChatRequest.builder("m").user(text).build())
                        .map(FatalErrorTest::<String>gone)
                        .last());
        Outcome<String> outcome = items("a").transform(step).blockLast(SOON);
        assertThat(((Failed<String>) outcome).message()).isEqualTo("NoClassDefFoundError: org/example/Gone");
        assertThat(cancelled).hasValue(1);
    }

    @Test
    void outOfMemory_endsTheStream_ratherThanFailItems() {
        Step<String, String> step = Step.map(
                "greedy",
                text -> CALL.apply(text).map(answer -> {
                    throw new OutOfMemoryError("Java heap space");
                }));
        assertThatThrownBy(() -> items("a", "b").transform(step).blockLast(SOON))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("step 'greedy'")
                .hasMessageContaining("OutOfMemoryError: Java heap space");
    }

    @Test
    void errorBehindTheStep_isNotTheItems_andGoesOnToTheThread() {
        TestPublisher<String> answer = TestPublisher.create();
        Call<String, String> call =
                CallStack.<String, String>of(request -> answer.mono()).build();
        List<Object> passed = new ArrayList<>();
        Disposable stream = items("a")
                .transform(Step.map("fine", call::apply))
                .doOnNext(passed::add)
                .map(FatalErrorTest::gone)
                .subscribe();
        assertThatThrownBy(() -> answer.emit("x")).isInstanceOf(NoClassDefFoundError.class);
        assertThat(passed).singleElement().isInstanceOf(Outcome.Ok.class);
        stream.dispose();
    }

    @Test
    void errorAfterACancel_endsNothing_andStaysHere() {
        AtomicReference<Subscriber<? super String>> late = new AtomicReference<>();
        Call<String, String> inner = request -> Mono.fromDirect(subscriber -> {
            subscriber.onSubscribe(Operators.emptySubscription());
            late.set(subscriber);
        });
        Call<String, String> call = inner.with(ObserveLayer.create());
        AtomicReference<Throwable> dropped = new AtomicReference<>();
        Step<String, String> step = Step.map("late", text -> call.apply(text).map(FatalErrorTest::gone));
        items("a")
                .transform(step)
                .contextWrite(Context.of("reactor.onErrorDropped.local", (Consumer<Throwable>) dropped::set))
                .subscribe()
                .dispose();
        late.get().onNext("x");
        assertThat(dropped.get()).isInstanceOf(NoClassDefFoundError.class);
    }

    @Test
    void reduction_endsWithTheError() {
        Reduction<String, StringBuilder, String> fold = new Reduction<>(
                "fold",
                StringBuilder::new,
                (state, item) -> state.append(item.value()),
                state -> CALL.apply(state.toString()).map(FatalErrorTest::gone));
        assertThatThrownBy(() -> fold.apply(items("a")).block(SOON))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("java.lang.NoClassDefFoundError: org/example/Gone");
    }

    @Test
    void nullInThePlaceOfAMono_saysWhoReturnedIt() {
        Outcome<String> outcome = Step.<String, String>map("none", text -> null)
                .apply(Outcome.ok(Item.of("a", 0, "a")))
                .block(SOON);
        assertThat(((Failed<String>) outcome).message()).contains("the function returned null, it must return a Mono");
    }
}
