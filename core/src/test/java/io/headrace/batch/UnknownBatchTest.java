package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchStatus.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** Batches that the provider does not know: another account's, another server's, deleted, or too old. */
class UnknownBatchTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void cancelAtAnotherAccount_forgetsNothingAndSaysSo(boolean keepsTags) {
        Simulation simulation = new Simulation(root, keepsTags, 3, requests(7));
        simulation.provider.work = Duration.ofDays(20);
        simulation.start(0);
        simulation.round();
        simulation.hideAll();
        simulation.later(Duration.ofHours(1));

        assertThat(simulation.cancel())
                .contains("batch_", "is not known to the account", "http://scripted", "the key and the base URL");
        assertThat(simulation.states()).containsExactly(State.OUT, State.OUT);
        assertThat(simulation.provider.made).noneMatch(batch -> batch.cancelled);

        simulation.provider.hidden.clear(); // the right key: the cancel is still wanted
        simulation.start(0);
        assertThat(simulation.cancel()).isEqualTo("done");
        assertThat(simulation.provider.made).allMatch(batch -> batch.cancelled);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void runAtAnotherAccount_stopsSubmitsNothingAndLosesNothing(boolean keepsTags) {
        Simulation simulation = started(keepsTags, 7);
        simulation.hideAll();
        simulation.requests.addAll(List.of("new 1", "new 2"));
        simulation.later(Duration.ofHours(3));

        assertThat(simulation.round()).contains("is not known to the account");
        assertThat(simulation.rounds()).contains("is not known to the account");
        assertThat(simulation.provider.made).hasSize(2);
        assertThat(simulation.answers).isEmpty();

        simulation.provider.hidden.clear();
        simulation.start(0);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void oneDeletedBatch_holdsUpNoOther_andGoesAgainWhenItIsSurelyOver() {
        Simulation simulation = started(true, 7);
        simulation.provider.hidden.add(simulation.provider.made.get(0).id);
        simulation.requests.add("new");
        simulation.later(Duration.ofHours(3));

        assertThat(simulation.rounds()).contains("is not known to the account");
        assertThat(simulation.answers).hasSize(2 + 1);
        assertThat(simulation.states()).containsExactly(State.COLLECTED, State.COLLECTED, State.OUT);

        simulation.later(Duration.ofDays(31));
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(8);
        assertThat(simulation.queue().snapshot().block().totals().missing()).isEqualTo(5);
    }

    @Test
    void forgottenBatch_endsItsRequestsWithTheReasonWhereNoOtherMayFollow() {
        Simulation simulation = new Simulation(root, true, 3, requests(3));
        simulation.settings = builder -> builder.maxBatches(1);
        simulation.start(0);
        simulation.round();
        simulation.hideAll();
        simulation.later(Duration.ofDays(31));

        assertThat(simulation.rounds()).isEqualTo("done");
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
        simulation.hideAll();
        simulation.later(Duration.ofMinutes(5));
        assertThat(simulation.round()).contains("is not known to the account");
        assertThat(simulation.states()).containsOnly(State.OUT);

        simulation.provider.hidden.clear();
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void passingMistakeOfAServer_endsNoWait() {
        Simulation simulation = started(true, 7);
        simulation.later(Duration.ofHours(3));
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
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(mistakes).hasNegativeValue();
    }

    @Test
    void deletedResults_areKeptUntilTheyAreGivenUp() {
        Simulation simulation = started(true, 3);
        simulation.provider.resultsAreDeleted = true;
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.round()).contains("the results of batch", "are not there");
        assertThat(simulation.states()).containsExactly(State.OUT);

        assertThat(simulation.cancel()).isEqualTo("done"); // it has ended: nothing of it runs
        assertThat(simulation.states()).containsExactly(State.COLLECTED);
        simulation.provider.resultsAreDeleted = false;
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(3);
    }

    @Test
    void cancelThatReachesNobody_isAnErrorAndRepeatedByTheNextRound() {
        Simulation simulation = new Simulation(root, true, 3, requests(7));
        simulation.provider.work = Duration.ofDays(20);
        simulation.start(0);
        simulation.round();
        simulation.provider.faults.outages = 100;
        assertThat(simulation.cancel()).contains("transport");
        assertThat(simulation.provider.made).noneMatch(batch -> batch.cancelled);

        simulation.provider.faults.outages = 0;
        simulation.start(0);
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.provider.made).allMatch(batch -> batch.cancelled);
    }

    private Simulation started(boolean keepsTags, int requests) {
        Simulation simulation = new Simulation(root, keepsTags, 3, requests(requests));
        simulation.start(0);
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.states()).containsOnly(State.OUT);
        return simulation;
    }
}
