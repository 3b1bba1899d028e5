package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.batch.ModelProvider.Faults;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chance against the queue: faults alone and mixed, and deaths at every step. */
class BatchQueueSimulationTest {

    private static final Duration LONGEST = Duration.ofDays(60);

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goodDay_answersEverything(boolean keepsTags) {
        Simulation simulation = new Simulation(root, keepsTags, 1, requests(23));
        simulation.start(0);
        assertThat(simulation.run(simulation.queue().rounds(simulation.pass()), LONGEST))
                .isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.claims).hasSize(21);
        assertThat(simulation.provider.made).hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void mixedFaults_endEveryRequestOnce(boolean keepsTags) {
        for (int seed = 0; seed < 50; seed++) {
            Simulation simulation = new Simulation(root.resolve("m" + seed), keepsTags, seed, requests(17));
            simulation.provider.faults = Faults.mixed(new Random(seed));
            simulation.start(0);
            assertThat(simulation.run(simulation.queue().rounds(simulation.pass()), LONGEST))
                    .as("seed " + seed)
                    .isEqualTo("done");
            simulation.checkAllIsDone();
        }
    }

    static List<String> requests(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> (i % 11 == 10 ? "bad " : "") + "request " + i)
                .toList();
    }
}
