package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.admission.Budget;
import io.headrace.batch.BatchStatus.State;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** Caps that are new, or lowered, when calls are parked already; each may cost a dollar, and costs two cents. */
class CapsTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    private Simulation simulation;

    /** Seven calls are parked by a process that is gone. */
    @BeforeEach
    void park() {
        simulation = new Simulation(root, true, 1, requests(7));
        simulation.start(0);
        assertThat(simulation.run(simulation.pass(), Duration.ofMinutes(1))).isEqualTo("done");
        simulation.later(Duration.ZERO);
    }

    private void cap(String usd) {
        simulation.budget = Budget.ofUsd(new BigDecimal(usd));
        simulation.budget.charge(simulation.spent, 0);
    }

    private long submitted() {
        return simulation.provider.made.stream()
                .mapToLong(batch -> batch.lines.size())
                .sum();
    }

    private long waiting() {
        return simulation.queue().snapshot().block().waiting();
    }

    @Test
    void newCap_holdsBackWhatWasParked_andAHigherOneLetsItGo() {
        cap("0.99");
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.rounds()).as("nothing to wait for").isEqualTo("done");
        assertThat(submitted()).isZero();
        assertThat(waiting()).isEqualTo(7);

        simulation.later(Duration.ofDays(1));
        cap("7");
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.claims).hasSize(7);
    }

    @Test
    void capWithRoomForAPart_isUsed_andWhatBatchesGiveBackToo() {
        cap("3.20");
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(submitted()).isEqualTo(3);
        assertThat(simulation.round()).as("the same again").isEqualTo("done");
        assertThat(submitted()).isEqualTo(3);

        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.claims).hasSize(7);
        assertThat(simulation.provider.made)
                .extracting(batch -> batch.lines.size())
                .containsExactly(2, 1, 3, 1);
    }

    @Test
    void packForWhichThereIsRoom_goesBesideOneForWhichThereIsNone() {
        simulation.limits = new BatchLimits(5, 1_000_000);
        cap("6.50"); // packs of five and two
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.states()).containsExactly(State.COLLECTED, State.OUT, State.OUT, State.FILLING);
        assertThat(submitted()).isEqualTo(6);
    }

    @Test
    void capThatIsLoweredMeanwhile_holdsBackToo() {
        cap("7");
        Mono<Integer> pass = simulation.pass().doOnNext(ended -> simulation.budget.capUsd(BigDecimal.ONE));
        assertThat(simulation.run(simulation.queue().round(pass), Duration.ofMinutes(1)))
                .isEqualTo("done");
        assertThat(submitted()).isEqualTo(1);
    }

    @Test
    void whatIsSpentElsewhereWhileAPackIsAboutToGo_isSeen() {
        cap("7");
        simulation.provider.whenAsked = () -> simulation.budget.charge(BigDecimal.valueOf(3), 0);
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(submitted())
                .as("four dollars are left for five, one for two")
                .isZero();
    }

    @Test
    void whatIsHeldBack_isToldOfWhileTheRoundGoesOn() {
        cap("3.20");
        Mono<HeldBack> pass = simulation.pass().then(simulation.queue().heldBack());
        HeldBack held = simulation.queue().round(pass).block();

        assertThat(held)
                .isEqualTo(new HeldBack(
                        4, Cost.of(BigDecimal.valueOf(4)), new BigDecimal("3.20"), new BigDecimal("0.20")));
        assertThat(held.message())
                .isEqualTo(
                        "4 requests are not submitted, which may cost 4 USD: the cap of 3.2 USD leaves 0.2 USD beside"
                                + " what is spent, reserved and out; raise the cap to submit them, or give them up by a cancel");
        assertThat(simulation.queue().heldBack().blockOptional())
                .as("no cap is in force")
                .isEmpty();
    }

    @Test
    void eachOfSeveralBudgets_holdsBack_asLongAsItsRoundGoesOn() {
        Budget low = Budget.ofUsd(new BigDecimal("2"));
        Budget lower = Budget.ofUsd(new BigDecimal("1"));
        BatchQueue queue = simulation.queue();
        Mono<Integer> pass = queue.round(Mono.just(1)).contextWrite(lower::into); // within the other one
        assertThat(queue.round(pass).contextWrite(low::into).block()).isEqualTo(1);
        assertThat(simulation.provider.made)
                .extracting(batch -> batch.lines.size())
                .containsExactly(1);

        queue.round(Mono.just(1)).contextWrite(low::into).block();
        assertThat(submitted()).as("one is out, of two").isEqualTo(1);
        queue.round(Mono.just(1)).block();
        assertThat(submitted()).as("no cap is in force").isEqualTo(7);
    }

    @Test
    void budgetOfACallOutsideAnyRound_holdsForTheNextOne() {
        cap("1");
        assertThat(simulation.run(simulation.pass(), Duration.ofMinutes(1))).isEqualTo("done");
        BatchQueue queue = simulation.queue();
        assertThat(queue.round(Mono.just(1)).block()).isEqualTo(1);
        assertThat(submitted()).isEqualTo(1);
        queue.round(Mono.just(1)).block();
        assertThat(submitted()).isEqualTo(7);
    }

    @Test
    void whatIsHeldBack_isGivenUpByACancel() {
        cap("0.50");
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.cancel()).isEqualTo("done");
        assertThat(submitted()).isZero();
        assertThat(simulation.queue().snapshot().block().isIdle()).isTrue();
        assertThat(simulation.queue().outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void callWithoutAPrice_isHeldBackByAnyCap() {
        simulation
                .queue()
                .park(simulation.lane(), Calls.of("unpriced", 0, Cost.UNKNOWN))
                .block();
        cap("100");
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(submitted())
                .as("a pack of five, of the others one has no price")
                .isEqualTo(5);
        assertThat(waiting()).isEqualTo(3);
    }

    @Test
    void deathAtEveryStepOfACut_losesAndDoublesNothing() {
        List<String> all = requests(7);
        for (long step = 1; ; step++) {
            Simulation killed = new Simulation(root.resolve("k" + step), true, step, all);
            killed.start(0);
            killed.run(killed.pass(), Duration.ofMinutes(1));
            killed.start(step);
            killed.budget = Budget.ofUsd(new BigDecimal("2.50"));
            boolean died = killed.round().equals("dead");
            assertThat(killed.provider.made.stream()
                            .mapToLong(batch -> batch.lines.size())
                            .sum())
                    .isLessThanOrEqualTo(2);
            killed.start(0);
            killed.budget = Budget.ofUsd(new BigDecimal("2.50"));
            assertThat(killed.rounds()).as("step " + step).isEqualTo("done");
            killed.checkAllIsDone();
            if (!died) {
                assertThat(step).isGreaterThan(30);
                return;
            }
        }
    }
}
