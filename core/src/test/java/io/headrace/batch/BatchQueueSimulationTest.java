package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.admission.Budget;
import io.headrace.batch.ModelProvider.Faults;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chance against the queue: faults alone and mixed, and deaths at every step. */
class BatchQueueSimulationTest {

    private static final Duration SHORT = Duration.ofSeconds(30);

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goodDay_answersEverything(boolean keepsTags) {
        Simulation simulation = new Simulation(root, keepsTags, 1, requests(23));
        simulation.start(0);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.claims).hasSize(21);
        assertThat(simulation.provider.made).hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void mixedFaults_endEveryRequestOnce(boolean keepsTags) {
        for (int seed = 0; seed < 20; seed++) {
            Simulation simulation = new Simulation(root.resolve("m" + seed), keepsTags, seed, requests(17));
            simulation.provider.faults = Faults.mixed(new Random(seed));
            simulation.start(0);
            assertThat(simulation.rounds()).as("seed " + seed).isEqualTo("done");
            check(simulation);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void deathAtEveryStep_losesAndDoublesNothing(boolean keepsTags) {
        long steps = stepsOfAGoodDay(keepsTags);
        assertThat(steps).isGreaterThan(100);
        for (long step = 1; step <= steps; step++) {
            Simulation simulation = new Simulation(root.resolve("k" + step), keepsTags, step, requests(8));
            simulation.provider.work = SHORT;
            simulation.start(step);
            simulation.rounds();
            finish(simulation, "step " + step);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void deathsAmongMixedFaults_loseAndDoubleNothing(boolean keepsTags) {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            Simulation simulation = new Simulation(root.resolve("d" + seed), keepsTags, seed, requests(13));
            simulation.provider.faults = Faults.mixed(random);
            for (int deaths = random.nextInt(8); deaths >= 0; deaths--) {
                simulation.start(1 + random.nextInt(600));
                simulation.run(simulation.queue().rounds(simulation.pass()), Duration.ofMinutes(random.nextInt(600)));
            }
            finish(simulation, "seed " + seed);
        }
    }

    /** The ceilings of all requests are the cap: what one takes twice another one cannot have. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void deathsUnderACap_neverPassIt_andAHigherOneEndsEveryRequest(boolean keepsTags) {
        int stopped = 0;
        for (int seed = 0; seed < 20; seed++) {
            String what = "seed " + seed;
            Random random = new Random(seed);
            Simulation simulation = new Simulation(root.resolve("c" + seed), keepsTags, seed, requests(10));
            simulation.ceiling = new BigDecimal("0.019");
            simulation.cap = new BigDecimal("0.190");
            simulation.provider.faults = Faults.mixed(random);
            simulation.provider.faults.unkeepable = 40;
            simulation.provider.faults.unreadable = 20;
            for (int deaths = random.nextInt(4); deaths >= 0; deaths--) {
                simulation.start(deaths == 0 ? 0 : 1 + random.nextInt(600));
                simulation.rounds();
                assertThat(simulation.most()).as(what).isLessThanOrEqualTo(simulation.cap);
                assertThat(simulation.provider.bill).as(what).isLessThanOrEqualTo(simulation.most());
            }
            stopped += simulation.ends.size() < simulation.requests.size() ? 1 : 0;
            simulation.cap = null;
            finish(simulation, what);
        }
        assertThat(stopped).as("runs that a cap has stopped").isGreaterThan(10);
    }

    /** Calls are parked under one cap, or none, and submitted under another one; a third of a ceiling comes back. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void deathsWhileCapsChange_nothingIsSubmittedAboveTheOneInForce(boolean keepsTags) {
        int heldBack = 0;
        for (int seed = 0; seed < 20; seed++) {
            String what = "seed " + seed;
            Random random = new Random(seed);
            Simulation simulation = new Simulation(root.resolve("h" + seed), keepsTags, seed, requests(10));
            simulation.ceiling = new BigDecimal("0.03");
            simulation.provider.faults = Faults.mixed(random);
            simulation.provider.whenMade = () -> assertThat(simulation.atMost())
                    .as(what)
                    .isLessThanOrEqualTo(simulation.budget.balance().usd().cap());
            for (int deaths = random.nextInt(6); deaths >= 0; deaths--) {
                simulation.start(deaths == 0 ? 0 : 1 + random.nextInt(400));
                BigDecimal cap = BigDecimal.valueOf(random.nextInt(40), 2);
                simulation.run(simulation.pass(), Duration.ofMinutes(1)); // without a cap, as an earlier process
                simulation.budget = Budget.ofUsd(cap);
                simulation.budget.charge(simulation.spent, 0);
                String end = simulation.rounds();
                assertThat(end).as(what).isIn("done", "dead");
                heldBack += end.equals("done")
                                && !BatchQueue.read(simulation.directory()).isIdle()
                        ? 1
                        : 0;
                simulation.budget = null;
            }
            simulation.provider.whenMade = () -> {};
            finish(simulation, what);
        }
        assertThat(heldBack).as("processes whose cap held something back").isGreaterThan(5);
    }

    private long stepsOfAGoodDay(boolean keepsTags) {
        Simulation simulation = new Simulation(root.resolve("good"), keepsTags, 1, requests(8));
        simulation.provider.work = SHORT;
        simulation.start(0);
        simulation.rounds();
        return simulation.steps();
    }

    private static void finish(Simulation simulation, String what) {
        simulation.start(0);
        assertThat(simulation.rounds()).as(what).isEqualTo("done");
        check(simulation);
    }

    private static void check(Simulation simulation) {
        simulation.checkAllIsDone();
        assertThat(simulation.provider.bill).isLessThanOrEqualTo(simulation.most());
        Map<String, Long> batches = simulation.provider.made.stream()
                .filter(ModelProvider.Made::worked)
                .flatMap(batch -> batch.lines.stream())
                .collect(Collectors.groupingBy(line -> line.substring(line.indexOf(' ')), Collectors.counting()));
        assertThat(batches.values()).as("batches of one request").allMatch(count -> count <= 3);
    }
}
