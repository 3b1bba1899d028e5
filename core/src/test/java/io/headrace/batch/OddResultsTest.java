package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Logged;
import io.headrace.batch.BatchJob.Counts;
import io.headrace.batch.BatchStatus.State;
import io.headrace.cache.CallKey.FieldDigest;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Results that are not what the provider says of them: none, too few, refused, or something else. */
class OddResultsTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    private final List<Instant> readings = new ArrayList<>();
    private UnaryOperator<Flux<BatchResult<String>>> results = all -> all;
    private Predicate<BatchJob> isLost = job -> false;
    private Predicate<String> isToTheRequest = answer -> true;
    private Counts counts = new Counts(5, 5, 0);
    private Simulation simulation;
    private BatchApi<String, String> odd;

    @BeforeEach
    void submit() {
        simulation = new Simulation(root, true, 3, requests(5));
        simulation.start(0);
        simulation.round();
        later();
    }

    /** Another process, when the batch has ended. */
    private void later() {
        simulation.later(Duration.ofHours(3));
        ModelProvider.Api model = (ModelProvider.Api) simulation.lane().api();
        odd = new ForwardingApi(model) {

            @Override
            public Mono<BatchJob> job(String id) {
                return model.job(id).map(OddResultsTest.this::counted);
            }

            @Override
            public boolean answers(long count, String answer) {
                return count == 1 && isToTheRequest.test(answer);
            }

            @Override
            public Flux<BatchResult<String>> results(BatchJob job) {
                return Flux.defer(() -> {
                    readings.add(simulation.now());
                    return isLost.test(job) ? Flux.empty() : results.apply(model.results(job));
                });
            }
        };
        simulation.queue().serve(new MapLane(odd, simulation.answers));
    }

    private BatchJob counted(BatchJob job) {
        return job.state().isEnd() ? Simulation.counted(job, counts) : job;
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 0})
    void completedBatchWithoutResults_isKeptAndToldOf_andNotPaidAgain(long answered) {
        counts = new Counts(5, answered, 0);
        results = all -> Flux.empty();
        assertThat(simulation.rounds())
                .contains("the results of batch batch_", "are not there", "give it up by a cancel", "another directory")
                .contains("nothing of its 5 requests is in it");
        assertThat(simulation.states()).containsExactly(State.OUT);
        assertThat(simulation.provider.made).hasSize(1);

        results = all -> all; // they show up after all
        later();
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(1);
    }

    @Test
    void waitForResultsThatAreNotThere_isToldOnceWhenItBegins_andIsBounded() {
        results = all -> Flux.empty();
        Instant begun = simulation.now();
        List<String> outcomes = new ArrayList<>();
        String logged = Logged.by(() -> outcomes.add(simulation.rounds()));
        assertThat(outcomes).singleElement().asString().contains("are not there");
        assertThat(logged.lines().filter(line -> line.contains("are not there")))
                .singleElement()
                .asString()
                .contains("WARN", "the results of batch batch_", "it was submitted at", "give it up by a cancel")
                .endsWith("; it is asked after again until " + begun.plus(Duration.ofMinutes(15)));
        assertThat(readings).hasSizeGreaterThan(2);
        assertThat(simulation.now()).isBefore(begun.plus(Duration.ofHours(2)));
    }

    @Test
    void oneRound_waitsForNoResults_andTellsOfNoWait() {
        results = all -> Flux.empty();
        List<String> outcomes = new ArrayList<>();
        assertThat(Logged.by(() -> outcomes.add(simulation.round()))).doesNotContain("again until");
        assertThat(outcomes).singleElement().asString().contains("are not there");
    }

    @Test
    void batchOfWhichNothingMoreComes_keepsNoOthersWaiting_andIsToldOfAtTheEnd() {
        Duration fillTime = Duration.ofDays(20);
        simulation.settings = builder -> builder.fillTime(fillTime);
        later();
        counts = Counts.NONE;
        String lost = simulation.provider.made.get(0).id;
        isLost = job -> job.id().equals(lost);
        simulation.requests.add("another request");
        Instant begun = simulation.now();

        assertThat(simulation.rounds()).contains("are not there");
        assertThat(simulation.answers.values()).containsExactly("answer of another request");
        assertThat(simulation.provider.made.get(1).createdAt).isBefore(begun.plus(fillTime.dividedBy(2)));
    }

    @Test
    void pageInThePlaceOfResults_isNotTakenForThem() {
        counts = Counts.NONE;
        results = all -> Flux.just(
                new BatchResult.Unreadable<>(null, "line 1 is no JSON"),
                new BatchResult.Answered<>("", "nobody"),
                new BatchResult.Unreadable<>(null, "line 2 is no JSON"));
        assertThat(simulation.round()).contains("are not there");
        assertThat(simulation.states()).containsExactly(State.OUT);

        assertThat(simulation.cancel()).isEqualTo("done"); // of no use to anybody: it is given up
        assertThat(simulation.states()).containsExactly(State.COLLECTED);
    }

    @Test
    void batchWhoseEveryRequestFailed_needsNoResults() {
        counts = new Counts(5, 0, 5);
        results = all -> Flux.empty();
        simulation.settings = builder -> builder.maxBatches(1);
        later();
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.ends.values()).containsOnly("failed timeout");
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(simulation.queue().wasted()).isEqualTo(Cost.ZERO);
    }

    @Test
    void resultsThatBreakOffWithoutAnError_areReadAgainAtOnce() {
        results = all -> all.take(readings.size() < 3 ? 2L : 5L);
        assertThat(simulation.round()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(readings).hasSize(3);
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(simulation.queue().snapshot().block().totals().missing()).isZero();
    }

    @Test
    void lineThatIsCut_isReadAgainAtOnce() {
        results = all -> readings.size() > 1
                ? all
                : all.index((at, line) -> at < 4 ? line : new BatchResult.Unreadable<>(line.customId(), "it is cut"));
        assertThat(simulation.round()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(simulation.queue().wasted()).isEqualTo(Cost.ZERO);
    }

    @Test
    void answersThatWereBeingStoredWhenTheConnectionBroke_areStoredFromTheNextReading() {
        results = all -> readings.size() > 1
                ? all
                : all.concatWith(Flux.error(ApiException.builder(ErrorKind.TRANSPORT, "cut off")
                        .delivery(Delivery.UNKNOWN)
                        .build()));
        simulation.queue().serve(new MapLane(odd, simulation.answers) {

            @Override
            public Mono<Boolean> keep(
                    Fingerprint fingerprint, int sample, String answer, String namespace, List<FieldDigest> fields) {
                return readings.size() > 1 ? super.keep(fingerprint, sample, answer, namespace, fields) : Mono.never();
            }
        });
        assertThat(simulation.round()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(readings).hasSize(2);
        assertThat(simulation.provider.made).hasSize(1);
        assertThat(simulation.queue().wasted()).isEqualTo(Cost.ZERO);
    }

    @Test
    void resultsThatComeInTwoReadings_areNotShort() {
        results = all -> readings.size() == 1 ? all.take(3) : all.skip(3);
        List<String> outcomes = new ArrayList<>();
        assertThat(Logged.by(() -> outcomes.add(simulation.round()))).doesNotContain("came short");
        assertThat(outcomes).containsExactly("done");
        simulation.checkAllIsDone();
        assertThat(readings).hasSize(2);
        assertThat(simulation.provider.made).hasSize(1);
    }

    @Test
    void answerThatIsNoneToItsRequest_isNotKept_andTheRequestGoesAgain() {
        Set<String> turnedDown = new HashSet<>();
        isToTheRequest = answer -> turnedDown.size() == 2 || !turnedDown.add(answer);
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.answers)
                .hasSize(3)
                .doesNotContainValue(turnedDown.iterator().next());
        counts = Counts.NONE;
        assertTwoGoAgain();
    }

    @Test
    void answersThatAreNeverOnesToTheirRequests_failAndSayWhy() {
        isToTheRequest = answer -> false;
        simulation.settings = builder -> builder.maxBatches(1);
        later();
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.ends.values()).containsOnly("failed malformed-response");
        assertThat(simulation.answers).isEmpty();
    }

    @Test
    void resultsThatStayShort_areToldOfAndGoAgain() {
        results = all -> all.take(3);
        List<String> outcomes = new ArrayList<>();
        String logged = Logged.by(() -> outcomes.add(simulation.round()));
        assertThat(outcomes).containsExactly("done");
        assertThat(readings).hasSize(3);
        assertThat(simulation.queue().snapshot().block().totals().missing()).isEqualTo(2);
        assertThat(logged)
                .contains(
                        "came short: by its provider 5 of its 5 requests were answered and 0 failed, and results of 3");
        assertPaidInVain(2); // answered, says the provider
        counts = Counts.NONE;
        results = all -> all;
        assertTwoGoAgain();
    }

    @Test
    void resultsOfACompletedBatchThatNobodyCounts_mayBePaid() {
        counts = Counts.NONE;
        results = all -> all.take(4);
        assertThat(simulation.round()).isEqualTo("done");
        assertPaidInVain(1);
    }

    @Test
    void resultsOfACompletedBatchThatNobodyCounts_mayBePaid_alsoWhereNoAnswerCame() {
        counts = Counts.NONE;
        ApiException refused = ApiException.builder(ErrorKind.INVALID_REQUEST, "no")
                .delivery(Delivery.REFUSED)
                .build();
        results = all -> all.take(1).map(line -> new BatchResult.Errored<>(line.customId(), refused));
        assertThat(simulation.round()).isEqualTo("done");
        assertPaidInVain(4);
    }

    @Test
    void requestsThatTheProviderDoesNotCount_areFree() {
        counts = new Counts(5, 4, 0);
        results = all -> all.take(4);
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.queue().snapshot().block().totals().missing()).isEqualTo(1);
        assertPaidInVain(0);
    }

    @Test
    void lineThatStaysCut_mayBePaid() {
        results = all ->
                all.index((at, line) -> at < 3 ? line : new BatchResult.Unreadable<>(line.customId(), "it is cut"));
        assertThat(simulation.round()).isEqualTo("done");
        assertPaidInVain(2);
    }

    @ParameterizedTest
    @EnumSource(
            value = Delivery.class,
            names = {"REFUSED", "UNKNOWN", "ANSWERED"})
    void errorOfARequest_isPaidIfItWasWorkedOn_alsoIfItIsItsEnd(Delivery delivery) {
        counts = new Counts(5, 3, 2);
        ErrorKind[] kinds = {ErrorKind.MALFORMED_RESPONSE, ErrorKind.REFUSED};
        results = all -> all.index((at, line) -> at >= kinds.length
                ? line
                : new BatchResult.Errored<>(
                        line.customId(),
                        ApiException.builder(kinds[at.intValue()], "no answer")
                                .delivery(delivery)
                                .build()));
        assertThat(simulation.round()).isEqualTo("done");
        assertThat(simulation.ends.values()).contains("failed refused").hasSize(4);
        assertThat(simulation.provider.made).hasSize(2);
        assertPaidInVain(delivery == Delivery.REFUSED ? 0 : 2);
    }

    @Test
    void whatMayBePaid_goesAgainOnlyIfItIsAskedForAnew_whatIsFreeByItself() {
        counts = Counts.NONE;
        results = all -> all.index((at, line) -> switch (at.intValue()) {
            case 0 -> new BatchResult.Expired<>(line.customId());
            case 1 -> new BatchResult.Unreadable<>(line.customId(), "it is cut");
            default -> line;
        });
        assertThat(simulation.run(simulation.queue().round(Mono.just(1)), Duration.ofMinutes(1)))
                .isEqualTo("done");
        assertThat(simulation.queue().outstanding().usd()).isEqualByComparingTo("1.057"); // one goes again, three came
        assertThat(simulation.provider.made.get(1).lines).hasSize(1);

        results = all -> all;
        later();
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSize(3);
        assertPaidInVain(1);
    }

    private void assertTwoGoAgain() {
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made)
                .extracting(batch -> batch.lines.size())
                .containsExactly(5, 2);
    }

    /** A dollar at most for each, also for a later process. */
    private void assertPaidInVain(int requests) {
        for (int process = 0; process < 2; process++) {
            assertThat(simulation.queue().wasted().usd()).isEqualByComparingTo(BigDecimal.valueOf(requests));
            later();
        }
    }

    @Test
    void batchThatSomebodyElseCancelled_isToldOf_andWhatIsLeftGoesAgain() {
        simulation.requests.addAll(List.of("new 1", "new 2"));
        simulation.round();
        ModelProvider.Made made = simulation.provider.made.get(1);
        made.end = BatchJob.State.CANCELLED;
        counts = Counts.NONE;
        List<String> outcomes = new ArrayList<>();
        String logged = Logged.by(() -> outcomes.add(simulation.rounds()));
        assertThat(outcomes).containsExactly("done");
        simulation.checkAllIsDone();
        assertThat(logged).contains("WARN", "batch " + made.id, "was cancelled by somebody else");
    }

    @Test
    void refusedDownload_isNotAskedForAgainBeforeItsTime() {
        Duration wait = Duration.ofMinutes(40);
        results = all -> readings.size() > 1
                ? all
                : Flux.error(ApiException.builder(ErrorKind.RATE_LIMITED, "later")
                        .delivery(Delivery.REFUSED)
                        .retryAfter(wait)
                        .build());
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(readings).hasSize(2);
        assertThat(Duration.between(readings.get(0), readings.get(1))).isGreaterThanOrEqualTo(wait);
    }

    @Test
    void batchThatNeverEnds_isToldOfOnce() {
        simulation.provider.work = Duration.ofDays(4_000);
        simulation.requests.add("long");
        simulation.round();
        List<String> outcomes = new ArrayList<>();
        String logged = Logged.by(() -> outcomes.add(simulation.rounds()));
        assertThat(outcomes).containsExactly("hangs");
        assertThat(logged.lines().filter(line -> line.contains("should have ended by")))
                .singleElement()
                .asString()
                .contains("WARN", "give it up by a cancel");
    }

    @Test
    void submissionWhoseTagIsLost_isFoundByItsUpload() {
        simulation.provider.losesTags = true;
        simulation.provider.faults.lostAnswers = 100;
        simulation.requests.addAll(List.of("new 1", "new 2"));
        for (int i = 0; i < 6; i++) {
            simulation.round();
        }
        simulation.provider.faults.lostAnswers = 0;
        counts = Counts.NONE;
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.provider.made).hasSizeGreaterThan(1).allMatch(ModelProvider.Made::worked);
    }
}
