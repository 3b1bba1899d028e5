package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Codec;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.memory.MemoryUse;
import io.headrace.memory.MemoryUse.Level;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** What can be done to a run while it runs. */
class RunControlTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger looks = new AtomicInteger();
    private final Queue<Sinks.Empty<Void>> held = new ConcurrentLinkedQueue<>();
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private volatile MemoryUse memory = new MemoryUse(new Level(1, 10), Level.UNLIMITED, 0);

    @TempDir
    Path directory;

    private Run<String> run(int rows) {
        Dataset<String> dataset =
                Dataset.of(IntStream.range(0, rows).mapToObj(i -> "word" + i).toList());
        return Run.builder(
                        dataset,
                        Step.<String, String>map("hold", word -> {
                                    begun.incrementAndGet();
                                    Sinks.Empty<Void> hold = Sinks.empty();
                                    held.add(hold);
                                    return hold.asMono().thenReturn(word);
                                })
                                .concurrency(10),
                        directory,
                        Codec.json(String.class))
                .timer(() -> time)
                .grace(Duration.ofSeconds(30))
                .memory(() -> {
                    looks.incrementAndGet();
                    return memory;
                })
                .build();
    }

    private void release(int items) {
        for (int i = 0; i < items; i++) {
            held.remove().tryEmitEmpty();
        }
    }

    private void release() {
        for (Sinks.Empty<Void> next = held.poll(); next != null; next = held.poll()) {
            next.tryEmitEmpty();
        }
    }

    @Test
    void pausedRun_finishesWhatIsInFlight_thenWaits_andTheReportSaysSo() {
        Run<String> run = run(100);
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 10))
                .then(run::pause)
                .then(this::release)
                .then(() -> await(() -> progress(run).ok() == 10))
                .then(() -> {
                    assertThat(begun).hasValue(10);
                    assertThat(progress(run).paused()).isTrue();
                    assertThat(run.isPaused()).isTrue();
                    time.advanceTimeBy(Duration.ofMillis(2_500));
                    run.resume();
                })
                .then(() -> await(() -> {
                    release();
                    return begun.get() == 100 && held.isEmpty();
                }))
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.FINISHED);
                    assertThat(report.notes()).singleElement().asString().startsWith("paused for 2.5");
                })
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void pausedRun_thatIsStopped_ends() {
        Run<String> run = run(100);
        run.pause();
        StepVerifier.create(run.execute())
                .then(run::stop)
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.STOPPED);
                    assertThat(report.total().items()).isEqualTo(new Items(100, 0, 0, 0, 0, 100));
                })
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void drain_waitsForWhatIsInFlight_howeverLong_andTheRestIsPending() {
        Run<String> run = run(100);
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 10))
                .then(run::drain)
                .then(run::drain)
                .then(() -> time.advanceTimeBy(Duration.ofHours(1)))
                .then(this::release)
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.STOPPED);
                    assertThat(report.reason()).isEqualTo("drained on request");
                    assertThat(report.total().items()).isEqualTo(new Items(100, 10, 0, 0, 0, 90));
                })
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void stopAfterDrain_givesTheGracePeriod() {
        Run<String> run = run(100);
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 10))
                .then(run::drain)
                .then(run::stop)
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(29)))
                .then(() -> assertThat(run.report()).isEmpty())
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(2)))
                .assertNext(report -> assertThat(report.total().items()).isEqualTo(new Items(100, 0, 0, 0, 10, 90)))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void concurrency_changesWhileItRuns_andTheReportSaysSo() {
        Run<String> run = run(100);
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 10))
                .then(() -> run.concurrency("hold", 40))
                .then(() -> await(() -> begun.get() == 40))
                .then(() -> assertThat(progress(run).steps())
                        .singleElement()
                        .satisfies(load -> assertThat(load.working()).isEqualTo(40)))
                .then(() -> await(() -> {
                    release();
                    return begun.get() == 100 && held.isEmpty();
                }))
                .assertNext(report ->
                        assertThat(report.notes()).contains("the concurrency of step 'hold' was changed to 40"))
                .expectComplete()
                .verify(SOON);
        assertThatThrownBy(() -> run.concurrency("hole", 1)).hasMessage("no step is named 'hole', there are [hold]");
    }

    @Test
    void shortMemory_makesTheWindowsSmallerUntilItSuffices_andTheReportSaysSo() {
        Run<String> run = run(100);
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 10))
                .then(() -> memory = new MemoryUse(new Level(1, 10), new Level(95, 100), 0))
                .then(() -> looks.set(0))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(4)))
                .then(() -> await(() -> looks.get() >= 4)) // three have had their effect then
                .then(() -> release(10))
                .then(() -> await(() -> begun.get() == 11))
                .then(() -> assertThat(progress(run).steps()).allMatch(load -> load.working() == 1))
                .then(() -> memory = new MemoryUse(new Level(1, 10), new Level(50, 100), 0))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(5)))
                .then(() -> await(() -> begun.get() == 20))
                .then(() -> await(() -> {
                    release();
                    return begun.get() == 100 && held.isEmpty();
                }))
                .assertNext(report -> assertThat(report.notes())
                        .hasSize(2)
                        .anyMatch(note -> note.startsWith("memory is short"))
                        .anyMatch(note -> note.startsWith("memory suffices again")))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void control_ofARunThatDoesNotRun_doesNothing() {
        Run<String> run = run(1);
        run.drain();
        run.pause();
        run.resume();
        assertThat(run.isPaused()).isFalse();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 1))
                .then(this::release)
                .assertNext(report -> assertThat(report.notes()).isEmpty())
                .expectComplete()
                .verify(SOON);
        run.drain();
    }

    /** Where it stands now. */
    private Progress progress(Run<?> run) {
        AtomicReference<Progress> seen = new AtomicReference<>();
        StepVerifier.create(run.progress(Duration.ofMillis(1)).take(1))
                .then(() -> time.advanceTimeBy(Duration.ofMillis(1)))
                .consumeNextWith(seen::set)
                .verifyComplete();
        return seen.get();
    }

    private static void await(BooleanSupplier condition) {
        Mono.fromSupplier(condition::getAsBoolean)
                .filter(yes -> yes)
                .repeatWhenEmpty(times -> times.delayElements(Duration.ofMillis(5)))
                .block(SOON);
    }
}
