package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Item;
import io.headrace.Namespace;
import io.headrace.Outcome;
import io.headrace.Outcome.Failed;
import io.headrace.StorageException;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.KeyFunction;
import io.headrace.layer.CallStack;
import io.headrace.layer.FallbackLayer;
import io.headrace.layer.MicroBatcher;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.Statistics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** How an item ends of which a call is parked: what the layers signal by an error of that kind. */
class ParkedItemTest {

    private static final Duration SOON = Duration.ofSeconds(10);

    private static final KeyFunction<String> KEYS =
            request -> new CallKey(new Fingerprint(request.hashCode(), 0, 0, 0), List.of());

    /** Requests that begin so are parked, at once or on another thread. */
    private static final String PARKED = "park";

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<CallEvent> events = new CopyOnWriteArrayList<>();
    private final Sinks.One<String> slow = Sinks.one();
    private final AtomicBoolean slowWasCancelled = new AtomicBoolean();

    private static Mono<String> parked() {
        return Mono.error(ApiException.builder(ErrorKind.PARKED, "by a batch").build());
    }

    private Mono<String> answer(String request) {
        asked.add(request);
        if (request.startsWith(PARKED)) {
            return request.endsWith("later") ? Mono.delay(Duration.ofMillis(2)).then(parked()) : parked();
        }
        return switch (request) {
            case "slow" -> slow.asMono().doOnCancel(() -> slowWasCancelled.set(true));
            case "fails" ->
                Mono.error(ApiException.builder(ErrorKind.REFUSED, "no").build());
            case "disk" -> Mono.error(new StorageException("disk", new IllegalStateException()));
            default -> Mono.just(request + "!");
        };
    }

    private final Call<String, String> call =
            CallStack.<String, String>of(this::answer).listener(events::add).build();

    private static Flux<Outcome<String>> items(String... values) {
        return Flux.range(0, values.length).map(n -> Outcome.ok(Item.of("i" + n, n, values[n])));
    }

    private Outcome<String> outcome(Function<String, Mono<String>> function) {
        return outcome("park", function);
    }

    private static Outcome<String> outcome(String value, Function<String, Mono<String>> function) {
        return Step.map("s", function).apply(Outcome.ok(Item.of("i", 0, value))).block(SOON);
    }

    private static void isParked(Outcome<String> outcome) {
        assertThat(outcome).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.kind()).isEqualTo(ErrorKind.PARKED);
            assertThat(failed.step()).isEqualTo("s");
        });
    }

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

        assertThat(outcomes).singleElement().satisfies(ParkedItemTest::isParked);
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
        assertThat(outcomes).singleElement().satisfies(ParkedItemTest::isParked);
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
        assertThat(outcomes).singleElement().satisfies(ParkedItemTest::isParked);
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
    void otherItems_goOnAndFreeTheirPlaces() {
        List<Outcome<String>> outcomes = Step.map("s", (String value) -> call.apply(value))
                .concurrency(1)
                .apply(items("park", "a", "park later", "b", "c"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(5);
        assertThat(outcomes.stream().filter(Outcome.Ok.class::isInstance)).hasSize(3);
    }

    @Test
    void manyItems_doNotGrowTheStack() {
        Call<String, String> parks =
                CallStack.<String, String>of(request -> parked()).build();
        Long parked = Step.map("s", (String value) -> parks.apply(value))
                .apply(Flux.range(0, 100_000).map(n -> Outcome.ok(Item.of("i" + n, n, "park"))))
                .count()
                .block(SOON);

        assertThat(parked).isEqualTo(100_000);
    }

    @Test
    void failFast_isNotAlarmed() {
        List<Outcome<String>> outcomes = Step.map("s", (String value) -> call.apply(value))
                .failFast()
                .apply(items("park", "a"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(2);
    }

    @Test
    void laterSteps_letTheItemThrough() {
        List<Outcome<String>> outcomes = Step.map("s", (String value) -> call.apply(value))
                .then(Step.map("t", (String value) -> call.apply("t" + value)))
                .apply(items("park", "a"))
                .collectList()
                .block(SOON);

        assertThat(asked).containsExactly("park", "a", "ta!");
        assertThat(outcomes).anySatisfy(ParkedItemTest::isParked);
    }

    @Test
    void filterExpandAndBatchSteps_endTheirItemsSo() {
        Flux<Outcome<String>> filtered = Step.filterWhen(
                        "s", (String value) -> call.apply(value).map(answer -> true))
                .apply(items("park"));
        Flux<Outcome<String>> expanded = Step.<String, String>expand(
                        "s", value -> Flux.just("a", value).concatMap(call::apply))
                .apply(items("park"));
        Flux<Outcome<String>> batched = Step.<String, String>batch(
                        "s",
                        2,
                        items -> Flux.fromIterable(items)
                                .flatMap(item -> call.apply(item.value()).map(item::withValue)))
                .apply(items("park", "a", "b"));

        isParked(filtered.blockLast(SOON));
        isParked(expanded.blockLast(SOON));
        List<Outcome<String>> all = batched.collectList().block(SOON);
        assertThat(all).hasSize(3);
        assertThat(all.stream().filter(Outcome.Ok.class::isInstance)).hasSize(1);
    }

    @Test
    void cancel_reachesTheCallsOnTheirWay() {
        Disposable stream = Step.map(
                        "s", (String value) -> Mono.zip(call.apply("park"), call.apply("slow"), String::concat))
                .apply(items("x"))
                .subscribe(outcome -> {
                    throw new AssertionError("cancelled");
                });

        stream.dispose();

        assertThat(slowWasCancelled).isTrue();
        assertThat(ends()).containsExactlyInAnyOrder(End.PARKED, End.CANCELLED);
    }

    @Test
    void listeners_hearOfNoFailureAndNoCancel() {
        Statistics statistics = Statistics.create();
        Outcome<String> outcome = Step.map("s", (String value) -> Mono.zip(call.apply("park"), call.apply("a")))
                .apply(items("x"))
                .contextWrite(statistics::into)
                .map(Outcome::<String>withoutValue)
                .transform(statistics::items)
                .blockLast(SOON);

        assertThat(ends()).containsExactlyInAnyOrder(End.PARKED, End.ANSWERED);
        assertThat(statistics.snapshot().calls().parked()).isEqualTo(1);
        assertThat(statistics.snapshot().calls().total()).isEqualTo(1);
        assertThat(statistics.snapshot().callTime().count()).isEqualTo(1);
        assertThat(statistics.snapshot().items().parked()).isEqualTo(1);
        assertThat(statistics.snapshot().items().failed()).isZero();
        assertThat(outcome.tally().calls()).isEqualTo(1);
    }

    private List<End> ends() {
        return events.stream()
                .filter(CallEnded.class::isInstance)
                .map(event -> ((CallEnded) event).end())
                .toList();
    }

    @Test
    void stackInsideAStack_isOneCallOfTheItem() {
        Call<String, String> outer = CallStack.of(call).noAttemptTimeout().build();
        Call<String, String> outermost =
                CallStack.<String, String>of(outer::apply).concurrency(1).build();

        isParked(outcome(value -> outermost.apply("park").onErrorReturn("invented")));
        isParked(outcome(value -> outermost.apply("park later").onErrorReturn("invented")));
        assertThat(asked).hasSize(2); // not tried again
    }

    @Test
    void fallback_isNotAsked() {
        Call<String, String> guarded = CallStack.<String, String>of(this::answer)
                .fallback(FallbackLayer.when(error -> true, request -> Mono.just("invented")))
                .build();
        Call<String, String> inner = CallStack.<String, String>of(this::answer)
                .fallback(java.util.Set.of(ErrorKind.REFUSED), call)
                .build();

        isParked(outcome(value -> guarded.apply("park")));
        isParked(outcome(value -> inner.apply("park")));
        assertThat(outcome(value -> guarded.apply("fails"))).isInstanceOf(Outcome.Ok.class);
    }

    @Test
    void fallbackThatIsParked_isOneCallOfTheItem() {
        Call<String, String> parks =
                CallStack.<String, String>of(request -> answer("park")).build();
        Call<String, String> first = CallStack.<String, String>of(request -> answer("fails"))
                .fallback(java.util.Set.of(ErrorKind.REFUSED), parks)
                .build();

        isParked(outcome(value -> first.apply("x").onErrorReturn("invented")));
    }

    @Test
    void microBatcher_parksAllItsCallers() {
        Call<String, String> single = CallStack.batched(
                        MicroBatcher.<String, String>builder(request -> parked().then(Mono.empty()))
                                .count(3)
                                .build())
                .build();

        List<Outcome<String>> outcomes = Step.map(
                        "s", (String value) -> single.apply(value).onErrorReturn("invented"))
                .apply(items("a", "b", "c"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(3).allSatisfy(ParkedItemTest::isParked);
    }

    @Test
    void follower_isParkedWithItsLeader() {
        AtomicInteger asked = new AtomicInteger();
        Call<String, String> shared = cached(request -> {
            asked.incrementAndGet();
            return Mono.delay(Duration.ofMillis(20)).then(parked());
        });

        List<Outcome<String>> outcomes = Step.map(
                        "s", (String value) -> shared.apply(value).onErrorReturn("invented"))
                .apply(items("same", "same", "same"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(3).allSatisfy(ParkedItemTest::isParked);
        assertThat(asked).hasValue(1);
    }

    /** The first item leads the flight and is cancelled by its function; the second one follows. */
    @Test
    void followerWhoseLeaderLeaves_isOnItsWay() {
        Sinks.Empty<Void> leave = Sinks.empty();
        Sinks.Empty<String> brought = Sinks.empty();
        Call<String, String> shared = cached(request -> brought.asMono().then(parked()));
        List<Outcome<String>> outcomes = new CopyOnWriteArrayList<>();
        Step.map("s", (String value) -> {
                    Mono<String> answer = shared.apply("same").onErrorReturn("invented");
                    return value.equals("leaves")
                            ? answer.takeUntilOther(leave.asMono()).defaultIfEmpty("left")
                            : answer;
                })
                .apply(items("leaves", "stays"))
                .subscribe(outcomes::add);

        leave.tryEmitEmpty();
        assertThat(outcomes).singleElement().isInstanceOf(Outcome.Ok.class);
        brought.tryEmitEmpty();

        assertThat(outcomes).hasSize(2);
        isParked(outcomes.get(1));
    }

    @Test
    void equalCallsOfAnItem_areParkedAsDifferentSamples() {
        List<Integer> samples = new CopyOnWriteArrayList<>();
        Call<String, String> sampled = cached(request -> Mono.deferContextual(context -> {
            Integer replicate = CallOptions.from(context).replicate();
            samples.add(replicate == null ? 0 : replicate);
            return parked();
        }));

        isParked(outcome(value -> Mono.zip(sampled.apply("q"), sampled.apply("q"), String::concat)));

        assertThat(samples).containsExactly(0, 1);
    }

    @Test
    void callOutsideAnyItem_failsAndGivesItsSampleBack() {
        List<Integer> samples = new CopyOnWriteArrayList<>();
        Call<String, String> sampled = cached(request -> Mono.deferContextual(context -> {
            Integer replicate = CallOptions.from(context).replicate();
            samples.add(replicate == null ? 0 : replicate);
            return parked();
        }));
        Namespace mine = io.headrace.ItemNamespaces.of("mine").namespace("x");
        Mono<String> answer = sampled.apply("q")
                .contextWrite(
                        context -> CallOptions.from(context).withNamespace(mine).into(context));

        for (int i = 0; i < 2; i++) {
            StepVerifier.create(answer)
                    .expectErrorSatisfies(
                            error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.PARKED))
                    .verify(SOON);
        }
        assertThat(samples).containsExactly(0, 0);
    }

    @Test
    void foldOverResults_failsClearly() {
        Reduction<String, StringBuilder, String> fold = new Reduction<>(
                "sum",
                StringBuilder::new,
                (all, item) -> all.append(item.value()),
                all -> call.apply("park " + all).onErrorReturn("invented"));

        StepVerifier.create(fold.apply(items("a", "b")))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.PARKED))
                .verify(SOON);
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

    private static Call<String, String> cached(Call<String, String> call) {
        return CallStack.of(call)
                .cache(InMemoryCache.create())
                .key(KEYS)
                .codec(Codec.json(String.class))
                .build();
    }
}
