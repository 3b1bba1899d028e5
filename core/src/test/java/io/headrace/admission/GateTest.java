package io.headrace.admission;

import static io.headrace.admission.Gates.assertGetsEmpty;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.Admitted;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

@Timeout(60)
class GateTest {

    private final Gate one = Gate.builder("one").concurrency(1).build();
    private final List<String> started = new ArrayList<>();

    private static int inFlight(Gate gate) {
        return gate.snapshot().inFlight();
    }

    private static int waiting(Gate gate) {
        return gate.snapshot().waiting();
    }

    private <R> Mono<R> limited(Mono<R> attempt) {
        Call<String, R> call = request -> attempt;
        return call.with(one.layer()).apply("q");
    }

    /** An attempt that notes its start and ends when told. */
    private Mono<String> named(String name, Sinks.One<String> end) {
        return limited(Mono.defer(() -> {
            started.add(name);
            return end.asMono();
        }));
    }

    private void assertAllBack() {
        assertThat(inFlight(one)).isZero();
        assertThat(waiting(one)).isZero();
    }

    @Test
    void value_returnsPermitBeforeItIsSeen() {
        StepVerifier.create(limited(Mono.just("yes")).doOnNext(answer -> assertAllBack()))
                .expectNext("yes")
                .verifyComplete();
        assertAllBack();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void schedulerWhoseTimeIsAnother_goesOnFromThere(boolean someoneWaits) {
        VirtualTimeScheduler first = VirtualTimeScheduler.create();
        VirtualTimeScheduler second = VirtualTimeScheduler.create();
        AtomicReference<VirtualTimeScheduler> time = new AtomicReference<>(first);
        Gate gate = Gate.builder("moved")
                .rate(Charge.REQUESTS, Rate.of(1, ofSeconds(10)))
                .scheduler(time::get)
                .build();
        Call<String, String> call = ((Call<String, String>) Mono::just).with(gate.layer());
        first.advanceTimeBy(Duration.ofDays(1));
        List<String> answers = new ArrayList<>();
        call.apply("a").subscribe(answers::add);
        Disposable left = someoneWaits ? call.apply("b").subscribe(answers::add) : Disposables.disposed();
        assertThat(answers).containsExactly("a");

        time.set(second);
        left.dispose();
        call.apply("c").subscribe(answers::add);
        second.advanceTimeBy(ofSeconds(9));
        assertThat(answers).containsExactly("a");
        second.advanceTimeBy(ofSeconds(2));
        assertThat(answers).containsExactly("a", "c");

        time.set(first);
        call.apply("d").subscribe(answers::add);
        first.advanceTimeBy(ofSeconds(11));
        assertThat(answers).containsExactly("a", "c", "d");
    }

    @Test
    void permit_isHeldDuringTheAttempt() {
        StepVerifier.create(limited(Mono.fromSupplier(() -> inFlight(one))))
                .expectNext(1)
                .verifyComplete();
    }

    @Test
    void emptyAndError_returnPermit() {
        StepVerifier.create(limited(Mono.empty())).verifyComplete();
        assertAllBack();
        StepVerifier.create(limited(Mono.error(new IllegalStateException("no"))).doOnError(e -> assertAllBack()))
                .verifyErrorMessage("no");
        assertAllBack();
    }

    @Test
    void errorThrownByTheCallItself_returnsPermit() {
        Call<String, String> broken = request -> {
            throw new IllegalStateException("bug");
        };
        StepVerifier.create(broken.with(one.layer()).apply("q")).verifyErrorMessage("bug");
        assertAllBack();
    }

    @Test
    void cancelDuringAttempt_cancelsItAndThenReturnsPermit() {
        AtomicInteger inUseAtCancel = new AtomicInteger();
        StepVerifier.create(limited(Mono.never().doOnCancel(() -> inUseAtCancel.set(inFlight(one)))))
                .thenCancel()
                .verify();
        assertThat(inUseAtCancel).hasValue(1);
        assertAllBack();
    }

    @Test
    void noSubscription_takesNothing() {
        limited(Mono.just("yes"));
        assertAllBack();
    }

    @Test
    void waiters_goInTheOrderTheyCame() {
        Sinks.One<String> first = Sinks.one();
        Sinks.One<String> second = Sinks.one();
        Sinks.One<String> third = Sinks.one();
        named("a", first).subscribe();
        named("b", second).onErrorComplete().subscribe();
        named("c", third).subscribe();
        assertThat(started).containsExactly("a");
        assertThat(waiting(one)).isEqualTo(2);
        first.tryEmitValue("1");
        assertThat(started).containsExactly("a", "b");
        second.tryEmitError(new IllegalStateException("no"));
        assertThat(started).containsExactly("a", "b", "c");
        third.tryEmitValue("3");
        assertAllBack();
    }

    @Test
    void cancelWhileWaiting_neverMakesTheCall() {
        Sinks.One<String> first = Sinks.one();
        named("a", first).subscribe();
        Disposable b = named("b", Sinks.one()).subscribe();
        Disposable c = named("c", Sinks.one()).subscribe();
        Disposable d = named("d", Sinks.one()).subscribe();
        c.dispose();
        assertThat(waiting(one)).isEqualTo(2);
        b.dispose();
        assertThat(waiting(one)).isEqualTo(1);
        first.tryEmitValue("1");
        assertThat(started).containsExactly("a", "d");
        d.dispose();
        assertAllBack();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void cancelOnTheWayIntoTheLine_leavesNothingBehind(int moment) {
        Disposable.Swap second = Disposables.swap();
        AtomicInteger reads = new AtomicInteger(-100);
        Gate limit = Gate.builder("one")
                .concurrency(1)
                .scheduler(() -> {
                    if (reads.incrementAndGet() == moment) {
                        Schedulers.boundedElastic().schedule(second::dispose);
                    }
                    return Schedulers.parallel();
                })
                .build();
        Call<String, String> call = request -> Mono.never();
        Disposable first = call.with(limit.<String, String>layer()).apply("a").subscribe();
        reads.set(0); // the clock is read several times while an attempt gets in line
        call.with(limit.<String, String>layer())
                .apply("b")
                .doOnSubscribe(s -> second.update(s::cancel))
                .subscribe();
        second.dispose();
        first.dispose();
        assertGetsEmpty(limit);
    }

    @Test
    void timeoutWhileWaiting_leavesTheLine() {
        StepVerifier.withVirtualTime(() -> {
                    limited(Mono.never()).subscribe();
                    return limited(Mono.just("yes")).timeout(ofSeconds(3));
                })
                .thenAwait(ofSeconds(3))
                .verifyError();
        assertThat(inFlight(one)).isEqualTo(1);
        assertThat(waiting(one)).isZero();
    }

    @Test
    void waitedTime_isTold() {
        List<CallEvent> events = new ArrayList<>();
        CallListener listener = events::add;
        StepVerifier.withVirtualTime(() -> {
                    limited(Mono.just("first").delayElement(ofMillis(70)))
                            .contextWrite(listener::into)
                            .subscribe();
                    return limited(Mono.just("second")).contextWrite(listener::into);
                })
                .thenAwait(ofMillis(70))
                .expectNext("second")
                .verifyComplete();
        assertThat(events)
                .containsExactly(
                        new Admitted(CallOptions.NONE, Duration.ZERO), new Admitted(CallOptions.NONE, ofMillis(70)));
    }

    @Test
    void listenerThatThrows_losesNoPermit() {
        CallListener exception = event -> {
            throw new IllegalStateException("broken listener");
        };
        StepVerifier.create(limited(Mono.just("yes")).contextWrite(exception::into))
                .expectNext("yes")
                .verifyComplete();
        assertAllBack();
        CallListener assertion = event -> {
            throw new AssertionError("a broken assertion");
        };
        StepVerifier.create(limited(Mono.just("yes")).contextWrite(assertion::into))
                .expectNext("yes")
                .verifyComplete();
        assertAllBack();
        CallListener error = event -> {
            throw new Error("worse");
        };
        StepVerifier.create(limited(Mono.just("yes")).contextWrite(error::into)).verifyError(Error.class);
        assertAllBack();
    }

    @Test
    void context_reachesTheAttemptAlsoAfterAWait() {
        Mono<String> marked = limited(Mono.deferContextual(c -> Mono.just(c.<String>get("mark"))))
                .contextWrite(c -> c.put("mark", "m"));
        StepVerifier.create(marked).expectNext("m").verifyComplete();
        StepVerifier.withVirtualTime(() -> {
                    limited(Mono.delay(ofSeconds(1))).subscribe();
                    return marked;
                })
                .thenAwait(ofSeconds(1))
                .expectNext("m")
                .verifyComplete();
    }

    @Test
    void manyWaitersThatEndAtOnce_doNotGrowTheStack() {
        Sinks.One<String> gate = Sinks.one();
        limited(gate.asMono()).subscribe();
        AtomicInteger done = new AtomicInteger();
        for (int i = 0; i < 100_000; i++) {
            limited(Mono.just(i)).subscribe(v -> done.incrementAndGet());
        }
        gate.tryEmitValue("go");
        assertThat(done).hasValue(100_000);
        assertAllBack();
    }

    @Test
    void callsOfAnyType_shareTheLimit() {
        Sinks.One<String> first = Sinks.one();
        named("a", first).subscribe();
        Call<Integer, Integer> doubling = n -> Mono.just(2 * n);
        List<Integer> answers = new ArrayList<>();
        doubling.with(one.<Integer, Integer>layer()).apply(21).subscribe(answers::add);
        assertThat(answers).isEmpty();
        first.tryEmitValue("1");
        assertThat(answers).containsExactly(42);
    }

    @Test
    void manyThreadsAndRandomEnds_neverExceedAndReturnEverything() {
        Gate limit = Gate.builder("seven").concurrency(7).build();
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        ConcurrentLinkedQueue<Throwable> surprises = new ConcurrentLinkedQueue<>();
        Call<Integer, Integer> call = n -> Mono.<Integer>defer(() -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    AtomicBoolean over = new AtomicBoolean();
                    Runnable end = () -> running.addAndGet(over.compareAndSet(false, true) ? -1 : 0);
                    Mono<Integer> answer = n % 5 == 0 ? Mono.error(new IllegalStateException()) : Mono.just(n);
                    return (n % 3 == 0 ? answer : answer.delaySubscription(Duration.ofNanos(n % 7 * 20_000L)))
                            .doOnNext(value -> end.run())
                            .doOnError(error -> end.run())
                            .doOnCancel(end);
                })
                .doOnError(e -> {
                    if (!(e instanceof IllegalStateException)) {
                        surprises.add(e);
                    }
                });
        Call<Integer, Integer> limited = call.with(limit.layer());
        SplittableRandom random = new SplittableRandom(11);
        StepVerifier.create(Flux.range(0, 20_000)
                        .flatMap(
                                n -> {
                                    Mono<Integer> one = limited.apply(n)
                                            .subscribeOn(Schedulers.parallel())
                                            .onErrorReturn(-1);
                                    return n % 4 == 0
                                            ? one.timeout(Duration.ofNanos(random.nextInt(300_000)), Mono.just(-2))
                                            : one;
                                },
                                200)
                        .count())
                .expectNext(20_000L)
                .verifyComplete();
        assertThat(surprises).isEmpty();
        assertThat(most.get()).isBetween(1, 7);
        assertGetsEmpty(limit);
        assertThat(running).hasValue(0);
    }

    @Test
    void limitBelowOne_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Gate.builder("none").concurrency(0));
    }
}
