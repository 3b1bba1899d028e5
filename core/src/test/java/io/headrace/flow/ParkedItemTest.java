package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Outcome.Failed;
import io.headrace.StorageException;
import io.headrace.layer.CallStack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** How an item ends of which a call is parked, whatever the function makes of its calls. */
class ParkedItemTest extends ParkedCalls {

    static Stream<Arguments> functions() {
        List<Arguments> functions = new ArrayList<>();
        Map<String, Function<Call<String, String>, Mono<String>>> all = new ConcurrentHashMap<>();
        for (String park : List.of("park", "park later")) {
            all.put("plain", call -> call.apply(park));
            all.put("onErrorReturn", call -> call.apply(park).onErrorReturn("invented"));
            all.put("onErrorResume", call -> call.apply(park).onErrorResume(e -> Mono.just("invented")));
            all.put("defaultIfEmpty", call -> call.apply(park).defaultIfEmpty("invented"));
            all.put("timeout", call -> call.apply(park).timeout(SOON, Mono.just("invented")));
            all.put("retry", call -> call.apply(park).retry(3));
            all.put("publishOn", call -> call.apply(park).publishOn(Schedulers.parallel()));
            all.put("subscribeOn", call -> call.apply(park).subscribeOn(Schedulers.parallel()));
            all.put("delayed", call -> Mono.delay(Duration.ofMillis(2)).flatMap(t -> call.apply(park)));
            all.put("after a call", call -> call.apply("a").flatMap(a -> call.apply(park)));
            all.put("after a call and then", call -> call.apply("a").then(call.apply(park)));
            all.put("materialize", call -> call.apply(park).materialize().map(Object::toString));
            all.put(
                    "flatMap",
                    call -> Flux.just("a", park, "b")
                            .flatMap(call::apply)
                            .collectList()
                            .map(Object::toString));
            all.put(
                    "concatMap",
                    call -> Flux.just("a", park, "b")
                            .concatMap(call::apply)
                            .collectList()
                            .map(Object::toString));
            all.put(
                    "firstWithValue",
                    call -> Mono.firstWithValue(
                            call.apply(park).onErrorReturn("x"),
                            Mono.delay(Duration.ofMillis(50)).map(t -> "y")));
            all.put("zipWith", call -> call.apply(park).zipWith(call.apply("a"), String::concat));
            all.put("shared", call -> {
                Mono<String> once = call.apply(park).share();
                return once.zipWith(once, String::concat);
            });
            all.put("cached", call -> call.apply(park).cache().onErrorReturn("x"));
            all.put("future", call -> Mono.fromFuture(call.apply(park).toFuture()));
            all.forEach((name, function) -> functions.add(Arguments.of(name + ", " + park, function)));
        }
        return functions.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("functions")
    void parkedCall_endsTheItemWhateverTheFunctionDoes(
            String name, Function<Call<String, String>, Mono<String>> function) {
        isParked(outcome(value -> function.apply(call)));
        isParked(Flux.from(Step.map("s", (String value) -> function.apply(call))
                        .offload()
                        .apply(items("x")))
                .blockLast(SOON));
    }

    @Test
    void zippedCalls_areParkedInOnePass() {
        isParked(outcome(value -> Mono.zip(call.apply("park a"), call.apply("park b"), String::concat)));

        assertThat(asked).containsExactly("park a", "park b");
    }

    @Test
    void callOnItsWay_isWaitedFor() {
        List<Outcome<String>> outcomes = new ArrayList<>();
        Step.map("s", (String value) -> Mono.zip(call.apply("park"), call.apply("slow"), String::concat))
                .apply(items("x"))
                .subscribe(outcomes::add);
        assertThat(outcomes).isEmpty();

        slow.tryEmitValue("slow!");

        assertThat(outcomes).singleElement().satisfies(ParkedCalls::isParked);
        assertThat(slowWasCancelled).isFalse();
    }

    @Test
    void callBehindACallOnItsWay_isParkedInTheSamePass() {
        List<Outcome<String>> outcomes = new ArrayList<>();
        Step.map(
                        "s",
                        (String value) -> Mono.zip(
                                call.apply("park"),
                                call.apply("slow").flatMap(answer -> call.apply("park too")),
                                String::concat))
                .apply(items("x"))
                .subscribe(outcomes::add);

        slow.tryEmitValue("slow!");

        assertThat(asked).containsExactly("park", "slow", "park too");
        assertThat(outcomes).singleElement().satisfies(ParkedCalls::isParked);
    }

    /** {@code next} cancels while it hands on. */
    @Test
    void callBehindOneThatIsCancelledWhileItIsTaken_isParkedInTheSamePass() {
        List<Outcome<String>> outcomes = new ArrayList<>();
        Step.map(
                        "s",
                        (String value) -> Mono.zip(
                                call.apply("park"),
                                Flux.from(call.apply("slow")).next().flatMap(answer -> call.apply("park too")),
                                String::concat))
                .apply(items("x"))
                .subscribe(outcomes::add);

        slow.tryEmitValue("slow!");

        assertThat(asked).containsExactly("park", "slow", "park too");
        assertThat(outcomes).singleElement().satisfies(ParkedCalls::isParked);
    }

    @Test
    void failureBesideAParkedCall_waitsForTheBatch() {
        isParked(outcome(value -> Mono.zip(call.apply("park"), call.apply("fails"), String::concat)));
    }

    @Test
    void brokenStoreBesideAParkedCall_endsTheStream() {
        Step.map("s", (String value) -> Mono.zip(call.apply("park"), call.apply("disk"), String::concat))
                .apply(items("x"))
                .as(StepVerifier::create)
                .expectError(StorageException.class)
                .verify(SOON);
    }

    @Test
    void valueMadeWithoutTheAnswer_doesNotCount() {
        isParked(outcome(value -> Mono.zip(
                call.apply("park").timeout(Duration.ofMillis(100), Mono.just("invented")),
                call.apply("slow").timeout(Duration.ofMillis(200), Mono.just("late")),
                String::concat)));
    }

    @Test
    void callThatThrows_failsItsItem() {
        Call<String, String> throwing = CallStack.<String, String>of(request -> {
                    throw new IllegalStateException("bug");
                })
                .build();

        assertThat(outcome(value -> throwing.apply("x")))
                .isInstanceOfSatisfying(
                        Failed.class, failed -> assertThat(failed.kind()).isEqualTo(ErrorKind.STEP_FAILED));
        isParked(outcome(value -> Mono.zip(call.apply("park"), throwing.apply("x"), String::concat)));
    }

    @Test
    void timedOutCallOnItsWay_letsTheItemEnd() {
        isParked(outcome(value -> Mono.zip(
                call.apply("park"),
                call.apply("slow").timeout(Duration.ofMillis(5)).onErrorReturn(TimeoutException.class, "late"),
                String::concat)));
        assertThat(slowWasCancelled).isTrue();
    }

    /** Calls that answer, fail and are parked at random moments on other threads, put together at random. */
    @RepeatedTest(3)
    void itemsAtRandom_endOnceEach() {
        Random random = new Random();
        Call<String, String> any = CallStack.<String, String>of(request -> Mono.defer(() -> {
                    int kind = Math.floorMod(request.hashCode(), 4);
                    Mono<String> answer = kind == 0
                            ? parked()
                            : kind == 1
                                    ? Mono.error(ApiException.builder(ErrorKind.REFUSED, "no")
                                            .build())
                                    : Mono.just(request);
                    int micros = Math.floorMod(request.hashCode() / 4, 5) * 100;
                    return micros == 0
                            ? answer
                            : Mono.delay(Duration.ofNanos(micros * 1_000L)).then(answer);
                }))
                .build();
        Function<String, Mono<String>> function = value -> {
            Mono<String> first = any.apply(value + "a");
            Mono<String> second = any.apply(value + "b");
            Mono<String> third = any.apply(value + "c");
            return switch (Math.floorMod(value.hashCode(), 6)) {
                case 0 -> Mono.zip(first, second, String::concat);
                case 1 -> first.then(second).zipWith(third, String::concat);
                case 2 -> Mono.firstWithValue(first, second).flatMap(one -> third);
                case 3 -> Flux.merge(first, second, third).next();
                case 4 -> Flux.concatDelayError(first, second, third).last();
                default ->
                    first.onErrorResume(e -> second)
                            .timeout(Duration.ofNanos(300_000))
                            .onErrorResume(e -> third);
            };
        };
        Flux<Outcome<String>> items = Step.map("s", function)
                .apply(Flux.range(0, 5_000)
                        .map(n -> Outcome.ok(Item.of("i" + n, n, Integer.toString(random.nextInt())))));

        Set<String> ended = ConcurrentHashMap.newKeySet();
        Long count = items.doOnNext(outcome -> ended.add(outcome.item().id()))
                .count()
                .block(SOON);

        assertThat(count).isEqualTo(5_000);
        assertThat(ended).hasSize(5_000);
        for (int i = 0; i < 20; i++) {
            items.take(Duration.ofNanos(random.nextInt(3_000_000))).count().block(SOON);
        }
    }
}
