package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchJob.State;
import io.headrace.batch.ModelProvider.Faults;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Batches of others in the same account that look like the one in doubt, where a provider keeps no tags. */
class StrangersTest {

    private static final Duration LONG = Duration.ofDays(60);

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @Test
    void twoQueuesWithEqualSizes_atTheSameMoment_takeNothingOfEachOther() {
        for (int seed = 0; seed < 20; seed++) {
            Simulation one = simulation(seed, "one");
            Simulation two = new Simulation(root.resolve("two" + seed), one, requests("two"));
            one.provider.faults.lostAnswers = 60;
            one.provider.faults.lateBatches = 30;
            one.provider.faults.listLag = 50;
            one.start(0);
            two.start(0);
            Mono<?> both = Mono.when(one.queue().rounds(one.pass()), two.queue().rounds(two.pass()));
            assertThat(one.run(both, LONG)).as("seed " + seed).isEqualTo("done");
            one.checkAllIsDone();
            two.checkAllIsDone();
            assertThat(one.answers)
                    .hasSize(5)
                    .doesNotContainKeys(two.answers.keySet().toArray(String[]::new));
            assertThat(two.answers).hasSize(5);
        }
    }

    @Test
    void deathsOfTwoQueuesWithEqualSizes_submitNothingTwice() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            Simulation one = simulation(seed, "one");
            Simulation two = new Simulation(root.resolve("two" + seed), one, requests("two"));
            one.provider.faults = Faults.mixed(random);
            for (int deaths = random.nextInt(6); deaths >= 0; deaths--) {
                one.start(1 + random.nextInt(200));
                two.start(1 + random.nextInt(200));
                Duration longest = Duration.ofMinutes(random.nextInt(300));
                one.run(one.queue().rounds(one.pass()), longest);
                two.run(two.queue().rounds(two.pass()), longest);
            }
            one.start(0);
            two.start(0);
            assertThat(one.run(
                            Mono.when(
                                    one.queue().rounds(one.pass()), two.queue().rounds(two.pass())),
                            LONG))
                    .as("seed " + seed)
                    .isEqualTo("done");
            one.checkAllIsDone();
            two.checkAllIsDone();
        }
    }

    @Test
    void othersThatSubmitEqualSizesAllTheTime_doNotHoldUpADoubtForEver() {
        Simulation simulation = inDoubt(false);
        Instant begun = simulation.now();
        simulation.time.schedulePeriodically(
                () -> stranger(simulation, Duration.ofHours(3)),
                0,
                Duration.ofHours(1).toMillis(),
                TimeUnit.MILLISECONDS);
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(Duration.between(begun, simulation.now())).isLessThan(Duration.ofDays(3));
        assertThat(simulation.answers).hasSize(5);
    }

    @Test
    void strangerWithoutResults_isNotTakenWhileTheRightOneRuns() {
        Simulation simulation = inDoubt(true);
        ModelProvider.Made stranger = stranger(simulation, Duration.ZERO);
        stranger.results = List.of();
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.provider.made.remove(stranger);
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(simulation.answers).hasSize(5);
    }

    @Test
    void batchThatSomebodyCancelled_isFoundAndItsRequestsGoAgain() {
        Simulation simulation = inDoubt(true);
        ModelProvider.Made ours = simulation.provider.made.get(0);
        ours.end = State.CANCELLED;
        ours.endsAt = simulation.now().plusSeconds(60);
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.answers).hasSize(5);
        assertThat(simulation.queue().snapshot().block().totals().again()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void resultsThatAreNotThereForAWhile_areWaitedFor(boolean isThere) {
        Simulation simulation = inDoubt(true);
        ModelProvider.Made stranger = stranger(simulation, Duration.ZERO);
        ModelProvider.Api model = (ModelProvider.Api) simulation.lane().api();
        AtomicInteger missing = new AtomicInteger(8);
        ForwardingApi glitches = new ForwardingApi(model) {

            @Override
            public Flux<BatchResult<String>> results(BatchJob job) {
                boolean isGone = job.id().equals(stranger.id) != isThere;
                return isGone && missing.getAndDecrement() > 0
                        ? Flux.error(ApiException.builder(ErrorKind.NOT_FOUND, "no results")
                                .build())
                        : model.results(job);
            }
        };
        glitches.limits = simulation.limits;
        simulation.queue().serve(new MapLane(glitches, simulation.answers));
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.provider.made.remove(stranger);
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(1);
    }

    @Test
    void listThatFailsWithinItsPages_isReadAgain() {
        Simulation simulation = inDoubt(true);
        ModelProvider.Api model = (ModelProvider.Api) simulation.lane().api();
        AtomicInteger failures = new AtomicInteger(30);
        ForwardingApi broken = new ForwardingApi(model) {

            @Override
            public Flux<BatchJob> jobs(Instant since) {
                boolean fails = failures.getAndDecrement() > 0;
                ErrorKind kind = failures.get() % 2 == 0 ? ErrorKind.SERVER_ERROR : ErrorKind.RATE_LIMITED;
                return fails
                        ? model.jobs(since)
                                .filter(job -> false) // the batch is on a later page
                                .concatWith(Mono.error(ApiException.builder(kind, "page 2")
                                        .retryAfter(Duration.ofMinutes(3))
                                        .build()))
                        : model.jobs(since);
            }
        };
        broken.limits = simulation.limits;
        simulation.queue().serve(new MapLane(broken, simulation.answers));
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(1);
    }

    /** A batch of somebody else, of the same size. */
    private static ModelProvider.Made stranger(Simulation simulation, Duration work) {
        ModelProvider.Made made = new ModelProvider.Made();
        made.id = "theirs_" + simulation.provider.made.size();
        made.lines = Stream.of("a", "b", "c", "d", "e")
                .map(name -> new CustomId(Calls.fingerprint(name), 0, "theirtag", simulation.provider.made.size()) + " "
                        + name)
                .toList();
        made.createdAt = simulation.now();
        made.listedAt = made.createdAt;
        made.endsAt = made.createdAt.plus(work);
        simulation.provider.made.add(made);
        return made;
    }

    /** Of which the answer to its submission was lost. */
    private Simulation inDoubt(boolean isMade) {
        for (int seed = 0; ; seed++) {
            Simulation simulation = simulation(seed, "one");
            simulation.start(0);
            simulation.provider.faults.lostAnswers = 100;
            simulation.run(simulation.queue().round(simulation.pass()), Duration.ofMinutes(1));
            simulation.provider.faults.lostAnswers = 0;
            if (simulation.provider.made.isEmpty() != isMade) {
                return simulation;
            }
        }
    }

    private Simulation simulation(int seed, String name) {
        return new Simulation(root.resolve(name + seed), false, seed, requests(name));
    }

    private static List<String> requests(String name) {
        return new ArrayList<>(
                IntStream.range(0, 5).mapToObj(i -> name + " request " + i).toList());
    }
}
