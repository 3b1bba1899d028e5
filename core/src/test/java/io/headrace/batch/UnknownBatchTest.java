package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchStatus.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** Batches that the provider does not know: another account's, another server's, deleted, or too old. */
class UnknownBatchTest {

    private static final Duration LONG = Duration.ofDays(60);

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void cancelAtAnotherAccount_forgetsNothingAndSaysSo(boolean keepsTags) {
        Simulation simulation = new Simulation(root, keepsTags, 3, requests(7));
        simulation.provider.work = Duration.ofDays(20);
        simulation.start(0);
        round(simulation);
        hideAll(simulation);
        later(simulation, Duration.ofHours(1));

        assertThat(cancel(simulation))
                .contains("batch_", "is not known to the account", "http://scripted", "the key and the base URL");
        assertThat(states(simulation)).containsExactly(State.OUT, State.OUT);
        assertThat(simulation.provider.made).noneMatch(batch -> batch.cancelled);

        simulation.provider.hidden.clear(); // the right key: the cancel is still wanted
        simulation.start(0);
        assertThat(cancel(simulation)).isEqualTo("done");
        assertThat(simulation.provider.made).allMatch(batch -> batch.cancelled);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void runAtAnotherAccount_stopsSubmitsNothingAndLosesNothing(boolean keepsTags) {
        Simulation simulation = started(keepsTags, 7);
        hideAll(simulation);
        simulation.requests.addAll(List.of("new 1", "new 2"));
        later(simulation, Duration.ofHours(3));

        assertThat(round(simulation)).contains("is not known to the account");
        assertThat(rounds(simulation)).contains("is not known to the account");
        assertThat(simulation.provider.made).hasSize(2);
        assertThat(simulation.answers).isEmpty();

        simulation.provider.hidden.clear();
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void oneDeletedBatch_holdsUpNoOther_andGoesAgainWhenItIsSurelyOver() {
        Simulation simulation = started(true, 7);
        simulation.provider.hidden.add(simulation.provider.made.get(0).id);
        simulation.requests.add("new");
        later(simulation, Duration.ofHours(3));

        assertThat(rounds(simulation)).contains("is not known to the account");
        assertThat(simulation.answers).hasSize(2 + 1);
        assertThat(states(simulation)).containsExactly(State.COLLECTED, State.COLLECTED, State.OUT);

        later(simulation, Duration.ofDays(31));
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(8);
        assertThat(simulation.queue().snapshot().block().totals().missing()).isEqualTo(5);
    }

    @Test
    void forgottenBatch_endsItsRequestsWithTheReasonWhereNoOtherMayFollow() {
        Simulation simulation = new Simulation(root, true, 3, requests(3));
        simulation.settings = builder -> builder.maxBatches(1);
        simulation.start(0);
        round(simulation);
        hideAll(simulation);
        later(simulation, Duration.ofDays(31));

        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(simulation.ends.values()).containsOnly("failed timeout");
        Standing.Failed failed = (Standing.Failed) simulation
                .queue()
                .park(simulation.lane(), Calls.of("request 0"))
                .block();
        assertThat(failed.error()).hasMessageContaining("knew the batch, or its results, no longer");
    }

    @Test
    void batchThatHasNotShownUpYet_isAskedAfterByTheNextRound() {
        Simulation simulation = started(true, 3);
        hideAll(simulation);
        later(simulation, Duration.ofMinutes(5));
        assertThat(round(simulation)).contains("is not known to the account");
        assertThat(states(simulation)).containsOnly(State.OUT);

        simulation.provider.hidden.clear();
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void passingMistakeOfAServer_endsNoWait() {
        Simulation simulation = started(true, 7);
        later(simulation, Duration.ofHours(3));
        ModelProvider.Api model = (ModelProvider.Api) simulation.lane().api();
        AtomicInteger mistakes = new AtomicInteger(5);
        simulation
                .queue()
                .serve(new MapLane(
                        new ForwardingApi(model) {

                            @Override
                            public Mono<BatchJob> job(String id) {
                                return mistakes.getAndDecrement() > 0
                                        ? Mono.error(ApiException.builder(ErrorKind.NOT_FOUND, "no such page")
                                                .build())
                                        : model.job(id);
                            }
                        },
                        simulation.answers));
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(mistakes).hasNegativeValue();
    }

    @Test
    void deletedResults_areKeptUntilTheyAreGivenUp() {
        Simulation simulation = started(true, 3);
        simulation.provider.resultsAreDeleted = true;
        later(simulation, Duration.ofHours(3));
        assertThat(round(simulation)).contains("the results of batch", "are not there");
        assertThat(states(simulation)).containsExactly(State.OUT);

        assertThat(cancel(simulation)).isEqualTo("done"); // it has ended: nothing of it runs
        assertThat(states(simulation)).containsExactly(State.COLLECTED);
        simulation.provider.resultsAreDeleted = false;
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(3);
    }

    @Test
    void cancelThatReachesNobody_isAnErrorAndRepeatedByTheNextRound() {
        Simulation simulation = new Simulation(root, true, 3, requests(7));
        simulation.provider.work = Duration.ofDays(20);
        simulation.start(0);
        round(simulation);
        simulation.provider.faults.outages = 100;
        assertThat(cancel(simulation)).contains("transport");
        assertThat(simulation.provider.made).noneMatch(batch -> batch.cancelled);

        simulation.provider.faults.outages = 0;
        simulation.start(0);
        assertThat(round(simulation)).isEqualTo("done");
        assertThat(simulation.provider.made).allMatch(batch -> batch.cancelled);
    }

    private Simulation started(boolean keepsTags, int requests) {
        Simulation simulation = new Simulation(root, keepsTags, 3, requests(requests));
        simulation.start(0);
        assertThat(round(simulation)).isEqualTo("done");
        assertThat(states(simulation)).containsOnly(State.OUT);
        return simulation;
    }

    /** Another process, so much later. */
    private static void later(Simulation simulation, Duration time) {
        simulation.queue().close();
        simulation.time.advanceTimeBy(time);
        simulation.start(0);
    }

    private static void hideAll(Simulation simulation) {
        simulation.provider.made.forEach(batch -> simulation.provider.hidden.add(batch.id));
    }

    private static List<String> requests(int count) {
        return new ArrayList<>(BatchQueueSimulationTest.requests(count));
    }

    private static String round(Simulation simulation) {
        return simulation.run(simulation.queue().round(simulation.pass()), Duration.ofMinutes(1));
    }

    private static String rounds(Simulation simulation) {
        return simulation.run(simulation.queue().rounds(simulation.pass()), LONG);
    }

    private static String cancel(Simulation simulation) {
        return simulation.run(simulation.queue().cancel(), Duration.ofMinutes(1));
    }

    private static List<State> states(Simulation simulation) {
        return simulation.queue().snapshot().block().batches().stream()
                .filter(batch -> batch.requests() > 0)
                .map(BatchStatus::state)
                .toList();
    }
}
