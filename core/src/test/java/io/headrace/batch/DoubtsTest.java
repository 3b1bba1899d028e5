package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchStatus.State;
import io.headrace.batch.ModelProvider.Made;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Submissions of which nobody knows what became: of moments that chance hardly ever finds. */
class DoubtsTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @Test
    void deathWhileAnUploadIsRevoked_failsNoRequestOfTheBatchThatIsLeftWithoutIt() {
        boolean isOver = false;
        for (int step = 1; !isOver; step++) {
            Simulation simulation = inDoubt(root.resolve("step" + step), true);
            made(simulation).listedAt = simulation.now().plus(Duration.ofMinutes(10));
            simulation.start(step);
            isOver = simulation.round().equals("done");
            simulation.time.advanceTimeBy(Duration.ofHours(1));

            simulation.start(0);
            assertThat(simulation.rounds()).as("step " + step).isEqualTo("done");
            assertThat(simulation.ends.values()).as("step " + step).hasSize(3).containsOnly("answered");
            simulation.checkAllIsDone();
        }
    }

    @Test
    void batchThatShowsWhileItsUploadIsRevoked_isAdopted() {
        Simulation simulation = inDoubt(root, true);
        made(simulation).endsAt = simulation.now();
        made(simulation).listedAt = simulation.now().plus(Duration.ofDays(1));
        simulation.later(Duration.ofMinutes(1));
        serve(simulation, new ForwardingApi(simulation.lane().api()) {

            @Override
            public Mono<Void> revoke(String upload) {
                made(simulation).listedAt = simulation.now();
                return super.revoke(upload);
            }
        });
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(1);
    }

    @Test
    void batchWhoseResultsNameNobody_isAdoptedWhenNoOtherMayShow_ratherThanSubmittedTwice() {
        Simulation simulation = inDoubt(root, false);
        made(simulation).endsAt = simulation.now();
        for (int i = 0; i < 3; i++) {
            simulation.later(Duration.ofMinutes(20));
            serve(simulation, new ForwardingApi(simulation.lane().api()) {

                @Override
                public Flux<BatchResult<String>> results(BatchJob job) {
                    return Flux.just(new BatchResult.Unreadable<>(null, "no JSON"));
                }
            });
            simulation.round();
        }
        assertThat(simulation.states()).containsExactly(State.OUT);
        assertThat(simulation.provider.made).hasSize(1);
    }

    @Test
    void batchThatShowsWhenAllIsGivenUp_isCancelledAtOnce() {
        Simulation simulation = inDoubt(root, true);
        assertThat(simulation.cancel()).isEqualTo("done");
        assertThat(made(simulation).cancelled).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void submissionsThatAlwaysEndInDoubt_areGivenUpWhenPatienceIsOver(boolean keepsTags) {
        Simulation simulation = new Simulation(root, keepsTags, 1, requests(3));
        simulation.settings = builder -> builder.patience(Duration.ofHours(3));
        simulation.start(0);
        serve(simulation, new ForwardingApi(simulation.lane().api()) {

            @Override
            public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
                return (keepsTags ? uploaded.apply("file") : Mono.<Void>empty())
                        .then(Mono.error(ApiException.builder(ErrorKind.TRANSPORT, "cut off")
                                .delivery(Delivery.UNKNOWN)
                                .build()));
            }
        });
        assertThat(simulation.rounds()).contains("cut off");
        assertThat(simulation.now())
                .isBetween(Simulation.START.plus(Duration.ofHours(3)), Simulation.START.plus(Duration.ofHours(5)));
    }

    /** The only batch was made, and its answer got lost. */
    private static Simulation inDoubt(Path root, boolean keepsTags) {
        Simulation simulation = new Simulation(root, keepsTags, 1, requests(3));
        simulation.provider.faults.lateBatches = 100;
        simulation.start(0);
        simulation.round();
        simulation.provider.faults.lateBatches = 0;
        made(simulation).createdAt = simulation.now();
        made(simulation).listedAt = simulation.now();
        return simulation;
    }

    private static Made made(Simulation simulation) {
        return simulation.provider.made.get(0);
    }

    private static void serve(Simulation simulation, BatchApi<String, String> api) {
        simulation.queue().serve(new MapLane(api, simulation.answers));
    }
}
