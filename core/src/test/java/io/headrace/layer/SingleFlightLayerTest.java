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
import io.headrace.Item;
import io.headrace.Namespace;
import io.headrace.Outcome;
import io.headrace.Priority;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.admission.Gate;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.flow.MapStep;
import io.headrace.flow.Step;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.DryRun;
import io.headrace.observe.Statistics;
import io.headrace.observe.StatisticsSnapshot;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Each sentence of "Single flight". */
class SingleFlightLayerTest {

    private final MapCache cache = new MapCache();
    private final Flights flights = Flights.of(cache);
    private final Upstream upstream = new Upstream();
    private final Recorder recorder = new Recorder();
    private final Call<String, String> call = stack(upstream, cache).build();
    private final List<Object> ends = new CopyOnWriteArrayList<>();

    /** Calls that end when a test says so. */
    private static final class Upstream implements Call<String, String> {

        final List<Sinks.One<String>> calls = new CopyOnWriteArrayList<>();
        final AtomicInteger cancelled = new AtomicInteger();

        @Override
        public Mono<String> apply(String request) {
            return Mono.defer(() -> {
                Sinks.One<String> answer = Sinks.one();
                calls.add(answer);
                return answer.asMono().doOnCancel(cancelled::incrementAndGet);
            });
        }

        void answer(String answer) {
            calls.get(calls.size() - 1).tryEmitValue(answer);
        }

        void fail(Throwable error) {
            calls.get(calls.size() - 1).tryEmitError(error);
        }
    }

    /** An attempt log that keeps what it is told. */
    private static final class Log implements AttemptLog {

        final List<String> notes = new CopyOnWriteArrayList<>();

        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            notes.add("started " + sample);
            return notes.size();
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            notes.add("ended " + delivery + " " + usage.outputTokens());
        }
    }

    private Disposable ask(Mono<String> answer) {
        return answer.subscribe(ends::add, error -> ends.add(String.valueOf(error.getMessage())));
    }

    private Disposable ask() {
        return ask(call.apply("q"));
    }

    private void nothingRemains() {
        assertThat(flights.inFlight.size()).isZero();
    }

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

    // accounts

    @Test
    void followers_paidNothing_andAreCountedAsCached() {
        Statistics leads = Statistics.create();
        Statistics follows = Statistics.create();
        ask(call.apply("q").contextWrite(leads::into));
        ask(call.apply("q").contextWrite(follows::into));
        upstream.answer("yes");
        StatisticsSnapshot paid = leads.snapshot();
        StatisticsSnapshot spared = follows.snapshot();
        assertThat(paid.attempts().sent()).isEqualTo(1);
        assertThat(paid.calls().cached()).isZero();
        assertThat(spared.attempts().sent()).isZero();
        assertThat(spared.calls().cached()).isEqualTo(1);
        assertThat(spared.calls().answered()).isEqualTo(1);
        assertThat(spared.cost()).isEqualTo(Cost.ZERO);
        assertThat(spared.saved()).isEqualTo(paid.cost());
    }

    @Test
    void handOver_movesTheAttemptToTheLogAndTheListenerOfTheFollower() {
        Log leads = new Log();
        Log follows = new Log();
        Recorder first = new Recorder();
        Recorder second = new Recorder();
        Disposable leader = ask(
                in(Namespace.of("a"), call.apply("q")).contextWrite(first::into).contextWrite(leads::into));
        CallOptions mine = CallOptions.of("step", "item").withNamespace(Namespace.of("b"));
        ask(call.apply("q").contextWrite(mine::into).contextWrite(second::into).contextWrite(follows::into));
        leader.dispose();
        assertThat(leads.notes).containsExactly("started 0", "ended NOT_SENT 0");
        assertThat(follows.notes).containsExactly("started 0");
        assertThat(first.names()).containsExactly("AttemptStarted", "AttemptEnded", "CallEnded");
        upstream.answer("yes");
        assertThat(leads.notes).hasSize(2);
        assertThat(follows.notes).containsExactly("started 0", "ended ANSWERED 3");
        assertThat(second.names()).containsExactly("AttemptStarted", "AttemptEnded", "CallEnded");
        assertThat(second.events).allMatch(event -> event.options().item().equals("item"));
        assertThat(second.of(AttemptEnded.class).get(0).cost().usd()).isPositive();
        assertThat(first.of(AttemptEnded.class).get(0).cost()).isEqualTo(Cost.ZERO);
        assertThat(first.events).hasSize(3);
    }

    @Test
    void handOver_fromACallOutsideAnyRun_isNotedInTheRunThatPaysThen() {
        Log follows = new Log();
        Disposable leader = ask();
        ask(call.apply("q").contextWrite(follows::into));
        leader.dispose();
        assertThat(follows.notes).containsExactly("started 0");
        upstream.answer("yes");
        assertThat(follows.notes).containsExactly("started 0", "ended ANSWERED 3");
    }

    @Test
    void handOver_toACallOutsideAnyRun_endsTheAttemptOfTheRun() {
        Log leads = new Log();
        Disposable leader = ask(call.apply("q").contextWrite(leads::into));
        ask();
        leader.dispose();
        upstream.answer("yes");
        assertThat(leads.notes).containsExactly("started 0", "ended NOT_SENT 0");
        assertThat(ends).containsExactly("yes");
    }

    @Test
    void handOver_betweenAttempts_letsTheFollowerHearTheRetries() {
        Script script = new Script(Script.fail(ErrorKind.OVERLOADED), Mono.just("yes"));
        Call<String, String> retrying = stack(script, cache)
                .retry(RetrySpec.fixedDelay(3, Duration.ofMinutes(1)))
                .build();
        Recorder second = new Recorder();
        StepVerifier.withVirtualTime(() -> {
                    Disposable leader = retrying.apply("q").subscribe();
                    Mono<String> follower = retrying.apply("q").contextWrite(second::into);
                    return follower.doOnSubscribe(subscription -> {
                        Schedulers.parallel().schedule(leader::dispose);
                    });
                })
                .thenAwait(Duration.ofMinutes(2))
                .expectNext("yes")
                .verifyComplete();
        assertThat(second.names()).containsExactly("AttemptStarted", "AttemptEnded", "CallEnded");
        assertThat(script.cancelled).hasValue(0);
    }

    @Test
    void failureOfAnExhaustedBudget_isTheLeadersOwn() {
        Budget empty = Budget.ofTokens(1);
        Budget full = Budget.ofTokens(1_000_000);
        Sinks.Empty<Void> found = Sinks.empty();
        ResponseCache slow = slowToRead(found);
        Call<String, String> stack = CallStack.of(upstream)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .demand(request -> new Demand(10, 10, Cost.ZERO))
                .noRetry()
                .cache(slow)
                .build();
        ask(stack.apply("q").contextWrite(empty::into));
        ask(stack.apply("q").contextWrite(full::into));
        ask(stack.apply("q").contextWrite(empty::into));
        found.tryEmitEmpty();
        assertThat(ends).hasSize(2).allMatch(end -> end.toString().contains("budget"));
        assertThat(upstream.calls).hasSize(1);
        upstream.answer("yes");
        assertThat(ends).endsWith("yes");
    }

    private static ResponseCache slowToRead(Sinks.Empty<Void> found) {
        return new ResponseCache() {
            @Override
            public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
                return found.asMono().then(Mono.empty());
            }

            @Override
            public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
                return Mono.empty();
            }

            @Override
            public Mono<Void> clear() {
                return Mono.empty();
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void failureOfALeaderThatWouldNotWait_isHisOwn() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Call<String, String> stack = stack(upstream, cache).gate(gate).build();
        ask(stack.apply("other"));
        ask(with(stack.apply("q"), o -> o.withFailFast(true)));
        ask(stack.apply("q"));
        upstream.calls.get(0).tryEmitValue("room");
        assertThat(ends).contains("room");
        upstream.answer("yes");
        assertThat(ends).contains("yes");
        nothingRemains();
    }

    // places in a step

    @Test
    void leaderThatWaitsForItsPlace_andFollowersThatHoldAllPlaces_doNotDeadlock() {
        int items = 30;
        Script script =
                new Script(Script.fail(ErrorKind.OVERLOADED), Script.fail(ErrorKind.OVERLOADED), Mono.just("yes"));
        Call<String, String> stack = stack(script, cache)
                .retry(RetrySpec.fixedDelay(5, Duration.ofMillis(20)))
                .build();
        AtomicInteger entered = new AtomicInteger();
        MapStep<Integer, String> narrow = Step.<Integer, String>map("ask", i -> {
                    entered.incrementAndGet();
                    return stack.apply("q");
                })
                .concurrency(2);
        Flux<Outcome<Integer>> rows =
                Flux.range(0, items).map(i -> new Outcome.Ok<>(Item.of("i" + i, i, i), Tally.ZERO));
        StepVerifier.create(rows.transform(narrow))
                .thenConsumeWhile(outcome -> outcome instanceof Outcome.Ok)
                .expectComplete()
                .verify(Duration.ofSeconds(20));
        assertThat(entered).hasValue(items);
    }

    /** A step of one place whose item leads a call, which waits; another item has taken its place meanwhile, and keeps it. */
    private Disposable narrowStep(Call<String, String> stack) {
        MapStep<Integer, String> narrow = Step.<Integer, String>map(
                        "ask", i -> i == 0 ? stack.apply("q") : Mono.never())
                .concurrency(1);
        return Flux.range(0, 2)
                .<Outcome<Integer>>map(i -> new Outcome.Ok<>(Item.of("i" + i, i, i), Tally.ZERO))
                .transform(narrow)
                .subscribe();
    }

    /** In line at a gate whose place is taken: a call that the item of such a step leads and another one follows. */
    private Disposable sharedBehindBusy(Gate gate) {
        Call<String, String> stack = stack(upstream, cache).gate(gate).build();
        ask(stack.apply("busy"));
        Disposable step = narrowStep(stack);
        ask(stack.apply("q"));
        return step;
    }

    @Test
    void followerOfALeaderWhoseStepIsGone_doesNotWaitForAPlaceThere() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Disposable step = sharedBehindBusy(gate);
        upstream.answer("room at the gate");
        assertThat(upstream.calls).hasSize(1);

        step.dispose();

        assertThat(upstream.calls).hasSize(2);
        upstream.answer("yes");
        assertThat(ends).containsExactly("room at the gate", "yes");
        assertThat(gate.snapshot().inFlight()).isZero();
        nothingRemains();
    }

    @Test
    void followerOfALeaderWhoseStepIsGone_isAskedForAgainWithoutAPlaceThere() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Script script = new Script(Script.fail(ErrorKind.OVERLOADED), Mono.just("yes"));
        Call<String, String> stack = stack(script, cache)
                .retry(RetrySpec.fixedDelay(2, Duration.ofSeconds(1)).scheduler(() -> time))
                .build();
        Disposable step = narrowStep(stack);
        ask(stack.apply("q"));
        time.advanceTimeBy(Duration.ofSeconds(2));
        assertThat(script.subscribed).hasValue(1);

        step.dispose();

        assertThat(ends).containsExactly("yes");
        nothingRemains();
        time.dispose();
    }

    @Test
    void leaderThatLeavesWhileItsCallWaits_keepsTheWaitForTheFollower() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Disposable step = sharedBehindBusy(gate);

        step.dispose();

        assertThat(upstream.calls).hasSize(1);
        upstream.answer("room at the gate");
        upstream.answer("yes");
        assertThat(ends).containsExactly("room at the gate", "yes");
        assertThat(gate.snapshot().inFlight()).isZero();
        nothingRemains();
    }

    // priority

    @Test
    void joinerOfHigherPriority_raisesTheFlightWhileItWaitsAtTheGate() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        List<String> sent = new ArrayList<>();
        Call<String, String> stack = stack(
                        request -> {
                            sent.add(request);
                            return upstream.apply(request);
                        },
                        cache)
                .gate(gate)
                .build();
        Function<CallOptions, CallOptions> batch = o -> o.withPriority(Priority.BATCH);
        ask(with(stack.apply("busy"), batch));
        ask(with(stack.apply("first"), batch));
        ask(with(stack.apply("urgent"), batch));
        ask(with(stack.apply("urgent"), o -> o.withPriority(Priority.INTERACTIVE)));
        ask(with(stack.apply("first"), batch));
        upstream.answer("done");
        assertThat(sent).containsExactly("busy", "urgent");
        upstream.answer("done");
        upstream.answer("done");
        assertThat(ends).hasSize(5).containsOnly("done");
        assertThat(gate.snapshot().waiting()).isZero();
        nothingRemains();
    }

    @Test
    void joinerBeforeTheCallComesToTheGate_raisesItToo() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Sinks.Empty<Void> found = Sinks.empty();
        List<String> sent = new ArrayList<>();
        Call<String, String> stack = CallStack.of((String request) -> {
                    sent.add(request);
                    return upstream.apply(request);
                })
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .cache(slowToRead(found))
                .gate(gate)
                .noRetry()
                .build();
        Function<CallOptions, CallOptions> batch = o -> o.withPriority(Priority.BATCH);
        ask(with(stack.apply("busy"), batch));
        ask(with(stack.apply("first"), batch));
        ask(with(stack.apply("urgent"), batch));
        ask(with(stack.apply("urgent"), o -> o.withPriority(Priority.INTERACTIVE)));
        found.tryEmitEmpty();
        upstream.answer("done");
        assertThat(sent).containsExactly("busy", "urgent");
    }

    // memory

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
