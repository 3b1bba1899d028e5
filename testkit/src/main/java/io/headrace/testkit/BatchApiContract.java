package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchAccount;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchJob.State;
import io.headrace.batch.BatchResult;
import io.headrace.testkit.SimulatedBatches.Fate;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/**
 * What every {@link BatchApi} promises, held against a {@link SimulatedProvider}. Extend it in the tests of a provider.
 *
 * <p>Not thread-safe, as JUnit uses it.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
@SuppressWarnings("NullAway") // the provider is made before each test, and what is null fails it
public abstract class BatchApiContract<Q, R> {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Instant START = Instant.parse("2026-11-22T12:00:00Z");
    private static final String KEY = "sk-contract-0123456789";

    private final HandClock clock = new HandClock(START);

    /** The provider that is asked. */
    protected SimulatedProvider provider;

    private BatchApi<Q, R> api;

    /** A client of {@code provider}, closed by {@link #disconnect}. */
    protected abstract BatchApi<Q, R> connect(SimulatedProvider provider, String key);

    /** Closes what {@link #connect} opened. */
    protected abstract void disconnect();

    /** A request whose answer depends on {@code text}. */
    protected abstract Q request(String text);

    /** A request that the provider refuses as wrong. */
    protected abstract Q badRequest();

    /** The answer of an online call, from the client that was connected last. */
    protected abstract Mono<R> online(Q request);

    /** What two answers to one request have in common. */
    protected abstract Object content(R answer);

    /** The path at which a batch is asked for. */
    protected abstract String path();

    /** Whether the requests are uploaded by themselves, with a tag on the batch. */
    protected abstract boolean uploadsFiles();

    @BeforeEach
    void start() {
        provider = SimulatedProvider.builder().keys(KEY).clock(clock).start();
        api = connect(provider, KEY);
    }

    @AfterEach
    void stop() {
        disconnect();
        provider.close();
    }

    @Test
    void answers_areThoseOfOnlineCalls() {
        BatchJob job = ended(submit(20));
        assertThat(job.state()).isEqualTo(State.COMPLETED);
        assertThat(job.counts()).isEqualTo(new BatchJob.Counts(20, 20, 0));

        Map<String, BatchResult<R>> results = byId(results(job));

        assertThat(results).hasSize(20);
        results.forEach((id, result) -> {
            R answer = ((BatchResult.Answered<R>) result).answer();
            R online = online(request(text(id))).block(SOON);
            assertThat(online).isNotNull();
            assertThat(content(answer)).as(id).isEqualTo(content(online));
        });
    }

    @Test
    void customId_standsFirstAndOnce() {
        String id = "a-custom-id_0";
        String line = new String(api.encode(id, request("duck")), StandardCharsets.UTF_8);
        assertThat(line.indexOf(id)).isNotNegative().isLessThan(line.indexOf("duck"));
        assertThat(line.indexOf(id)).isEqualTo(line.lastIndexOf(id));
    }

    @Test
    void operation_hasANameAndTagsAreKeptWithUploads() {
        assertThat(api.operation()).isNotBlank();
        assertThat(api.keepsTags()).isEqualTo(uploadsFiles());
    }

    @Test
    void acceptedBatch_isRunningAndKeepsItsTag() {
        provider.batches(SimulatedBatches.DEFAULT.delay(Duration.ofHours(1)));
        BatchJob job = submit(3);

        assertThat(job.state()).isEqualTo(State.RUNNING);
        assertThat(job.createdAt()).isEqualTo(START);
        assertThat(job.expiresAt()).isEqualTo(START.plus(Duration.ofHours(24)));
        assertThat(job.tag()).isEqualTo(uploadsFiles() ? "run-1" : "");
        assertThat(job.problem()).isNull();
        assertThatIllegalArgumentException().isThrownBy(() -> api.results(job)).withMessageContaining("not ended");
    }

    @Test
    void upload_isToldBeforeTheBatchIsAskedFor() {
        List<String> told = new ArrayList<>();
        api.submit(
                        "run-1",
                        lines(3),
                        handle -> Mono.fromRunnable(() -> {
                            told.add(handle);
                            assertThat(provider.batches()).isEmpty();
                        }))
                .block(SOON);

        assertThat(told).hasSize(uploadsFiles() ? 1 : 0);
        assertThat(provider.batches()).hasSize(1);
    }

    @Test
    void errorOfTheCallback_comesThroughAndNoBatchIsMade() {
        if (uploadsFiles()) {
            IllegalStateException error = new IllegalStateException("the disk is full");
            StepVerifier.create(api.submit("run-1", lines(3), handle -> Mono.error(error)))
                    .expectErrorSatisfies(thrown -> assertThat(thrown).isSameAs(error))
                    .verify(SOON);
            assertThat(provider.batches()).isEmpty();
        }
    }

    @Test
    void errorOfTheLines_comesThroughAndNoBatchIsMade() {
        IllegalStateException error = new IllegalStateException("the file is gone");
        StepVerifier.create(api.submit("run-1", lines(3).concatWith(Mono.error(error)), handle -> Mono.empty()))
                .expectErrorSatisfies(thrown -> assertThat(thrown).isSameAs(error))
                .verify(SOON);
        assertThat(provider.batches()).isEmpty();
    }

    @Test
    void largeUpload_arrivesWhole() {
        Flux<byte[]> lines = Flux.range(0, 300)
                .map(i -> api.encode("id-" + i, request("duck number " + i + " " + "quack ".repeat(2_000))));
        BatchJob job = ended(submit(lines).block(SOON));
        assertThat(job.counts().succeeded()).isEqualTo(300);
    }

    @Test
    void secondSubscription_submitsAgain() {
        Mono<BatchJob> submission = submit(lines(2));
        assertThat(submission.block(SOON)).isNotEqualTo(submission.block(SOON));
        assertThat(provider.batches()).hasSize(2);
    }

    @Test
    void uploadThatBreaksOff_isNotSent() {
        provider.failNext(1, Fault.cutRequest(200_000));
        Flux<byte[]> lines = Flux.range(0, 2_000)
                .map(i -> api.encode("id-" + i, request("duck number " + i + " " + "quack ".repeat(1_000))));
        ApiException error = failure(submit(lines));
        assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
        assertThat(provider.batches()).isEmpty();
    }

    @Test
    void acceptedButUnanswered_isUnknownAndListed() {
        failCreation(Fault.accepted());
        assertThat(failure(submit(lines(3))).delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(provider.batches()).hasSize(1);
        assertThat(api.jobs(START).collectList().block(SOON)).singleElement().satisfies(job -> {
            assertThat(job.counts().total()).isEqualTo(3);
            assertThat(job.tag()).isEqualTo(uploadsFiles() ? "run-1" : "");
        });
    }

    @Test
    void acceptedLate_isListedOnlyThen() {
        failCreation(Fault.acceptedLate(Duration.ofSeconds(30)));
        assertThat(failure(submit(lines(3))).delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(api.jobs(START).collectList().block(SOON)).isEmpty();
        clock.set(START.plusSeconds(31));
        assertThat(api.jobs(START).collectList().block(SOON)).hasSize(1);
    }

    @Test
    void revokedUpload_neverBecomesABatch() {
        if (uploadsFiles()) {
            List<String> handles = new ArrayList<>();
            failCreation(Fault.acceptedLate(Duration.ofSeconds(30)));
            failure(api.submit("run-1", lines(3), handle -> Mono.fromRunnable(() -> handles.add(handle))));
            StepVerifier.create(api.revoke(handles.get(0))).expectComplete().verify(SOON);
            StepVerifier.create(api.revoke(handles.get(0))).expectComplete().verify(SOON);
            clock.set(START.plusSeconds(31));
            assertThat(api.jobs(START).collectList().block(SOON)).isEmpty();
        }
        StepVerifier.create(api.revoke("file-unknown")).expectComplete().verify(SOON);
    }

    @Test
    void failureOfTheServerOnCreation_isUnknownAndARefusalIsNot() {
        failCreation(Fault.serverError());
        assertThat(failure(submit(lines(3))).delivery()).isEqualTo(Delivery.UNKNOWN);
        failCreation(Fault.answer(502, Map.of(), "<html>Bad Gateway</html>"));
        assertThat(failure(submit(lines(3))).delivery()).isEqualTo(Delivery.UNKNOWN);
        failCreation(Fault.cutBody());
        assertThat(failure(submit(lines(3))).delivery()).isIn(Delivery.UNKNOWN, Delivery.ANSWERED);
        failCreation(Fault.overloaded());
        assertThat(failure(submit(lines(3))).delivery()).isEqualTo(Delivery.REFUSED);
        failCreation(Fault.rateLimited(Duration.ofSeconds(7)));
        ApiException limited = failure(submit(lines(3)));
        assertThat(limited.kind()).isEqualTo(ErrorKind.RATE_LIMITED);
        assertThat(limited.delivery()).isEqualTo(Delivery.REFUSED);
        assertThat(limited.retryAfter()).contains(Duration.ofSeconds(7));
    }

    @Test
    void wrongKey_isAuthenticationAndNotShown() {
        disconnect();
        api = connect(provider, "sk-wrong-9876543210");
        for (ApiException error : List.of(
                failure(submit(lines(3))),
                failure(api.job("batch_1")),
                failure(api.jobs(START).collectList()))) {
            assertThat(error.kind()).isEqualTo(ErrorKind.AUTHENTICATION);
            assertThat(error).hasMessageNotContaining("sk-wrong-9876543210");
        }
        assertThat(api.toString()).doesNotContain("sk-wrong");
    }

    @Test
    void unknownBatch_isNotFound() {
        assertThat(failure(api.job("batch_none")).kind()).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(failure(api.cancel("batch_none")).kind()).isEqualTo(ErrorKind.NOT_FOUND);
    }

    @Test
    void account_isNamedWithItsNewestBatch() {
        BatchAccount empty = api.account().block(SOON);
        assertThat(empty).isNotNull();
        assertThat(empty.newest()).isEmpty();
        BatchJob first = submit(1);
        clock.set(START.plusSeconds(7));
        BatchJob second = submit(1);

        assertThat(api.account().block(SOON))
                .isEqualTo(new BatchAccount(empty.name(), second.id(), START.plusSeconds(7)))
                .isNotEqualTo(new BatchAccount(empty.name(), first.id(), START));
        assertThat(empty.name()).doesNotContain(KEY);
    }

    @Test
    void list_isReadPageByPageFromTheNewest() {
        for (int i = 0; i < 205; i++) {
            clock.set(START.plusSeconds(i));
            submit(1);
        }
        List<BatchJob> all = api.jobs(START).collectList().block(SOON);
        assertThat(all).hasSize(205).extracting(BatchJob::createdAt).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(api.jobs(START.plusSeconds(200)).count().block(SOON)).isEqualTo(5);
        assertThat(api.jobs(START.plusSeconds(300)).count().block(SOON)).isZero();

        long before = provider.statistics().requests();
        StepVerifier.create(api.jobs(START), 99)
                .expectNextCount(99)
                .then(() ->
                        assertThat(provider.statistics().requests() - before).isEqualTo(1))
                .thenRequest(2)
                .expectNextCount(2)
                .thenCancel()
                .verify(SOON);
        assertThat(provider.statistics().requests() - before).isEqualTo(2);
    }

    @Test
    void expiredBatch_keepsWhatWasDone() {
        provider.batches(SimulatedBatches.DEFAULT.delay(Duration.ofHours(10)).window(Duration.ofHours(5)));
        BatchJob running = submit(50);
        clock.set(START.plus(Duration.ofHours(6)));
        BatchJob job = job(running);

        assertThat(job.state()).isEqualTo(State.EXPIRED);
        List<BatchResult<R>> results = results(job);
        assertThat(byId(results)).hasSize(50);
        assertThat(count(results, BatchResult.Answered.class)).isEqualTo(25);
        assertThat(count(results, BatchResult.Expired.class)).isEqualTo(25);
        assertThat(job.counts()).isEqualTo(new BatchJob.Counts(50, 25, 25));
    }

    @Test
    void cancelledBatch_keepsWhatWasDone() {
        provider.batches(SimulatedBatches.DEFAULT.delay(Duration.ofHours(10)).cancelDelay(Duration.ofMinutes(5)));
        BatchJob running = submit(50);
        clock.set(START.plus(Duration.ofHours(5)));

        assertThat(api.cancel(running.id()).block(SOON))
                .extracting(BatchJob::state)
                .isEqualTo(State.CANCELLING);
        assertThat(api.cancel(running.id()).block(SOON))
                .extracting(BatchJob::state)
                .isEqualTo(State.CANCELLING);
        clock.set(START.plus(Duration.ofHours(6)));
        BatchJob job = job(running);
        assertThat(job.state()).isEqualTo(State.CANCELLED);
        List<BatchResult<R>> results = results(job);
        assertThat(count(results, BatchResult.Answered.class)).isEqualTo(25);
        assertThat(count(results, BatchResult.Cancelled.class)).isEqualTo(25);
        assertThat(api.cancel(running.id()).block(SOON)).isEqualTo(job);
    }

    @Test
    void batchOfWhichNothingWasDone_hasOnlyThat() {
        provider.batches(SimulatedBatches.DEFAULT.delay(Duration.ofHours(10)));
        BatchJob running = submit(5);
        api.cancel(running.id()).block(SOON);
        BatchJob job = job(running);
        assertThat(job.state()).isEqualTo(State.CANCELLED);
        assertThat(count(results(job), BatchResult.Cancelled.class)).isEqualTo(5);
    }

    @Test
    void failedRequests_areClassified() {
        provider.batches(SimulatedBatches.DEFAULT.fates(id -> id.equals("id-0") ? Fate.FAILED : null));
        BatchJob job = ended(submit(Flux.concat(lines(2), Mono.just(api.encode("bad", badRequest()))))
                .block(SOON));
        Map<String, BatchResult<R>> results = byId(results(job));

        assertThat(job.state()).isEqualTo(State.COMPLETED);
        assertThat(job.counts()).isEqualTo(new BatchJob.Counts(3, 1, 2));
        ApiException failed = ((BatchResult.Errored<R>) results.get("id-0")).error();
        assertThat(failed.kind()).isEqualTo(ErrorKind.SERVER_ERROR);
        assertThat(failed.isTransient()).isTrue();
        assertThat(failed.delivery()).isEqualTo(Delivery.REFUSED);
        ApiException refused = ((BatchResult.Errored<R>) results.get("bad")).error();
        assertThat(refused.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
        assertThat(refused.isTransient()).isFalse();
        assertThat(refused).hasMessageContaining("bad");
        assertThat(results.get("id-1")).isInstanceOf(BatchResult.Answered.class);
    }

    @Test
    void missingDoubledAndBrokenLines_areShownAsTheyAre() {
        provider.batches(SimulatedBatches.DEFAULT.fates(id -> switch (id) {
            case "id-0" -> Fate.MISSING;
            case "id-1" -> Fate.DOUBLED;
            case "id-2" -> Fate.MALFORMED;
            default -> null;
        }));
        List<BatchResult<R>> results = results(ended(submit(5)));

        assertThat(count(results, BatchResult.Answered.class)).isEqualTo(4);
        assertThat(count(results, BatchResult.Unreadable.class)).isEqualTo(1);
        assertThat(results).hasSize(5);
        assertThat(byId(results)).doesNotContainKey("id-0");
    }

    @Test
    void endWithoutFiles_hasNoResults() {
        provider.batches(SimulatedBatches.DEFAULT.withoutFiles());
        assertThat(results(ended(submit(5)))).isEmpty();
    }

    @Test
    void slowDemand_getsEveryResultAndTwiceTheSame() {
        BatchJob job = ended(submit(30));
        StepVerifier.Step<BatchResult<R>> slow = StepVerifier.create(api.results(job), 0);
        for (int i = 0; i < 30; i++) {
            slow = slow.thenRequest(1).expectNextCount(1);
        }
        slow.thenRequest(1).expectComplete().verify(SOON);
        assertThat(byId(results(job)).keySet()).isEqualTo(byId(results(job)).keySet());
    }

    @Test
    void cancelWithinResults_harmsNobody() {
        BatchJob job = ended(submit(200));
        StepVerifier.create(api.results(job), 3).expectNextCount(3).thenCancel().verify(SOON);
        assertThat(results(job)).hasSize(200);
    }

    @Test
    void cutResults_areAnErrorAfterWhatCame() {
        BatchJob job = ended(submit(200));
        provider.failNext(1, Fault.cutBody());
        List<BatchResult<R>> came = new ArrayList<>();
        StepVerifier.create(api.results(job).doOnNext(came::add).then())
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.TRANSPORT))
                .verify(SOON);
        assertThat(came).hasSizeBetween(50, 150);
    }

    @Test
    void outages_areErrorsOfTheirKind() {
        BatchJob job = ended(submit(3));
        for (Fault fault : List.of(
                Fault.serverError(),
                Fault.unavailable(),
                Fault.resetBeforeRead(),
                Fault.resetAfterRead(),
                Fault.cutBody())) {
            for (Mono<?> asked : List.of(
                    api.job(job.id()), api.jobs(START).then(), api.results(job).then())) {
                provider.failNext(1, fault);
                ApiException error = failure(asked);
                assertThat(error.isTransient()).as(fault.label()).isTrue();
                assertThat(error.kind())
                        .isIn(
                                ErrorKind.SERVER_ERROR,
                                ErrorKind.OVERLOADED,
                                ErrorKind.TRANSPORT,
                                ErrorKind.MALFORMED_RESPONSE);
                assertThat(error).hasMessageNotContaining(KEY);
            }
        }
        assertThat(results(job)).hasSize(3);
    }

    @Test
    void customIdsAndTags_areChecked() {
        String longest = "a".repeat(64);
        assertThat(new String(api.encode(longest, request("duck")), StandardCharsets.UTF_8))
                .contains(longest)
                .doesNotContain("\n")
                .doesNotContain("\"stream\"");
        for (String bad : List.of("", longest + "a", "a b", "\u00e4")) {
            assertThatIllegalArgumentException().isThrownBy(() -> api.encode(bad, request("duck")));
            assertThatIllegalArgumentException().isThrownBy(() -> api.submit(bad, lines(1), handle -> Mono.empty()));
        }
        assertThat(api.limits().requests()).isPositive();
        assertThat(api.identity()).isNotEmpty();
        assertThat(api.group(request("a"))).isEqualTo(api.group(request("b")));
    }

    private BatchJob submit(int requests) {
        BatchJob job = submit(lines(requests)).block(SOON);
        assertThat(job).isNotNull();
        return job;
    }

    private Mono<BatchJob> submit(Flux<byte[]> lines) {
        return api.submit("run-1", lines, handle -> Mono.empty());
    }

    private Flux<byte[]> lines(int requests) {
        return Flux.fromStream(() ->
                IntStream.range(0, requests).mapToObj(i -> api.encode("id-" + i, request(text("id-" + i)))));
    }

    private static String text(String id) {
        return "Duck " + id + " swims to Paris";
    }

    private BatchJob ended(BatchJob job) {
        BatchJob ended = job(job);
        assertThat(ended.state().isEnd()).isTrue();
        return ended;
    }

    private BatchJob job(BatchJob job) {
        BatchJob read = api.job(job.id()).block(SOON);
        assertThat(read).isNotNull();
        return read;
    }

    private List<BatchResult<R>> results(BatchJob job) {
        List<BatchResult<R>> results = api.results(job).collectList().block(SOON);
        assertThat(results).isNotNull();
        return results;
    }

    private static <R> long count(List<BatchResult<R>> results, Class<?> type) {
        return results.stream().filter(type::isInstance).count();
    }

    private static <R> Map<String, BatchResult<R>> byId(List<BatchResult<R>> results) {
        Map<String, BatchResult<R>> byId = new TreeMap<>();
        Function<BatchResult<R>, String> id = result -> {
            if (result instanceof BatchResult.Answered<R> answered) {
                return answered.customId();
            }
            if (result instanceof BatchResult.Errored<R> errored) {
                return errored.customId();
            }
            if (result instanceof BatchResult.Expired<R> expired) {
                return expired.customId();
            }
            return result instanceof BatchResult.Cancelled<R> cancelled ? cancelled.customId() : "unreadable";
        };
        results.forEach(result -> byId.put(id.apply(result), result));
        return byId;
    }

    private static ApiException failure(Mono<?> call) {
        AtomicReference<Throwable> error = new AtomicReference<>();
        StepVerifier.create(call.then()).expectErrorSatisfies(error::set).verify(SOON);
        assertThat(error.get()).isInstanceOf(ApiException.class);
        return (ApiException) error.get();
    }

    /** The next request for a batch meets {@code fault}, and no other that was told before. */
    private void failCreation(Fault fault) {
        provider.clearScript();
        provider.failWhen(
                request -> request.path().equals(path())
                        && (!request.body().isEmpty()
                                || request.header("transfer-encoding").isPresent()),
                fault);
    }
}
