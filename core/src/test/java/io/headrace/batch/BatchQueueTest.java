package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchStatus.State;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class BatchQueueTest {

    private static final Duration LONG = Duration.ofDays(30);

    @TempDir(factory = QuickDirectory.class)
    Path root;

    private int simulations;

    @Test
    void round_submitsAndALaterProcessCollects() {
        Simulation simulation = simulation(true, 7);
        simulation.start(0);
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.ends).isEmpty();
        assertThat(simulation.states()).containsOnly(State.OUT).hasSize(2);
        assertThat(simulation.queue().outstanding()).isEqualTo(Cost.of(BigDecimal.valueOf(7)));

        assertThat(simulation.round()).isEqualTo("done"); // too early
        assertThat(simulation.ends).isEmpty();
        simulation.queue().close();
        simulation.time.advanceTimeBy(Duration.ofHours(3));
        simulation.start(0);
        assertThat(simulation.round()).isEqualTo("done");

        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(2);
        assertThat(simulation.claims).hasSize(7);
        BatchTotals totals = simulation.queue().snapshot().block().totals();
        assertThat(totals.answered()).isEqualTo(7);
        assertThat(totals.cost().usd()).isEqualByComparingTo("0.133"); // 7 answers of 19 characters
    }

    @Test
    void emptyPass_completesEmptyAndAsksForNothing() {
        Simulation simulation = simulation(true, 0);
        simulation.start(0);
        assertThat(simulation.queue().rounds(Mono.empty()).blockOptional()).isEmpty();
        assertThat(simulation.queue().round(Mono.just("x")).block()).isEqualTo("x");
        assertThat(simulation.provider.made).isEmpty();
    }

    @Test
    void errorOfThePass_comesThroughAndNothingIsLost() {
        Simulation simulation = simulation(true, 3);
        simulation.start(0);
        Mono<Integer> pass = simulation.pass().then(Mono.error(new IllegalStateException("stop")));
        assertThat(simulation.run(simulation.queue().rounds(pass), LONG)).contains("stop");
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void permanentErrorOfARequest_isItsEndUntilItIsTriedAgain() {
        Simulation simulation = new Simulation(root, true, 1, List.of("bad one", "good one"));
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(simulation.ends).containsEntry("bad one", "failed invalid-request");

        simulation.start(0); // still so in another process
        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(simulation.ends).containsEntry("bad one", "failed invalid-request");
        assertThat(simulation.provider.made).hasSize(1);

        simulation.queue().retryFailed().block();
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(simulation.provider.made).hasSize(2);
        assertThat(simulation.provider.made.get(1).lines).hasSize(1);
    }

    @Test
    void requestThatNeverGetsItsTurn_failsAfterTheStatedNumberOfBatches() {
        Simulation simulation = new Simulation(root, true, 1, List.of("slow one", "good one"));
        simulation.settings = builder -> builder.maxBatches(2);
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");

        assertThat(simulation.ends).containsEntry("slow one", "failed timeout");
        assertThat(simulation.provider.made).hasSize(2);
        Standing.Failed failed = (Standing.Failed)
                simulation.queue().park(simulation.lane(), Calls.of("slow one")).block();
        assertThat(failed.error()).hasMessageContaining("2 batches").hasMessageContaining("expired");
        assertThat(simulation.queue().outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void linesThatAreDeletedWhileTheirBatchIsOut_areParkedAnew() throws IOException {
        Simulation simulation = new Simulation(root, true, 1, List.of("slow one", "good one"));
        simulation.settings = builder -> builder.maxBatches(2);
        simulation.start(0);
        assertThat(simulation.round()).isEqualTo("done");
        simulation.queue().close();
        Files.delete(simulation.directory().resolve("1.jsonl"));
        simulation.time.advanceTimeBy(Duration.ofHours(30));
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");

        assertThat(simulation.ends).containsEntry("slow one", "failed timeout").containsEntry("good one", "answered");
        simulation.checkAllIsDone();
    }

    @Test
    void requestsThatGoAgain_areOwedWheneverTheProcessDies() {
        boolean wasCollected = false;
        for (int step = 1; !wasCollected; step++) {
            Simulation simulation =
                    new Simulation(root.resolve("dies" + step), true, 1, List.of("slow one", "slow two"));
            simulation.start(0);
            simulation.round();
            simulation.later(Duration.ofHours(3));
            simulation.start(step);
            wasCollected = simulation.round().equals("done");
            simulation.start(0);
            assertThat(simulation.queue().outstanding().usd())
                    .as("step " + step)
                    .isEqualByComparingTo("2");
            simulation.round();
            simulation.checkNothingTwice();
        }
    }

    @Test
    void requestThatNeverGetsItsTurn_goesOnlineWhereThatIsWanted() {
        Simulation simulation = new Simulation(root, true, 1, List.of("slow one", "good one"));
        simulation.settings = builder -> builder.maxBatches(1).leftoversOnline();
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(simulation.ends).containsEntry("slow one", "online").containsEntry("good one", "answered");
        assertThat(simulation.queue().standing(Calls.fingerprint("slow one"), 0).block())
                .isEqualTo(new Standing.Online());
    }

    @Test
    void batchThatTakesTooLong_isCancelledAndItsRestGoesOnline() {
        Simulation simulation = simulation(true, 40);
        simulation.limits = new BatchLimits(40, 1_000_000);
        simulation.provider.work = Duration.ofDays(20);
        simulation.settings = builder -> builder.moveOnlineAfter(Duration.ofHours(6));
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");

        assertThat(simulation.now()).isBefore(Simulation.START.plus(Duration.ofHours(8)));
        assertThat(simulation.ends.values()).contains("online").contains("answered");
        simulation.checkAllIsDone();
    }

    @Test
    void cancel_keepsWhatIsFinishedAndForgetsTheRest() {
        Simulation simulation = simulation(true, 40);
        simulation.provider.work = Duration.ofDays(20);
        simulation.start(0);
        simulation.round();
        assertThat(simulation.run(simulation.queue().cancel(), LONG)).isEqualTo("done");
        assertThat(simulation.provider.made).allMatch(batch -> batch.cancelled);
        simulation.time.advanceTimeBy(Duration.ofHours(1));
        simulation.start(0);
        simulation.queue().round(Mono.just(1)).block();

        QueueSnapshot snapshot = simulation.queue().snapshot().block();
        assertThat(snapshot.isIdle()).isTrue();
        assertThat(snapshot.totals().answered()).isPositive();
        assertThat(snapshot.totals().cancelled()).isPositive();
        assertThat(snapshot.totals().requests()).isEqualTo(40);
        assertThat(snapshot.totals().answered()).isEqualTo(simulation.answers.size());
        assertThat(snapshot.unclaimed()).isEqualTo(simulation.answers.size());

        simulation.provider.work = Duration.ofHours(1);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(37);
    }

    @Test
    void cancelBeforeAnythingIsOut_dropsWhatWaits() {
        Simulation simulation = simulation(true, 7);
        simulation.start(0);
        simulation.pass().block();
        simulation.queue().cancel().block();
        assertThat(simulation.queue().outstanding()).isEqualTo(Cost.ZERO);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(7);
    }

    @Test
    void cancelWhileTheAccountIsAskedFor_submitsNothing() {
        Simulation simulation = simulation(true, 5);
        simulation.start(0);
        simulation
                .queue()
                .serve(new MapLane(
                        new ForwardingApi(simulation.lane().api()) {

                            @Override
                            public Mono<BatchAccount> account() {
                                return Mono.delay(Duration.ofMinutes(1), simulation.time)
                                        .then(super.account());
                            }
                        },
                        simulation.answers));
        Disposable running = simulation.queue().round(simulation.pass()).subscribe();
        assertThat(running.isDisposed()).isFalse();
        simulation.queue().cancel().block();
        simulation.time.advanceTimeBy(Duration.ofMinutes(2));
        assertThat(running.isDisposed()).isTrue();
        assertThat(simulation.provider.made).isEmpty();
        assertThat(simulation.queue().round(Mono.just(1)).block()).isEqualTo(1);
        assertThat(simulation.queue().outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void packThatOneSubscriberSubmits_isLeftAloneByOthers() {
        Simulation simulation = simulation(true, 5);
        simulation.start(0);
        simulation
                .queue()
                .serve(new MapLane(
                        new ForwardingApi(simulation.lane().api()) {

                            @Override
                            public Mono<BatchJob> submit(
                                    String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
                                return Mono.delay(Duration.ofMinutes(1), simulation.time)
                                        .then(super.submit(tag, lines, uploaded));
                            }
                        },
                        simulation.answers));
        for (int i = 0; i < 3; i++) {
            simulation.queue().round(simulation.pass()).subscribe();
        }
        simulation.time.advanceTimeBy(Duration.ofMinutes(5));
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void whatOthersCollectDuringAPass_isReadByAnother() {
        Simulation simulation = simulation(true, 5);
        simulation.provider.work = Duration.ofDays(20);
        simulation.start(0);
        simulation.round();
        Mono<Integer> pass = simulation.pass().delayUntil(done -> {
            simulation.provider.made.forEach(batch -> batch.endsAt = simulation.now());
            return simulation.queue().round(Mono.just(1));
        });
        assertThat(simulation.run(simulation.queue().rounds(pass), LONG)).isEqualTo("done");
        assertThat(simulation.passes).isEqualTo(3);
        simulation.checkAllIsDone();
    }

    @Test
    void cancelOfTheSubscriberAtAnyMoment_losesAndDoublesNothing() {
        for (boolean keepsTags : new boolean[] {true, false}) {
            for (int minutes = 0; minutes < 200; minutes += 7) {
                Simulation simulation =
                        new Simulation(root.resolve(keepsTags + "" + minutes), keepsTags, minutes, requests(9));
                simulation.provider.faults.lateBatches = 40;
                simulation.start(0);
                for (int i = 0; i < 4; i++) {
                    Disposable running =
                            simulation.queue().rounds(simulation.pass()).subscribe(value -> {}, error -> {});
                    simulation.time.advanceTimeBy(Duration.ofSeconds(11L * minutes));
                    running.dispose();
                }
                assertThat(rounds(simulation)).as("minute " + minutes).isEqualTo("done");
                simulation.checkAllIsDone();
            }
        }
    }

    @Test
    void wrongKey_stopsTheWorkAndLosesNothing() {
        Simulation simulation = simulation(true, 3);
        simulation.start(0);
        IdleBatchApi refusing = new IdleBatchApi() {

            @Override
            public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
                return Mono.error(error(ErrorKind.AUTHENTICATION, Delivery.REFUSED));
            }
        };
        simulation.queue().serve(new MapLane(refusing, simulation.answers));
        assertThat(simulation.run(simulation.queue().rounds(simulation.pass()), LONG))
                .contains("authentication");
        assertThat(simulation.states()).containsExactly(State.WAITING);

        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void outageThatOutlastsPatience_stopsTheWorkAndLosesNothing() {
        Simulation simulation = simulation(true, 3);
        simulation.settings = builder -> builder.patience(Duration.ofHours(3));
        simulation.start(0);
        simulation.round();
        simulation.provider.faults.outages = 100;
        assertThat(rounds(simulation)).contains("transport");
        assertThat(simulation.now())
                .isBetween(Simulation.START.plus(Duration.ofHours(3)), Simulation.START.plus(Duration.ofHours(5)));
        assertThat(simulation.states()).containsExactly(State.OUT);

        simulation.provider.faults.outages = 0;
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void polls_growFewer() {
        Simulation simulation = simulation(true, 3);
        simulation.provider.work = Duration.ofHours(240);
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(simulation.provider.polls).isLessThan(240 * 16);
    }

    @Test
    void batchThatGoesOn_isAskedAfterSoonAgain() {
        Simulation simulation = simulation(true, 3);
        simulation.provider.work = Duration.ofHours(240);
        simulation.start(0);
        List<Instant> polls = new ArrayList<>();
        simulation
                .queue()
                .serve(new MapLane(
                        new ForwardingApi(simulation.lane().api()) {

                            @Override
                            public Mono<BatchJob> job(String id) {
                                polls.add(simulation.now());
                                return super.job(id)
                                        .map(job -> polls.size() == 40
                                                ? Simulation.counted(job, new BatchJob.Counts(3, 1, 0))
                                                : job);
                            }
                        },
                        simulation.answers));
        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(Duration.between(polls.get(38), polls.get(39))).isGreaterThan(Duration.ofMinutes(3));
        assertThat(Duration.between(polls.get(39), polls.get(40))).isLessThanOrEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void packTooLargeForTheProvider_isHalved() {
        Simulation simulation = simulation(true, 5);
        simulation.start(0);
        AtomicInteger refused = new AtomicInteger();
        ModelProvider.Api model = (ModelProvider.Api) simulation.lane().api();
        IdleBatchApi small = new ForwardingApi(model) {

            @Override
            public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
                return lines.count().flatMap(count -> {
                    if (count > 2) {
                        refused.incrementAndGet();
                        return Mono.error(ApiException.builder(ErrorKind.INVALID_REQUEST, "too large")
                                .delivery(Delivery.REFUSED)
                                .status(413)
                                .build());
                    }
                    return model.submit(tag, lines, uploaded);
                });
            }
        };
        small.limits = simulation.limits;
        simulation.queue().serve(new MapLane(small, simulation.answers));
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(refused.get()).isBetween(1, 3);
        assertThat(simulation.answers).hasSize(5);
    }

    @Test
    void quotaThatIsNotStated_isLearnedAndKept() {
        Simulation simulation = simulation(true, 23);
        simulation.provider.tokenRoom = 12 * Calls.TOKENS; // two packs of five
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(21);
        long failed = simulation.provider.made.stream()
                .filter(batch -> !batch.worked())
                .count();
        assertThat(failed).isLessThan(12);
    }

    @Test
    void quotaBelowOnePack_splitsIt() {
        Simulation simulation = simulation(true, 10);
        simulation.provider.tokenRoom = 2 * Calls.TOKENS;
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(10);
    }

    @Test
    void statedQuota_isNeverExceeded() {
        Simulation simulation = simulation(true, 23);
        simulation.provider.tokenRoom = 12 * Calls.TOKENS;
        simulation.settings = builder -> builder.enqueuedTokens(12 * Calls.TOKENS);
        simulation.start(0);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(5).allMatch(ModelProvider.Made::worked);
    }

    @Test
    void doubtWithoutTags_isWaitedOut() {
        Simulation simulation = simulation(false, 3);
        simulation.provider.faults.lostAnswers = 100;
        simulation.start(0);
        simulation.round();
        assertThat(simulation.states()).containsExactly(State.IN_DOUBT);
        simulation.provider.faults.lostAnswers = 0;
        simulation.time.advanceTimeBy(Duration.ofMinutes(14));
        int made = simulation.provider.made.size();
        simulation.round();
        assertThat(simulation.provider.made).hasSize(made);
        assertThat(simulation.states()).containsExactly(State.IN_DOUBT);
        assertThat(rounds(simulation)).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void secondStage_fillsWhileTheFirstComesBack() {
        Simulation simulation = simulation(true, 40);
        List<String> second = new ArrayList<>();
        simulation.start(0);
        Mono<Integer> twoStages = simulation
                .pass()
                .flatMap(done -> Flux.fromIterable(simulation.requests)
                        .filter(request -> "answered".equals(simulation.ends.get(request)))
                        .map(request -> "second " + request)
                        .filter(request -> !simulation.answers.containsKey(MapLane.key(Calls.fingerprint(request), 0)))
                        .concatMap(request -> simulation.queue().park(simulation.lane(), Calls.of(request)))
                        .doOnNext(standing -> second.add("parked"))
                        .then(Mono.just(done)));
        assertThat(simulation.run(simulation.queue().rounds(twoStages), LONG)).isEqualTo("done");
        assertThat(simulation.answers).hasSize(2 * 37);
        assertThat(simulation.provider.made).hasSizeLessThan(8 + 8 + 5); // no thousands of tiny ones
        assertThat(second).isNotEmpty();
    }

    @Test
    void troubleWithOneLane_holdsUpNoOther() {
        Simulation simulation = simulation(true, 5);
        simulation.start(0);
        IdleBatchApi broken = new IdleBatchApi() {

            @Override
            public String operation() {
                return "other";
            }

            @Override
            public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
                return Mono.error(error(ErrorKind.AUTHENTICATION, Delivery.REFUSED));
            }
        };
        MapLane other = new MapLane(broken);
        simulation.queue().serve(other);
        simulation.queue().park(other, Calls.of("elsewhere")).block();
        assertThat(simulation.round()).contains("authentication");
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(rounds(simulation)).contains("authentication"); // when all else is done
        assertThat(simulation.answers).hasSize(5);
        assertThat(simulation.ends).hasSize(5);
    }

    @Test
    void answerThatMayNotBeKept_changesNothingOfWhatWasSaidBefore() {
        ApiException refused = error(ErrorKind.INVALID_REQUEST, Delivery.REFUSED);
        assertThat(endAfter(1, id -> List.of(answered(id, "unkeepable"), new BatchResult.Errored<>(id, refused))))
                .isEqualTo("answered"); // by the next batch
        assertThat(endAfter(0, id -> List.of(new BatchResult.Errored<>(id, refused), answered(id, "unkeepable"))))
                .isEqualTo("failed invalid-request");
        assertThat(endAfter(
                        0, id -> List.of(new BatchResult.Errored<>(id, refused), answered(id, "answer of request 0"))))
                .isEqualTo("answered");
        assertThat(endAfter(0, id -> List.of(answered(id, "unkeepable"), answered(id, "answer of request 0"))))
                .isEqualTo("answered");
        assertThat(endAfter(0, id -> List.of(answered(id, "answer of request 0"), answered(id, "unkeepable"))))
                .isEqualTo("answered");
    }

    /** The end of a request whose first batch has these results and is followed by that many others. */
    private String endAfter(int more, Function<String, List<BatchResult<String>>> results) {
        Simulation simulation = new Simulation(root.resolve(Integer.toString(simulations++)), true, 1, requests(1));
        simulation.start(0);
        simulation
                .queue()
                .serve(new MapLane(
                        new ForwardingApi(simulation.lane().api()) {

                            @Override
                            public Flux<BatchResult<String>> results(BatchJob job) {
                                ModelProvider.Made first = simulation.provider.made.get(0);
                                return job.id().equals(first.id)
                                        ? Flux.fromIterable(
                                                results.apply(first.lines.get(0).split(" ")[0]))
                                        : super.results(job);
                            }
                        },
                        simulation.answers));
        assertThat(rounds(simulation)).isEqualTo("done");
        assertThat(simulation.provider.made).hasSize(1 + more);
        QueueSnapshot snapshot = simulation.queue().snapshot().block();
        assertThat(snapshot.isIdle()).isTrue();
        assertThat(snapshot.totals().requests()).isEqualTo(1 + more);
        simulation.queue().close();
        return simulation.ends.get("request 0");
    }

    private static BatchResult<String> answered(String id, String answer) {
        return new BatchResult.Answered<>(id, answer);
    }

    @Test
    void closedQueue_freesItsDirectoryAndRefusesWork() {
        Path directory = root.resolve("closed");
        MapLane lane = new MapLane(new IdleBatchApi());
        BatchQueue queue = BatchQueue.open(directory);
        queue.serve(lane);
        queue.disposeLater().block();
        queue.disposeLater().block();
        queue.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> queue.park(lane, Calls.of("a")).block())
                .withMessageContaining("is closed");
        BatchQueue.open(directory).disposeLater().block();
    }

    private Simulation simulation(boolean keepsTags, int requests) {
        return new Simulation(root, keepsTags, new Random(5).nextInt(), requests(requests));
    }

    private static String rounds(Simulation simulation) {
        return simulation.run(simulation.queue().rounds(simulation.pass()), LONG);
    }

    private static ApiException error(ErrorKind kind, Delivery delivery) {
        return ApiException.builder(kind, "scripted " + kind.label())
                .delivery(delivery)
                .build();
    }
}
