package io.headrace.flow;

import static io.headrace.flow.MapStepTest.items;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.WorkSlot;
import io.headrace.layer.Backoff;
import io.headrace.layer.RetryLayer;
import io.headrace.layer.RetrySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.scheduler.VirtualTimeScheduler;

/** The contract of waiting: a step's window bounds the items at work, and one that waits gives its place back. */
class WaitingTest {

    private final AtomicInteger started = new AtomicInteger();
    private final AtomicInteger atWork = new AtomicInteger();
    private final AtomicInteger mostAtWork = new AtomicInteger();
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());

    /** Works, waits and works again, and keeps count of who is at work. */
    private Mono<Integer> waiting(int n, Mono<Void> wait, Duration work) {
        return Mono.deferContextual(context -> {
            started.incrementAndGet();
            begin("start " + n);
            return Mono.delay(work)
                    .doOnNext(tick -> atWork.decrementAndGet())
                    .then(WorkSlot.from(context).during(wait))
                    .then(Mono.fromRunnable(() -> begin("on " + n)))
                    .then(Mono.delay(work))
                    .doOnNext(tick -> atWork.decrementAndGet())
                    .thenReturn(n);
        });
    }

    private void begin(String what) {
        log.add(what);
        mostAtWork.accumulateAndGet(atWork.incrementAndGet(), Math::max);
    }

    private MapStep<Integer, Integer> step(Function<Integer, Mono<Void>> wait) {
        return Step.map("wait", n -> waiting(n, wait.apply(n), Duration.ofMillis(10)));
    }

    @Test
    void itemsThatWait_giveTheirPlaces_upToTenWindows() {
        MapStep<Integer, Integer> step =
                step(n -> Mono.delay(Duration.ofMinutes(1)).then()).concurrency(3);
        StepVerifier.withVirtualTime(() -> items(100).transform(step))
                .thenAwait(Duration.ofSeconds(50))
                .then(() -> assertThat(started).hasValue(30))
                .then(() -> assertThat(mostAtWork).hasValue(3))
                .thenAwait(Duration.ofMinutes(10))
                .expectNextCount(100)
                .verifyComplete();
        assertThat(mostAtWork).hasValue(3);
    }

    @Test
    void itemThatGoesOn_comesBeforeNewOnes_andNobodyElsePasses() {
        MapStep<Integer, Integer> step = step(n ->
                        n == 0 ? Mono.delay(Duration.ofMillis(15)).then() : Mono.empty())
                .concurrency(1);
        StepVerifier.withVirtualTime(() -> items(4).transform(step))
                .thenAwait(Duration.ofSeconds(1))
                .expectNextCount(4)
                .verifyComplete();
        assertThat(log.subList(0, 6)).containsExactly("start 0", "start 1", "on 1", "on 0", "start 2", "on 2");
        assertThat(mostAtWork).hasValue(1);
    }

    @Test
    void orderedStep_whoseHeadWaits_keepsOrderAndBound_andEnds() {
        MapStep<Integer, Integer> step = step(n ->
                        Mono.delay(Duration.ofMillis(n % 7 == 0 ? 500 : 1)).then())
                .concurrency(3)
                .ordered();
        StepVerifier.withVirtualTime(() -> items(50).transform(step))
                .thenAwait(Duration.ofMinutes(1))
                .recordWith(ArrayList::new)
                .expectNextCount(50)
                .consumeRecordedWith(all ->
                        assertThat(all).extracting(o -> o.item().ordinal()).isSorted())
                .verifyComplete();
        assertThat(mostAtWork).hasValue(3);
    }

    @Test
    void sourceThatDeliversLate_doesNotBreakTheBound() {
        TestPublisher<Outcome<Integer>> source = TestPublisher.create();
        Sinks.Empty<Void> gate = Sinks.empty();
        StepVerifier.withVirtualTime(
                        () -> source.flux().transform(step(n -> gate.asMono()).concurrency(2)))
                .then(() -> source.next(item(0), item(1)))
                .thenAwait(Duration.ofMillis(20)) // both wait, two more are asked for
                .then(gate::tryEmitEmpty) // both at work again
                .then(() -> source.next(item(2), item(3)).complete())
                .then(() -> assertThat(started).hasValue(2))
                .thenAwait(Duration.ofSeconds(1))
                .expectNextCount(4)
                .verifyComplete();
        assertThat(mostAtWork).hasValue(2);
    }

    @Test
    void cancelWhileWaiting_letsTheItemGoOn_andFreesItsPlaceAfterwards() {
        MapStep<Integer, Integer> step = Step.<Integer, Integer>map(
                        "impatient",
                        n -> waiting(n, Mono.never(), Duration.ofMillis(1))
                                .timeout(Duration.ofSeconds(1), Mono.just(-1)))
                .concurrency(2);
        StepVerifier.withVirtualTime(() -> items(100).transform(step))
                .thenAwait(Duration.ofSeconds(30))
                .expectNextCount(100)
                .verifyComplete();
    }

    @Test
    void cancelInLine_leavesTheLine() {
        Sinks.Empty<Void> gate = Sinks.empty();
        MapStep<Integer, Integer> step = Step.<Integer, Integer>map(
                        "impatient",
                        n -> n == 2
                                ? Mono.delay(Duration.ofMinutes(1)).thenReturn(n) // keeps the only place
                                : Mono.deferContextual(context ->
                                                WorkSlot.from(context).during(gate.asMono()))
                                        .timeout(Duration.ofSeconds(10))
                                        .thenReturn(n))
                .concurrency(1);
        StepVerifier.withVirtualTime(() -> items(5).transform(step))
                .thenAwait(Duration.ofSeconds(1))
                .then(gate::tryEmitEmpty)
                .thenAwait(Duration.ofSeconds(10))
                .expectNextMatches(Outcome.Failed.class::isInstance)
                .expectNextMatches(Outcome.Failed.class::isInstance)
                .thenAwait(Duration.ofMinutes(1))
                .expectNextCount(3)
                .verifyComplete();
    }

    @Test
    void cancelledStream_startsNobody_whenWaitsEnd() {
        Sinks.Empty<Void> gate = Sinks.empty();
        VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
        try {
            Disposable running = items(100)
                    .transform(step(n -> gate.asMono()).concurrency(2))
                    .subscribe();
            time.advanceTimeBy(Duration.ofSeconds(1));
            running.dispose();
            int before = log.size();
            gate.tryEmitEmpty();
            time.advanceTimeBy(Duration.ofSeconds(1));
            assertThat(log).hasSize(before);
        } finally {
            VirtualTimeScheduler.reset();
        }
    }

    @Test
    void itemWithSeveralCalls_isNotHeldUpByItsOwn() {
        Sinks.Empty<Void> gate = Sinks.empty();
        MapStep<Integer, Integer> step = Step.<Integer, Integer>map(
                        "several",
                        n -> Mono.deferContextual(context -> {
                            WorkSlot slot = WorkSlot.from(context);
                            return Mono.zip(
                                            slot.during(gate.asMono()).thenReturn(1),
                                            slot.during(gate.asMono()).thenReturn(2),
                                            slot.during(gate.asMono()).thenReturn(3))
                                    .thenReturn(n);
                        }))
                .concurrency(1);
        StepVerifier.withVirtualTime(() -> items(30).transform(step))
                .thenAwait(Duration.ofSeconds(1))
                .then(gate::tryEmitEmpty)
                .expectNextCount(30)
                .verifyComplete();
    }

    @Test
    void retries_giveThePlaceBack() {
        AtomicInteger first = new AtomicInteger();
        Call<Integer, Integer> call = n -> Mono.defer(() -> n < 2 && first.incrementAndGet() <= 2
                ? Mono.error(ApiException.builder(ErrorKind.OVERLOADED, "busy").build())
                : Mono.just(n));
        Call<Integer, Integer> retried = call.with(RetryLayer.of(RetrySpec.backoff(3, Duration.ofSeconds(1))
                .on(ErrorKind.OVERLOADED, Backoff.fixed(Duration.ofSeconds(1)), 3)));
        StepVerifier.withVirtualTime(() ->
                        items(10).transform(Step.map("call", retried::apply).concurrency(1)))
                .expectSubscription()
                .expectNextCount(8) // at once, behind two that wait
                .expectNoEvent(Duration.ofMillis(900))
                .thenAwait(Duration.ofMillis(200))
                .expectNextCount(2)
                .verifyComplete();
    }

    @Test
    void batch_givesThePlacesOfAllItsItems_andTakesThemAgainTogether() {
        AtomicInteger calls = new AtomicInteger();
        BatchStep<Integer, Integer> step = Step.<Integer, Integer>batch(
                        "batch",
                        4,
                        batch -> Mono.deferContextual(context -> {
                                    calls.incrementAndGet();
                                    return WorkSlot.from(context)
                                            .during(Mono.delay(Duration.ofSeconds(10))
                                                    .then())
                                            .then(Mono.fromRunnable(() -> begin("on")))
                                            .then(Mono.delay(Duration.ofSeconds(1)))
                                            .doOnNext(tick -> atWork.decrementAndGet());
                                })
                                .thenMany(Flux.fromIterable(batch)))
                .concurrency(8);
        StepVerifier.withVirtualTime(() -> items(160).transform(step))
                .thenAwait(Duration.ofSeconds(9))
                .then(() -> assertThat(calls).hasValue(20))
                .thenAwait(Duration.ofMinutes(5))
                .expectNextCount(160)
                .verifyComplete();
        assertThat(calls).hasValue(40);
        assertThat(mostAtWork).hasValue(2); // batches
    }

    @Test
    void unstatedWindow_followsTheGate_andAStatedOneDoesNot() {
        assertThat(startedWithGateOf(250, s -> s)).isEqualTo(250);
        assertThat(startedWithGateOf(5_000, s -> s)).isEqualTo(Window.CEILING);
        assertThat(startedWithGateOf(50, s -> s)).isEqualTo(100);
        assertThat(startedWithGateOf(250, s -> s.concurrency(100))).isEqualTo(100);
    }

    private static int startedWithGateOf(
            int limit, Function<MapStep<Integer, Integer>, MapStep<Integer, Integer>> window) {
        AtomicInteger started = new AtomicInteger();
        MapStep<Integer, Integer> step = Step.map(
                "busy",
                n -> Mono.deferContextual(context -> {
                    started.incrementAndGet();
                    WorkSlot.from(context).atLeast(limit);
                    return Mono.never();
                }));
        items(10_000).transform(window.apply(step)).subscribe().dispose();
        return started.get();
    }

    @Test
    void manyShortWaits_onOneThread_needNoStack() {
        MapStep<Integer, Integer> step = Step.<Integer, Integer>map(
                        "short",
                        n -> Mono.deferContextual(context -> Flux.range(0, 5)
                                .concatMap(i -> WorkSlot.from(context).during(Mono.empty()))
                                .then(Mono.just(n))))
                .concurrency(1);
        StepVerifier.create(items(20_000).transform(step))
                .expectNextCount(20_000)
                .verifyComplete();
    }

    @Test
    void waitsThatEndTogether_onOneThread_needNoStack() {
        Sinks.Empty<Void> gate = Sinks.empty();
        MapStep<Integer, Integer> step = Step.<Integer, Integer>map(
                        "together",
                        n -> Mono.deferContextual(context -> WorkSlot.from(context)
                                .during(gate.asMono())
                                .then(WorkSlot.from(context).during(Mono.empty()))
                                .thenReturn(n)))
                .concurrency(300);
        StepVerifier.create(items(4_000).transform(step))
                .then(gate::tryEmitEmpty)
                .expectNextCount(4_000)
                .verifyComplete();
    }

    @Test
    void manyThreads_randomWaitsCancelsAndErrors_loseNoItemAndKeepTheBound() {
        Scheduler threads = Schedulers.newParallel("waits", 4);
        try {
            for (boolean ordered : List.of(false, true)) {
                MapStep<Integer, Integer> step = Step.<Integer, Integer>map("random", n -> random(n, threads))
                        .concurrency(7);
                Set<Long> seen = new HashSet<>();
                Flux<Outcome<Integer>> outcomes = items(1_500)
                        .publishOn(threads, 16)
                        .transform(ordered ? step.ordered() : step)
                        .doOnNext(o -> assertThat(seen.add(o.item().ordinal())).isTrue());
                StepVerifier.create(outcomes)
                        .expectNextCount(1_500)
                        .expectComplete()
                        .verify(Duration.ofSeconds(30));
            }
            assertThat(mostAtWork.get()).isLessThanOrEqualTo(7);
        } finally {
            threads.dispose();
        }
    }

    private Mono<Integer> random(int n, Scheduler threads) {
        Random random = new Random(n);
        return Mono.deferContextual(context -> {
            WorkSlot slot = WorkSlot.from(context);
            Mono<Integer> work = Mono.<Integer>fromCallable(() -> {
                begin("");
                Thread.yield();
                atWork.decrementAndGet();
                return n;
            });
            for (int i = random.nextInt(4); i > 0; i--) {
                Mono<Void> wait = Mono.delay(Duration.ofNanos(random.nextInt(200_000)), threads)
                        .then();
                work = work.then(slot.during(wait)).then(work);
            }
            return random.nextInt(10) == 0
                    ? slot.during(Mono.error(new IllegalStateException("no"))).thenReturn(n)
                    : work;
        });
    }

    @Test
    void cancelAtAnyMoment_onManyThreads_hangsNobody() {
        Scheduler threads = Schedulers.newParallel("cancels", 4);
        try {
            for (int i = 0; i < 60; i++) {
                Disposable running = items(1_000)
                        .transform(Step.<Integer, Integer>map("random", n -> random(n, threads))
                                .concurrency(5))
                        .subscribe();
                Mono.delay(Duration.ofNanos(ThreadLocalRandom.current().nextInt(2_000_000)), threads)
                        .block();
                running.dispose();
            }
        } finally {
            threads.dispose();
        }
    }

    @Test
    void outsideAnyStream_nothingIsGivenBack() {
        StepVerifier.withVirtualTime(() ->
                        step(n -> Mono.delay(Duration.ofSeconds(1)).then()).apply(Outcome.ok(Item.of("a", 0, 1))))
                .thenAwait(Duration.ofSeconds(2))
                .expectNextCount(1)
                .verifyComplete();
        StepVerifier.create(WorkSlot.NONE.during(Mono.empty())).verifyComplete();
    }

    @Test
    void optionsOfTheUser_keepTheSlot() {
        List<Object> seen = new ArrayList<>();
        MapStep<Integer, Integer> step = Step.map(
                "options",
                n -> Mono.<Integer>deferContextual(context -> {
                            seen.add(WorkSlot.from(context) == WorkSlot.NONE);
                            seen.add(CallOptions.from(context).tenant());
                            return Mono.just(n);
                        })
                        .contextWrite(context ->
                                CallOptions.from(context).withTenant("t1").into(context)));
        StepVerifier.create(items(1).transform(step)).expectNextCount(1).verifyComplete();
        assertThat(seen).containsExactly(false, "t1");
    }

    private static Outcome<Integer> item(int n) {
        return Outcome.ok(Item.of("i" + n, n, n));
    }
}
