package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.batch.BatchQueue.Claim;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** In whose account an answer stands that a batch brought, and what becomes of one that the cache has lost. */
class BatchClaimsTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    /** The only request was answered by a batch, and its answer is in the cache. */
    private Simulation collected() {
        Simulation simulation = simulation(1);
        simulation.start(0);
        simulation.round();
        simulation.time.advanceTimeBy(Duration.ofHours(3));
        simulation.queue().round(Mono.just(1)).block();
        return simulation;
    }

    @Test
    void answerThatTheCacheLost_isBoughtAnewOnlyWhenItIsMissedTwice() {
        Simulation simulation = collected();
        simulation.answers.clear();
        simulation.pass().block(); // may have asked just before it came
        assertThat(simulation.queue().snapshot().block().waiting()).isZero();
        simulation.pass().block();
        assertThat(simulation.queue().snapshot().block().waiting()).isEqualTo(1);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.queue().wasted().usd()).isEqualByComparingTo("0.019");
        simulation.start(0);
        assertThat(simulation.queue().wasted().usd()).isEqualByComparingTo("0.019");
    }

    @Test
    void claim_isToldOnceAlsoAfterAKill() {
        Simulation simulation = collected();
        assertThat(simulation.queue().outstanding().usd()).isEqualByComparingTo("0.019");

        simulation.start(0);
        assertThat(simulation.queue().outstanding().usd()).isEqualByComparingTo("0.019");
        assertThat(claim(simulation, "a")).isEqualTo(Claim.NEW);
        assertThat(claim(simulation, "a")).isEqualTo(Claim.OWN);
        simulation.start(0);
        assertThat(claim(simulation, "a")).isEqualTo(Claim.OWN);
        assertThat(claim(simulation, "b")).isEqualTo(Claim.NONE);
        assertThat(claim(simulation, "")).isEqualTo(Claim.NONE);
        assertThat(simulation.queue().outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void claim_isNobodysOwnAfterANewBeginning_orWhenTheAnswerWasLost() {
        Simulation simulation = simulation(2);
        simulation.start(0);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.start(0);
        assertThat(claim(simulation, "request 0")).isEqualTo(Claim.OWN);
        simulation.queue().retryFailed().block();
        assertThat(claim(simulation, "request 0")).isEqualTo(Claim.NONE);
        simulation.start(0);
        assertThat(claim(simulation, "request 0")).isEqualTo(Claim.NONE);

        simulation.answers.clear();
        simulation.claims.clear();
        assertThat(simulation.rounds()).isEqualTo("done"); // bought and claimed anew
        simulation.checkAllIsDone();
        assertThat(claim(simulation, "request 0")).isEqualTo(Claim.OWN);
    }

    private static Claim claim(Simulation simulation, String by) {
        return simulation.queue().claim(Calls.fingerprint("request 0"), 0, by);
    }

    private Simulation simulation(int requests) {
        return new Simulation(root, true, 5, requests(requests));
    }
}
