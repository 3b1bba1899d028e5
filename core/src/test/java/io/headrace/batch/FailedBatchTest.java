package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchJob.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Batches that come to nothing as a whole, or are refused: how often, for how long, and what becomes of their requests. */
class FailedBatchTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @Test
    void batchThatFailsForReasonsThatPass_isSubmittedAsOftenAsStated() {
        Simulation simulation = simulation();
        simulation.settings = builder -> builder.maxBatches(2);
        simulation.provider.faults.failedBatches = 100;
        simulation.start(0);

        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.ends.values()).hasSize(4).containsOnly("failed server-error");
        assertThat(simulation.provider.made).hasSize(2);
        simulation.checkAllIsDone();
    }

    @Test
    void batchThatWasTooSlowAndThenFails_isAskedOnline() {
        Simulation simulation = simulation();
        simulation.settings = builder -> builder.moveOnlineAfter(Duration.ofHours(6));
        simulation.provider.work = Duration.ofDays(20);
        simulation.start(0);
        serve(simulation, new ForwardingApi(simulation.lane().api()) {

            @Override
            public Mono<BatchJob> job(String id) {
                return super.job(id).map(job -> job.state() == State.CANCELLED ? failed(job) : job);
            }
        });

        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.ends.values()).hasSize(4).containsOnly("online");
        assertThat(simulation.provider.made).hasSize(1);
    }

    @Test
    void refusalThatNamesAWait_saysNothingOfTheSizeOfABatch() {
        Simulation simulation = simulation();
        simulation.start(0);
        AtomicInteger refusals = new AtomicInteger();
        serve(simulation, new ForwardingApi(simulation.lane().api()) {

            @Override
            public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
                return refusals.incrementAndGet() <= 6
                        ? Mono.error(ApiException.builder(ErrorKind.RATE_LIMITED, "too many requests a minute")
                                .delivery(Delivery.REFUSED)
                                .retryAfter(Duration.ofMinutes(1))
                                .build())
                        : super.submit(tag, lines, uploaded);
            }
        });

        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(simulation.provider.made.get(0).lines).hasSize(4);
        assertThat(refusals).hasValue(7);
        simulation.checkAllIsDone();
    }

    @Test
    void emptyAccount_stopsTheWorkOnlyIfNothingWasAnswered() {
        Simulation stopped = simulation();
        stopped.start(0);
        serveFirst(stopped, (at, id) -> unpaid(id));
        assertThat(stopped.rounds()).contains("quota-exhausted");
        assertThat(stopped.provider.made).hasSize(1);
        assertThat(stopped.rounds()).isEqualTo("done");
        assertThat(stopped.ends.values()).hasSize(4).containsOnly("answered");

        Simulation goesOn = new Simulation(root.resolve("goes on"), true, 1, Simulation.requests(4));
        goesOn.start(0);
        serveFirst(
                goesOn,
                (at, id) ->
                        at < 3 ? new BatchResult.Answered<>(id, "answer of " + goesOn.requests.get(at)) : unpaid(id));
        assertThat(goesOn.rounds()).isEqualTo("done");
        assertThat(goesOn.ends.values()).hasSize(4).containsOnly("answered");
        assertThat(goesOn.provider.made).hasSize(2);
        assertThat(goesOn.provider.made.get(1).lines).hasSize(1);
    }

    @Test
    void emptyAccountInTheLastBatch_isTheEndOfItsRequestsAndNotOfTheWork() {
        Simulation simulation = simulation();
        simulation.settings = builder -> builder.maxBatches(1);
        simulation.start(0);
        serveFirst(simulation, (at, id) -> unpaid(id));
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.ends.values()).hasSize(4).containsOnly("failed quota-exhausted");
    }

    private Simulation simulation() {
        return new Simulation(root.resolve("one"), true, 1, Simulation.requests(4));
    }

    private static void serve(Simulation simulation, ForwardingApi api) {
        simulation.queue().serve(new MapLane(api, simulation.answers));
    }

    /** The lines of the first batch have these results, by their place and id. */
    private static void serveFirst(Simulation simulation, BiFunction<Integer, String, BatchResult<String>> results) {
        serve(simulation, new ForwardingApi(simulation.lane().api()) {

            @Override
            public Flux<BatchResult<String>> results(BatchJob job) {
                ModelProvider.Made first = simulation.provider.made.get(0);
                return job.id().equals(first.id)
                        ? Flux.range(0, first.lines.size())
                                .map(at -> results.apply(at, first.lines.get(at).split(" ")[0]))
                        : super.results(job);
            }
        });
    }

    private static BatchResult<String> unpaid(String id) {
        return new BatchResult.Errored<>(id, error(ErrorKind.QUOTA_EXHAUSTED));
    }

    private static BatchJob failed(BatchJob job) {
        return new BatchJob(
                job.id(),
                job.tag(),
                State.FAILED,
                job.createdAt(),
                null,
                job.counts(),
                error(ErrorKind.SERVER_ERROR),
                Map.of());
    }

    private static ApiException error(ErrorKind kind) {
        return ApiException.builder(kind, "scripted " + kind.label())
                .delivery(Delivery.REFUSED)
                .build();
    }
}
