package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.admission.BreakerSpec;
import io.headrace.admission.CoolDownSpec;
import io.headrace.admission.Gate;
import io.headrace.admission.GateBuilder;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.layer.RetrySpec;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** A provider that answers nothing any more: the run stops or pauses, and no item is lost to dead letters. */
class RunStandstillTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private final AtomicInteger asked = new AtomicInteger();

    private static GateBuilder gate() {
        return gate(Duration.ofMillis(300));
    }

    private static GateBuilder gate(Duration longest) {
        return Gate.builder("test")
                .concurrency(20)
                .breaker(BreakerSpec.standard()
                        .window(20, 5)
                        .openFor(Duration.ofMillis(20))
                        .giveUpAfter(longest)
                        .firstAnswerWithin(longest))
                .coolDown(CoolDownSpec.standard()
                        .ownWaits(Duration.ofMillis(5), Duration.ofMillis(20))
                        .refusedFor(longest)
                        .longestHint(longest));
    }

    private Call<Integer, Integer> provider(Gate gate, ErrorKind kind, IntPredicate down) {
        return CallStack.of((Integer row) -> Mono.delay(Duration.ofMillis(1))
                        .flatMap(tick -> down.test(asked.getAndIncrement())
                                ? Mono.error(ApiException.builder(kind, "the provider is down")
                                        .delivery(Delivery.REFUSED)
                                        .build())
                                : Mono.just(row)))
                .gate(gate)
                .retry(RetrySpec.fixedDelay(10_000, Duration.ofMillis(5)))
                .build();
    }

    private Run<Integer> run(int rows, Gate gate, Call<Integer, Integer> call) {
        return builder(rows, gate, call).build();
    }

    private Run.Builder<Integer, Integer> builder(int rows, Gate gate, Call<Integer, Integer> call) {
        return Run.builder(
                        Dataset.from("rows", Flux.range(0, rows)).withIds(String::valueOf),
                        Step.<Integer, Integer>map("ask", call::apply),
                        directory,
                        Codec.json(Integer.class))
                .gate(gate);
    }

    @ParameterizedTest
    @EnumSource(names = {"TRANSPORT", "SERVER_ERROR", "OVERLOADED", "RATE_LIMITED"})
    void outage_stopsTheRunWithTheRestPending_andALaterOneGoesOn(ErrorKind kind) {
        Gate gate = gate().build();
        RunReport report =
                run(500, gate, provider(gate, kind, n -> n >= 200)).execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("gate 'test'", "the provider is down");
        assertThat(report.total().items().failed()).isZero();
        assertThat(report.total().items().ok()).isEqualTo(200);
        assertThat(directory.resolve("dead-letters.jsonl")).isEmptyFile();
        Gate next = gate().build();
        RunReport later =
                run(500, next, provider(next, kind, n -> false)).execute().block(SOON);
        assertThat(later.end()).isEqualTo(End.FINISHED);
        assertThat(later.total().items()).isEqualTo(new Items(500, 500, 0, 0, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {197, 0})
    void outageAtTheLastRows_leavesThemPendingToo(int answered) {
        Gate gate = gate().build();
        RunReport report = run(answered + 3, gate, provider(gate, ErrorKind.RATE_LIMITED, n -> n >= answered))
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.total().items()).isEqualTo(new Items(answered + 3, answered, 0, 0, 3, 0));
        assertThat(directory.resolve("dead-letters.jsonl")).isEmptyFile();
    }

    @Test
    void outageThatEnds_isWaitedFor() {
        Gate gate = gate(SOON).build();
        RunReport report = run(300, gate, provider(gate, ErrorKind.SERVER_ERROR, n -> n >= 100 && n < 140))
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(300, 300, 0, 0, 0, 0));
    }

    @Test
    void gateThatPauses_pausesTheRun_whichSaysSo_andGoesOn() {
        Gate gate = gate().pauseAtStandstill().build();
        AtomicBoolean down = new AtomicBoolean(true);
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Run<Integer> run = builder(300, gate, provider(gate, ErrorKind.SERVER_ERROR, n -> n >= 100 && down.get()))
                .timer(() -> time)
                .build();
        AtomicReference<Progress> seen = new AtomicReference<>();
        run.progress(Duration.ofSeconds(1)).subscribe(seen::set);
        StepVerifier.create(run.execute())
                .then(() -> Runs.await(() -> gate.snapshot().paused()))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(2))) // the run looks at its gates every second
                .then(() -> Runs.await(() -> seen.get() != null))
                .then(() -> {
                    assertThat(seen.get().binding()).isEqualTo("paused");
                    assertThat(seen.get().gates().get(0).standstill()).contains("the provider is down");
                    down.set(false);
                    gate.resume();
                })
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.FINISHED);
                    assertThat(report.total().items()).isEqualTo(new Items(300, 300, 0, 0, 0, 0));
                    assertThat(report.notes())
                            .anySatisfy(note -> assertThat(note)
                                    .startsWith("paused until it is resumed")
                                    .contains("gate 'test'"))
                            .anySatisfy(note -> assertThat(note).startsWith("gate 'test' goes on"));
                })
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void runWhoseGateIsPaused_canBeStopped() {
        Gate gate = gate().pauseAtStandstill().build();
        Run<Integer> run = run(300, gate, provider(gate, ErrorKind.TRANSPORT, n -> n >= 100));
        Mono<Progress> paused = run.progress(Duration.ofMillis(10))
                .filter(progress -> progress.gates().get(0).paused())
                .next()
                .doOnNext(progress -> run.abort());
        RunReport report =
                Mono.zip(run.execute(), paused, (ended, before) -> ended).block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED);
        assertThat(report.total().items().ok()).isEqualTo(100);
        assertThat(report.total().items().failed()).isZero();
        assertThat(gate.snapshot().waiting()).isZero();
    }
}
