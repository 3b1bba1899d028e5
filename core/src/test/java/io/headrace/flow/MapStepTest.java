package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.StorageException;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class MapStepTest {

    private static final MapStep<Integer, String> AS_TEXT = Step.map("text", n -> Mono.just("v" + n));

    static Flux<Outcome<Integer>> items(int count) {
        return Flux.range(0, count).map(n -> Outcome.ok(Item.of("i" + n, n, n)));
    }

    @Test
    void value_keepsIdentity() {
        AS_TEXT.apply(Outcome.ok(Item.of("a", 7, 3)))
                .as(StepVerifier::create)
                .assertNext(outcome -> {
                    assertThat(outcome.item()).isEqualTo(Item.of("a", 7, "v3"));
                    assertThat(outcome).isInstanceOf(Outcome.Ok.class);
                })
                .verifyComplete();
    }

    @Test
    void emptyFunction_failsTheItem() {
        Step.<Integer, String>map("none", n -> Mono.empty())
                .apply(Outcome.ok(Item.of("a", 0, 1)))
                .as(StepVerifier::create)
                .assertNext(outcome -> assertThat(outcome).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
                    assertThat(failed.kind()).isEqualTo(ErrorKind.STEP_FAILED);
                    assertThat(failed.message()).contains("gave no value").contains("filter");
                }))
                .verifyComplete();
    }

    @Test
    void errorsOfEverySort_becomeFailures_andTheRestGoesOn() {
        ApiException refused = ApiException.builder(ErrorKind.OVERLOADED, "busy")
                .delivery(Delivery.REFUSED)
                .build();
        MapStep<Integer, String> step = Step.map("risky", n -> switch (n) {
            case 0 -> Mono.error(refused);
            case 1 -> throw new IllegalStateException("bug");
            case 2 -> null;
            case 3 -> throw new Speechless();
            default -> Mono.just("ok");
        });

        List<Outcome<String>> outcomes = items(6).transform(step).collectList().block();

        assertThat(outcomes).hasSize(6);
        assertThat(failure(outcomes, "i0").kind()).isEqualTo(ErrorKind.OVERLOADED);
        assertThat(failure(outcomes, "i0").message()).isEqualTo("busy");
        assertThat(failure(outcomes, "i1").message()).isEqualTo("IllegalStateException: bug");
        assertThat(failure(outcomes, "i1").step()).isEqualTo("risky");
        assertThat(failure(outcomes, "i2").kind()).isEqualTo(ErrorKind.STEP_FAILED);
        assertThat(failure(outcomes, "i3").message()).isEqualTo("Speechless");
        assertThat(outcomes).filteredOn(Outcome.Ok.class::isInstance).hasSize(2);
    }

    /** An error that cannot say what went wrong. */
    private static final class Speechless extends RuntimeException {

        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }
    }

    @Test
    void errorsThatReactorRethrows_failTheirItem_onAnyThread() {
        Function<Integer, String> rough = n -> switch (n) {
            case 0 -> throw new NoClassDefFoundError("org/example/Gone");
            case 1 -> "" + endless(n);
            default -> "v" + n;
        };
        for (MapStep<Integer, String> step : List.of(
                Step.<Integer, String>compute("rough", rough),
                Step.<Integer, String>compute("rough", rough).offload(),
                Step.<Integer, String>map("rough", n -> Mono.just(rough.apply(n))))) {
            List<Outcome<String>> outcomes =
                    items(3).transform(step).collectList().block(Duration.ofSeconds(20));
            assertThat(failure(outcomes, "i0").message()).isEqualTo("NoClassDefFoundError: org/example/Gone");
            assertThat(failure(outcomes, "i1").message()).isEqualTo("StackOverflowError");
            assertThat(outcomes)
                    .hasSize(3)
                    .filteredOn(Outcome.Ok.class::isInstance)
                    .hasSize(1);
        }
    }

    @SuppressWarnings("InfiniteRecursion") // that is the point
    private static int endless(int n) {
        return endless(n + 1) + 1;
    }

    @Test
    void onErrorContinueBelow_doesNotHideABrokenStore() {
        AtomicInteger asked = new AtomicInteger();
        MapStep<Integer, String> step = Step.<Integer, String>map("paid", n -> {
                    asked.incrementAndGet();
                    return Mono.error(new StorageException("the cache cannot be written", new Exception()));
                })
                .concurrency(1);
        items(5).transform(step)
                .onErrorContinue((error, value) -> {})
                .as(StepVerifier::create)
                .verifyError(StorageException.class);
        assertThat(asked).hasValue(1);
    }

    @Test
    void brokenStore_endsTheStream_ratherThanBurnTheDataset() {
        MapStep<Integer, String> step =
                Step.map("paid", n -> Mono.error(new StorageException("the cache cannot be written", new Exception())));
        items(5).transform(step).as(StepVerifier::create).verifyError(StorageException.class);
    }

    @Test
    void failedAndSkipped_passUntouched() {
        Outcome<Integer> failed =
                new Outcome.Failed<>(Item.of("f", 0, 1), "earlier", ErrorKind.REFUSED, "no", Tally.ZERO);
        Outcome<Integer> skipped = new Outcome.Skipped<>(Item.of("s", 1, 1), "earlier", Tally.ZERO);
        Flux.just(failed, skipped)
                .transform(AS_TEXT)
                .as(StepVerifier::create)
                .expectNextMatches(o -> (Object) o == failed)
                .expectNextMatches(o -> (Object) o == skipped)
                .verifyComplete();
    }

    @Test
    void defaultOrder_isCompletionOrder_aSlowHeadHoldsNobodyBack() {
        StepVerifier.withVirtualTime(() -> items(4).transform(slowHead()))
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(10))
                .expectNextMatches(o -> o.item().id().equals("i1"))
                .expectNextMatches(o -> o.item().id().equals("i2"))
                .expectNextMatches(o -> o.item().id().equals("i3"))
                .thenAwait(Duration.ofSeconds(2))
                .expectNextMatches(o -> o.item().id().equals("i0"))
                .verifyComplete();
    }

    @Test
    void ordered_keepsInputOrder_withinABoundedWindow() {
        AtomicInteger started = new AtomicInteger();
        MapStep<Integer, Integer> step = Step.<Integer, Integer>map("slow", n -> {
                    started.incrementAndGet();
                    return Mono.delay(n == 0 ? Duration.ofSeconds(2) : Duration.ofMillis(10))
                            .thenReturn(n);
                })
                .concurrency(3)
                .ordered();
        StepVerifier.withVirtualTime(() -> items(10).transform(step))
                .thenAwait(Duration.ofMillis(1_900))
                .then(() -> assertThat(started).hasValue(3))
                .thenAwait(Duration.ofSeconds(10))
                .recordWith(ArrayList::new)
                .expectNextCount(10)
                .consumeRecordedWith(all -> assertThat(all)
                        .extracting(o -> o.item().ordinal())
                        .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L))
                .verifyComplete();
    }

    private static MapStep<Integer, Integer> slowHead() {
        return Step.map(
                "slow",
                n -> Mono.delay(n == 0 ? Duration.ofSeconds(2) : Duration.ofMillis(10))
                        .thenReturn(n));
    }

    @Test
    void concurrency_isTheBound_andDefaultsTo100() {
        assertThat(maxInWork(AS_TEXT.concurrency(7))).isEqualTo(7);
        assertThat(maxInWork(AS_TEXT)).isEqualTo(100);
        assertThatThrownBy(() -> AS_TEXT.concurrency(0)).hasMessage("concurrency must be at least 1, not 0");
    }

    private static long maxInWork(MapStep<Integer, String> like) {
        AtomicLong requested = new AtomicLong();
        MapStep<Integer, String> never = Step.<Integer, String>map("never", n -> Mono.never());
        never = never.with(like.window());
        items(1_000)
                .doOnRequest(requested::addAndGet)
                .transform(never)
                .subscribe()
                .dispose();
        return requested.get();
    }

    @Test
    void slowDemand_readsNoFurtherThanTheWindow() {
        AtomicInteger read = new AtomicInteger();
        items(1_000)
                .doOnNext(o -> read.incrementAndGet())
                .transform(AS_TEXT.concurrency(5))
                .as(flux -> StepVerifier.create(flux, 0))
                .expectSubscription()
                .thenRequest(3)
                .expectNextCount(3)
                .then(() -> assertThat(read.get()).isLessThanOrEqualTo(3 + 5))
                .thenCancel()
                .verify();
    }

    @Test
    void cancel_cancelsWhatIsInWork_andTheSource() {
        Set<Integer> cancelled = ConcurrentHashMap.newKeySet();
        TestPublisher<Outcome<Integer>> source = TestPublisher.create();
        MapStep<Integer, String> step =
                Step.map("hanging", n -> Mono.<String>never().doOnCancel(() -> cancelled.add(n)));
        StepVerifier.create(source.flux().transform(step))
                .then(() -> source.next(Outcome.ok(Item.of("a", 0, 0)), Outcome.ok(Item.of("b", 1, 1))))
                .thenCancel()
                .verify();
        assertThat(cancelled).containsExactlyInAnyOrder(0, 1);
        source.assertCancelled();
    }

    @Test
    void failFast_emitsTheFailure_thenEndsTheStream_andCancelsTheRest() {
        AtomicInteger cancelled = new AtomicInteger();
        MapStep<Integer, String> step = Step.<Integer, String>map(
                        "strict",
                        n -> n == 2
                                ? Mono.error(new IllegalStateException("two"))
                                : Mono.<String>never().doOnCancel(cancelled::incrementAndGet))
                .failFast();
        items(3).transform(step)
                .as(StepVerifier::create)
                .expectNextMatches(
                        o -> o instanceof Outcome.Failed && o.item().id().equals("i2"))
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(FailFastException.class)
                        .hasMessageContaining("step 'strict' is set to fail fast and item i2 failed"))
                .verify();
        assertThat(cancelled).hasValue(2);
    }

    @Test
    void failFast_minds_onlyItsOwnFailures() {
        Outcome<Integer> earlier =
                new Outcome.Failed<>(Item.of("f", 0, 1), "earlier", ErrorKind.REFUSED, "no", Tally.ZERO);
        Flux.just(earlier)
                .transform(AS_TEXT.failFast())
                .as(StepVerifier::create)
                .expectNextCount(1)
                .verifyComplete();
    }

    @Test
    void onErrorContinueBelow_dropsNoItem() {
        List<Object> continued = new ArrayList<>();
        MapStep<Integer, String> step =
                Step.map("risky", n -> n == 1 ? Mono.error(new IllegalStateException("one")) : Mono.just("v" + n));
        items(3).transform(step)
                .onErrorContinue((e, v) -> continued.add(v))
                .as(StepVerifier::create)
                .expectNextCount(3)
                .verifyComplete();
        assertThat(continued).isEmpty();
    }

    @Test
    void secondSubscription_startsAfresh() {
        Flux<Outcome<String>> outcomes = items(3).transform(AS_TEXT);
        StepVerifier.create(outcomes).expectNextCount(3).verifyComplete();
        StepVerifier.create(outcomes).expectNextCount(3).verifyComplete();
    }

    @Test
    void context_carriesOptions_andTheCallersEntries() {
        List<Object> seen = new ArrayList<>();
        MapStep<Integer, String> step = Step.map(
                "ctx",
                n -> Mono.deferContextual(context -> {
                    seen.add(CallOptions.from(context));
                    seen.add(context.get("tenant"));
                    return Mono.just("x");
                }));
        items(1).transform(step)
                .contextWrite(context -> context.put("tenant", "t1"))
                .as(StepVerifier::create)
                .expectNextCount(1)
                .verifyComplete();
        CallOptions options = (CallOptions) seen.get(0);
        assertThat(options).isEqualTo(CallOptions.of("ctx", "i0").withNamespace(options.namespace()));
        assertThat(options.namespace().name()).isEqualTo("ctx/i0");
        assertThat(seen.get(1)).isEqualTo("t1");
    }

    @Test
    void events_addUpOnTheItem_overSteps_andReachTheListenerBelow() {
        List<CallEvent> heard = new ArrayList<>();
        CallListener broken = event -> {
            heard.add(event);
            throw new IllegalStateException("listener bug");
        };
        Function<Integer, Mono<Integer>> calling = n -> Mono.deferContextual(context -> {
            CallListener listener = CallListener.from(context);
            CallOptions options = CallOptions.from(context);
            Cost cent = Cost.of(new BigDecimal("0.01"));
            listener.tell(new CallEvent.Admitted(options, Duration.ofMillis(3)));
            listener.tell(new CallEvent.AttemptEnded(
                    options, 1, Duration.ofMillis(5), Delivery.ANSWERED, Usage.of(10, 2), cent, null));
            listener.tell(new CallEvent.CallEnded(options, Duration.ofMillis(8), CallEvent.End.ANSWERED, null));
            listener.tell(new CallEvent.CacheHit(options, Usage.of(1, 1), cent));
            listener.tell(new CallEvent.CallEnded(options, Duration.ZERO, CallEvent.End.ANSWERED, null));
            return Mono.just(n);
        });
        Pipeline<Integer, Integer> pipeline = Step.map("one", calling).then(Step.map("two", calling));

        items(1).transform(pipeline)
                .contextWrite(broken::into)
                .as(StepVerifier::create)
                .assertNext(outcome -> {
                    Tally tally = outcome.tally();
                    assertThat(tally.calls()).isEqualTo(4);
                    assertThat(tally.cached()).isEqualTo(2);
                    assertThat(tally.attempts()).isEqualTo(2);
                    assertThat(tally.queued()).isEqualTo(Duration.ofMillis(6));
                    assertThat(tally.usage()).isEqualTo(Usage.of(20, 4));
                    assertThat(tally.cost().usd()).isEqualByComparingTo("0.02");
                    assertThat(tally.saved().usd()).isEqualByComparingTo("0.02");
                })
                .verifyComplete();
        assertThat(heard).hasSize(10);
    }

    @Test
    void elapsed_isTheTimeInTheStep() {
        StepVerifier.withVirtualTime(() -> items(1).transform(
                                Step.<Integer, Long>map("slow", n -> Mono.delay(Duration.ofMillis(250))))
                        .map(o -> o.tally().elapsed()))
                .thenAwait(Duration.ofSeconds(1))
                .expectNext(Duration.ofMillis(250))
                .verifyComplete();
    }

    /** The machine's clock is set ahead by an hour and back while the item is at work. */
    @ParameterizedTest
    @ValueSource(longs = {3_600_000, -3_600_000})
    void elapsed_doesNotDependOnTheTimeOfDay(long setBy) {
        AtomicLong set = new AtomicLong();
        Schedulers.setFactory(new Schedulers.Factory() {
            @Override
            public Scheduler newParallel(int threads, ThreadFactory factory) {
                return new SetClock(set);
            }
        });
        try {
            Step<Integer, Integer> step = Step.map(
                    "set",
                    n -> Mono.fromCallable(() -> {
                        set.set(setBy);
                        return n;
                    }));
            StepVerifier.create(items(1).transform(step).map(o -> o.tally().elapsed()))
                    .expectNext(Duration.ofNanos(SetClock.STEP_NANOS))
                    .verifyComplete();
        } finally {
            Schedulers.resetFactory();
        }
    }

    /** A scheduler whose time of day is set while its nanoseconds go on, by a step at each look. */
    private record SetClock(AtomicLong set, AtomicLong nanos) implements Scheduler {

        static final long STEP_NANOS = 5;

        SetClock(AtomicLong set) {
            this(set, new AtomicLong());
        }

        @Override
        public long now(TimeUnit unit) {
            return unit == TimeUnit.NANOSECONDS
                    ? nanos.addAndGet(STEP_NANOS)
                    : unit.convert(1_000_000_000_000L + set.get(), TimeUnit.MILLISECONDS);
        }

        @Override
        public Disposable schedule(Runnable task) {
            return Schedulers.immediate().schedule(task);
        }

        @Override
        public Worker createWorker() {
            return Schedulers.immediate().createWorker();
        }
    }

    @Test
    void offload_callsTheFunctionOnTheScheduler() {
        List<String> threads = new ArrayList<>();
        Step<Integer, Integer> step = Step.<Integer, Integer>compute("heavy", n -> {
                    threads.add(Thread.currentThread().getName());
                    return n;
                })
                .offload(() -> Schedulers.newSingle("cpu"));
        StepVerifier.create(items(1).transform(step)).expectNextCount(1).verifyComplete();
        assertThat(threads).singleElement().asString().startsWith("cpu");
    }

    @Test
    void offloadThatGivesNoScheduler_failsItsItem_andTheRestGoesOn() {
        AtomicInteger asked = new AtomicInteger();
        MapStep<Integer, String> step = AS_TEXT.offload(() -> {
            switch (asked.getAndIncrement()) {
                case 0 -> throw new IllegalStateException("no threads left");
                case 1 -> {
                    return null;
                }
                case 2 -> throw new NoClassDefFoundError("org/example/Pool");
                default -> {
                    return Schedulers.parallel();
                }
            }
        });
        List<Outcome<String>> outcomes = items(4).transform(step).collectList().block(Duration.ofSeconds(20));
        assertThat(failure(outcomes, "i0").message()).isEqualTo("IllegalStateException: no threads left");
        assertThat(failure(outcomes, "i1").message()).contains("offload was given null in the place of a Scheduler");
        assertThat(failure(outcomes, "i2").message()).isEqualTo("NoClassDefFoundError: org/example/Pool");
        assertThat(outcomes).filteredOn(Outcome.Ok.class::isInstance).hasSize(1);
    }

    @Test
    void longMessages_areCut() {
        Outcome<Integer> outcome = Step.<Integer, Integer>map(
                        "verbose", n -> Mono.error(new IllegalStateException("x".repeat(5_000))))
                .apply(Outcome.ok(Item.of("a", 0, 1)))
                .block();
        assertThat(((Outcome.Failed<Integer>) outcome).message()).hasSizeLessThan(1_100);
    }

    @Test
    void blankName_isRefused() {
        assertThatThrownBy(() -> Step.compute(" ", n -> n)).hasMessage("a step needs a name");
    }

    private static Outcome.Failed<String> failure(List<Outcome<String>> outcomes, String id) {
        return (Outcome.Failed<String>) outcomes.stream()
                .filter(o -> o.item().id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}
