package io.headrace.layer;

import static io.headrace.layer.Samples.in;
import static io.headrace.layer.Samples.replicate;
import static io.headrace.layer.Samples.stack;
import static io.headrace.layer.Samples.with;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.Namespace;
import io.headrace.cache.InMemoryCache;
import io.headrace.observe.DryRun;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** Each sentence of "Single flight". */
class SingleFlightLayerTest extends FlightCalls {

    @Test
    void identicalCalls_areOneCallAndOneLookup_allJoined() {
        ask();
        ask();
        ask(in(Namespace.of("a"), call.apply("q")));
        assertThat(upstream.calls).hasSize(1);
        assertThat(cache.reads).hasValue(1);
        upstream.answer("yes");
        assertThat(ends).containsExactly("yes", "yes", "yes");
        nothingRemains();
    }

    @Test
    void otherSamplesAndOtherRequests_areCallsOfTheirOwn() {
        ask();
        ask(replicate(1, call.apply("q")));
        ask(call.apply("other"));
        assertThat(upstream.calls).hasSize(3);
    }

    @Test
    void twoStacksOverOneCache_joinToo() {
        Call<String, String> other = stack(upstream, cache).build();
        ask();
        ask(other.apply("q"));
        assertThat(upstream.calls).hasSize(1);
        upstream.answer("yes");
        assertThat(ends).containsExactly("yes", "yes");
        nothingRemains();
    }

    @Test
    void stackThatJudgesOtherwise_doesNotTakeTheAnswerUnseen() {
        Call<String, String> strict = stack(upstream, cache)
                .validator(answer -> answer.equals("yes") ? Optional.of("no") : Optional.empty())
                .build();
        ask();
        ask(strict.apply("q"));
        upstream.answer("yes");
        assertThat(upstream.calls).hasSize(2);
        upstream.answer("better");
        assertThat(ends).containsExactly("yes", "better");
    }

    @Test
    void otherCaches_doNotJoin() {
        ask();
        ask(stack(upstream, new MapCache()).build().apply("q"));
        assertThat(upstream.calls).hasSize(2);
    }

    @Test
    void callsOfAnotherPolicy_areNotJoined_andBypassIsAlone() {
        ask();
        ask(with(call.apply("q"), o -> o.withCachePolicy(CachePolicy.refresh())));
        ask(with(call.apply("q"), o -> o.withCachePolicy(CachePolicy.refresh())));
        assertThat(upstream.calls).hasSize(2);
        ask(with(call.apply("q"), o -> o.withCachePolicy(CachePolicy.bypass())));
        ask(with(call.apply("q"), o -> o.withCachePolicy(CachePolicy.bypass())));
        assertThat(upstream.calls).hasSize(4);
    }

    @Test
    void dryRun_joinsNobody() {
        DryRun dry = (options, tokens, online, batch) -> {};
        ask();
        ask(call.apply("q").contextWrite(dry::into));
        assertThat(ends).containsExactly("not sent: a dry run");
    }

    @Test
    void leadersCancel_handsOverToAFollower() {
        Disposable leader = ask();
        ask();
        ask();
        leader.dispose();
        assertThat(upstream.cancelled).hasValue(0);
        upstream.answer("yes");
        assertThat(ends).containsExactly("yes", "yes");
        assertThat(upstream.calls).hasSize(1);
        assertThat(cache.stored("q", 0)).isEqualTo("yes");
        nothingRemains();
    }

    @Test
    void everyLeaderInTurnMayLeave() {
        List<Disposable> callers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            callers.add(ask());
        }
        callers.subList(0, 9).forEach(Disposable::dispose);
        assertThat(upstream.cancelled).hasValue(0);
        upstream.answer("yes");
        assertThat(ends).containsExactly("yes");
    }

    @Test
    void followersCancel_harmsNobody() {
        ask();
        Disposable follower = ask();
        ask();
        follower.dispose();
        upstream.answer("yes");
        assertThat(ends).containsExactly("yes", "yes");
    }

    @Test
    void lastOnesCancel_cancelsTheCall() {
        Disposable leader = ask();
        Disposable follower = ask();
        leader.dispose();
        follower.dispose();
        assertThat(upstream.cancelled).hasValue(1);
        nothingRemains();
        ask();
        assertThat(upstream.calls).hasSize(2);
    }

    @Test
    void failure_reachesEachWaiterOnce_andIsForgottenBeforeAnybodyRetries() {
        AtomicInteger failures = new AtomicInteger();
        Mono<String> retrying = call.apply("q").onErrorResume(error -> {
            failures.incrementAndGet();
            return call.apply("q");
        });
        ask(retrying);
        ask(retrying);
        ask(retrying);
        upstream.fail(new IllegalStateException("boom"));
        assertThat(failures).hasValue(3);
        assertThat(upstream.calls).hasSize(2);
        upstream.answer("yes");
        assertThat(ends).containsExactly("yes", "yes", "yes");
        nothingRemains();
    }

    @Test
    void emptyCall_endsForAll() {
        Call<String, String> empty = stack(request -> upstream.apply(request).filter(answer -> false), cache)
                .build();
        ask(empty.apply("q"));
        ask(empty.apply("q"));
        upstream.answer("yes");
        assertThat(ends).hasSize(2);
        nothingRemains();
    }

    @Test
    void callThatThrows_failsItsCallers_andLeavesNothing() {
        Call<String, String> thrower = stack(Samples.thrower(), cache).build();
        StepVerifier.create(thrower.apply("q")).verifyErrorMessage("thrown");
        nothingRemains();
    }

    @Test
    void demand_isRespected_andTheContextOfTheLeaderPasses() {
        Call<String, String> reading = request -> Mono.deferContextual(context -> Mono.just(context.get("who")));
        StepVerifier.create(
                        stack(reading, cache).build().apply("q").contextWrite(context -> context.put("who", "me")), 0)
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(20))
                .thenRequest(1)
                .expectNext("me")
                .verifyComplete();
    }

    @Test
    void slowFollower_holdsUpNobody() {
        ask();
        StepVerifier.create(call.apply("q"), 0)
                .expectSubscription()
                .then(() -> upstream.answer("yes"))
                .then(() -> assertThat(ends).containsExactly("yes"))
                .thenRequest(1)
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void oneFollowerThatThrows_keepsNobodyFromTheAnswer() {
        ask();
        ask(call.apply("q").doOnNext(answer -> {
            throw new NoClassDefFoundError("org/example/Gone");
        }));
        ask();
        upstream.answer("yes");
        assertThat(ends).containsExactly("yes", "org/example/Gone", "yes");
        nothingRemains();
    }

    @Test
    void tenThousandCallersOfOneSlowAnswer_areOneCall_andTheMemoryIsBackToZero() throws Exception {
        int callers = 10_000;
        InMemoryCache memory = InMemoryCache.create();
        Call<String, String> stack = CallStack.of(upstream)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .cache(memory)
                .build();
        AtomicInteger answered = new AtomicInteger();
        for (int i = 0; i < callers; i++) {
            stack.apply("q").subscribe(answer -> answered.incrementAndGet());
        }
        assertThat(upstream.calls).hasSize(1);
        Flights table = Flights.of(memory);
        assertThat(table.inFlight.size()).isEqualTo(1);
        WeakReference<Object> flight =
                new WeakReference<>(table.inFlight.values().iterator().next());
        upstream.answer("yes");
        upstream.calls.clear();
        assertThat(answered).hasValue(callers);
        assertThat(upstream.cancelled).hasValue(0);
        assertThat(table.inFlight.size()).isZero();
        goes(flight);
    }

    @Test
    void tableOfACacheThatNobodyUses_goesWithIt() {
        WeakReference<Object> table = new WeakReference<>(tableOfAnUsedCache());
        goes(table);
    }

    private static Object tableOfAnUsedCache() {
        InMemoryCache memory = InMemoryCache.create();
        StepVerifier.create(CallStack.of((String q) -> Mono.just("yes"))
                        .key(MapCache.KEYS)
                        .codec(MapCache.CODEC)
                        .cache(memory)
                        .build()
                        .apply("q"))
                .expectNext("yes")
                .verifyComplete();
        return Flights.of(memory);
    }

    private static void goes(WeakReference<Object> reference) {
        for (int i = 0; i < 100 && reference.get() != null; i++) {
            System.gc();
            Flights.of(new MapCache()); // lets the registry look at what is gone
        }
        assertThat(reference.get()).isNull();
    }

    @Test
    void cancelsAtRandom_fromManyThreads_leaveNothing() {
        Call<String, String> slow = stack(
                        request -> Mono.delay(Duration.ofNanos(50_000)).map(tick -> "yes"), cache)
                .build();
        Flux<String> storm = Flux.range(0, 5_000)
                .flatMap(
                        i -> with(slow.apply("q" + i % 7), o -> o.withCachePolicy(CachePolicy.refresh()))
                                .subscribeOn(Schedulers.parallel())
                                .timeout(Duration.ofNanos(20_000L + i % 13 * 10_000))
                                .onErrorResume(error -> Mono.empty()),
                        64,
                        1);
        StepVerifier.create(storm.then()).expectComplete().verify(Duration.ofSeconds(60));
        nothingRemains();
    }
}
