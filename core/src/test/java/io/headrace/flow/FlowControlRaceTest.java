package io.headrace.flow;

import static io.headrace.flow.MapStepTest.items;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Outcome;
import io.headrace.admission.DemandEstimator;
import io.headrace.admission.Gate;
import io.headrace.observe.Meter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Windows, pauses and a gate that many threads change while items pass: every item comes out once. */
@Timeout(120)
class FlowControlRaceTest {

    private static final int ITEMS = 20_000;

    private final FlowControl control = FlowControl.create();
    private final Gate gate =
            Gate.builder("test").notAdaptive().noBreaker().concurrency(4).build();

    /** Changes something, some thousand times a second. */
    private void change() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        switch (random.nextInt(7)) {
            case 0 -> control.pause();
            case 1 -> control.concurrency("first", 1);
            case 2 -> control.concurrency("second", random.nextBoolean() ? 1 : 50);
            case 3 -> control.share(random.nextBoolean() ? 0.01 : 1);
            case 4 -> gate.concurrency(random.nextBoolean() ? 1 : 30);
            case 5 -> {
                gate.pause();
                gate.resume();
            }
            default -> control.concurrency("first", 40);
        }
        control.resume();
    }

    @Test
    void everythingChangedFromManyThreads_losesNoItem() {
        Call<Integer, Integer> provider = n -> n % 3 == 0
                ? Mono.just(n)
                : Mono.delay(Duration.ofNanos(100_000)).thenReturn(n);
        Call<Integer, Integer> call = provider.with(gate.layer(DemandEstimator.requests(), Meter.free()));
        Scheduler threads = Schedulers.newParallel("changes", 4);
        Disposable.Composite changes = Disposables.composite();
        for (int i = 0; i < 4; i++) {
            changes.add(threads.createWorker().schedulePeriodically(this::change, i, 1, TimeUnit.MILLISECONDS));
        }
        Step<Integer, Integer> first = Step.map("first", call::apply);
        Step<Integer, Integer> second = Step.<Integer, Integer>map(
                        "second", n -> Mono.zip(call.apply(n), call.apply(n)).map(both -> both.getT1()))
                .concurrency(20);
        List<Outcome<Integer>> out = items(ITEMS)
                .transform(first.then(second).controlledBy(control))
                .collectList()
                .block(Duration.ofSeconds(60));
        changes.dispose();
        threads.dispose();
        assertThat(out).isNotNull().hasSize(ITEMS).allMatch(Outcome.Ok.class::isInstance);
        assertThat(out.stream().map(outcome -> outcome.item().id()).distinct()).hasSize(ITEMS);
        assertThat(control.loads()).isEmpty();
        assertThat(gate.snapshot().inFlight() + gate.snapshot().waiting()).isZero();
    }

    /** Ten thousand who wait in line, of whom all leave at once while others enter. */
    @RepeatedTest(5)
    void cancelWhileAllWait_leavesAnEmptyGate() {
        Call<Integer, Integer> provider = n -> Mono.delay(Duration.ofMillis(1)).thenReturn(n);
        Call<Integer, Integer> call = provider.with(gate.layer(DemandEstimator.requests(), Meter.free()));
        Scheduler threads = Schedulers.newParallel("callers", 4);
        Flux.range(0, 4)
                .flatMap(part -> items(1_000)
                        .transform(Step.<Integer, Integer>map("first", call::apply)
                                .then(Step.map("second", call::apply))
                                .controlledBy(control))
                        .subscribeOn(threads)
                        .take(Duration.ofMillis(50 + part)))
                .doOnNext(outcome -> change())
                .blockLast(Duration.ofSeconds(60));
        threads.dispose();
        // a caller that was just about to enter leaves a moment later
        Flux.interval(Duration.ofMillis(5))
                .onBackpressureDrop()
                .takeUntil(tick -> control.loads().isEmpty()
                        && gate.snapshot().inFlight() + gate.snapshot().waiting() == 0)
                .blockLast(Duration.ofSeconds(20));
        assertThat(call.apply(5).block(Duration.ofSeconds(20))).isEqualTo(5);
    }
}
