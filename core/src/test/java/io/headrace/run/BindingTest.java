package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Gate;
import io.headrace.admission.GateSnapshot;
import io.headrace.admission.Level.Origin;
import io.headrace.dataset.Dataset;
import io.headrace.flow.FlowControl.Load;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** What a run says of what holds it up. */
class BindingTest {

    private static final Load BUSY = new Load("busy", 10, 10, 0, 0);
    private static final Load IDLE = new Load("idle", 10, 2, 0, 0);

    @Test
    void binding_namesTheNarrowestPlace() {
        assertThat(Binding.of(true, List.of(), List.of(BUSY), 1)).isEqualTo("paused");
        assertThat(Binding.of(
                        false, List.of(gate("a", 3, "requests per minute"), gate("b", 9, "budget")), List.of(BUSY), 1))
                .isEqualTo("budget");
        assertThat(Binding.of(false, List.of(gate("a", 0, "")), List.of(IDLE, BUSY), 1))
                .isEqualTo("concurrency");
        assertThat(Binding.of(false, List.of(), List.of(new Load("done", 10, 1, 0, 9)), 1))
                .isEqualTo("downstream");
        assertThat(Binding.of(false, List.of(), List.of(IDLE), 2)).isEqualTo("server");
        assertThat(Binding.of(false, List.of(), List.of(), 0)).isEqualTo("input");
    }

    private static GateSnapshot gate(String name, int waiting, String binding) {
        return new GateSnapshot(name, 1, waiting, Duration.ZERO, binding, false, "", List.of(), List.of());
    }

    @Test
    void pace_isThatOfTheLastHalfMinute() {
        RecentItems pace = new RecentItems();
        long done = 0;
        for (int second = 1; second <= 600; second++) {
            done += second <= 300 ? 100 : 10;
            pace.itemsPerSecond(Duration.ofSeconds(second), done);
        }
        assertThat(pace.itemsPerSecond(Duration.ofSeconds(600), done)).isBetween(9.9, 10.1);
        assertThat(new RecentItems().itemsPerSecond(Duration.ZERO, 0)).isZero();
        assertThat(new RecentItems().itemsPerSecond(Duration.ofMillis(100), 5)).isEqualTo(50);
    }

    @Test
    void trace_notesChangesOnly_andStaysBounded() {
        Gate gate = Gate.builder("g").concurrency(5).build();
        LimitTrace trace = new LimitTrace(List.of(gate));
        trace.look(Duration.ofSeconds(1));
        trace.look(Duration.ofSeconds(2));
        gate.concurrency(7);
        trace.look(Duration.ofSeconds(3));
        assertThat(trace.points())
                .filteredOn(point -> point.origin() == Origin.STATED)
                .extracting(RunReport.LimitPoint::at, RunReport.LimitPoint::limit, RunReport.LimitPoint::origin)
                .containsExactly(
                        tuple(Duration.ofSeconds(1), 5.0, Origin.STATED),
                        tuple(Duration.ofSeconds(3), 7.0, Origin.STATED));
        for (int i = 0; i < 10_000; i++) {
            gate.concurrency(1 + i % 2);
            trace.look(Duration.ofSeconds(i));
        }
        assertThat(trace.points()).hasSizeLessThanOrEqualTo(LimitTrace.CAPACITY);
        assertThat(trace.points().get(0).at()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void run_showsItsGates(@TempDir Path directory) throws IOException {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Sinks.Empty<Void> hold = Sinks.empty();
        Gate gate = Gate.builder("g").concurrency(2).build();
        Call<String, String> call = CallStack.<String, String>of(
                        word -> hold.asMono().thenReturn(word))
                .gate(gate)
                .build();
        Run<String> run = Run.builder(
                        Dataset.of(IntStream.range(0, 50).mapToObj(i -> "w" + i).toList()),
                        Step.<String, String>map("ask", call::apply).concurrency(10),
                        directory,
                        Codec.json(String.class))
                .gate(gate)
                .timer(() -> time)
                .build();
        AtomicReference<Progress> seen = new AtomicReference<>();
        Disposable watching = run.progress(Duration.ofSeconds(1)).subscribe(seen::set);
        StepVerifier.create(run.execute())
                .then(() -> Flux.interval(Duration.ofMillis(5))
                        .doOnNext(tick -> time.advanceTimeBy(Duration.ofSeconds(1)))
                        .takeUntil(tick ->
                                seen.get() != null && seen.get().gates().get(0).waiting() == 48)
                        .blockLast(Duration.ofSeconds(20)))
                .then(() -> {
                    assertThat(seen.get().binding()).isEqualTo("concurrency");
                    assertThat(seen.get().gates().get(0).inFlight()).isEqualTo(2);
                    assertThat(seen.get().steps().get(0).waiting()).isEqualTo(48);
                    hold.tryEmitEmpty();
                })
                .assertNext(report -> {
                    assertThat(report.gates()).hasSize(1);
                    assertThat(report.limits()).isNotEmpty();
                })
                .expectComplete()
                .verify(Duration.ofSeconds(20));
        watching.dispose();
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"gate\" : \"g\"", "\"atMs\"");
    }
}
