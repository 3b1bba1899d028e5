package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.batch.BatchStatus.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is read of a queue beside the process that works on it. */
class QueueSnapshotTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @Test
    void read_tellsHowItStandsBesideTheProcessThatWorks_andWritesNothing() throws IOException {
        Simulation simulation = simulation(7);
        simulation.start(0);
        assertThat(BatchQueue.read(simulation.directory()).batches()).isEmpty();
        simulation.pass().block();
        assertRead(simulation);
        simulation.round();
        assertRead(simulation);
        simulation.time.advanceTimeBy(Duration.ofHours(3));
        simulation.queue().round(Mono.just(1)).block();
        assertRead(simulation);
        assertThat(BatchQueue.read(simulation.directory()).unclaimed()).isEqualTo(7);
        simulation.pass().block();
        assertRead(simulation);
        assertThat(BatchQueue.read(root.resolve("nothing")).isIdle()).isTrue();
    }

    @Test
    void read_whileARequestIsBeingWritten_leavesItOut() throws IOException {
        Simulation simulation = simulation(3);
        simulation.start(0);
        simulation.pass().block();
        Path keys = simulation.directory().resolve("1.keys");
        Path journal = simulation.directory().resolve("journal");
        Files.write(keys, new byte[] {0, 0, 1}, StandardOpenOption.APPEND);
        Files.write(journal, new byte[] {0, 0, 0, 9, 1}, StandardOpenOption.APPEND);
        assertRead(simulation);
    }

    @Test
    void read_whileASubmissionIsOnItsWay_saysSo() {
        Simulation simulation = simulation(3);
        simulation.start(0);
        AtomicReference<QueueSnapshot> seen = new AtomicReference<>();
        simulation.queue().serve(new MapLane(new ForwardingApi(simulation.lane().api()) {

            @Override
            public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
                seen.set(BatchQueue.read(simulation.directory()));
                return super.submit(tag, lines, uploaded);
            }
        }));
        simulation.round();
        assertThat(seen.get().batches()).extracting(BatchStatus::state).containsExactly(State.SUBMITTING);
    }

    /** All but what the provider said of its requests. */
    private static void assertRead(Simulation simulation) throws IOException {
        List<String> before = files(simulation);
        assertThat(BatchQueue.read(simulation.directory()))
                .usingRecursiveComparison()
                .ignoringFields("batches.counts", "batches.inputTokens")
                .isEqualTo(simulation.queue().snapshot().block());
        assertThat(files(simulation)).isEqualTo(before);
    }

    private static List<String> files(Simulation simulation) throws IOException {
        try (Stream<Path> files = Files.list(simulation.directory())) {
            return files.map(file -> file + " " + file.toFile().length())
                    .sorted()
                    .toList();
        }
    }

    private Simulation simulation(int requests) {
        return new Simulation(root, true, 5, requests(requests));
    }
}
