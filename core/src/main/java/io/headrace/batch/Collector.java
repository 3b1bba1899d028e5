package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchJob.State;
import java.io.IOException;
import java.time.Instant;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** Asks after a batch, and takes its results in once it has ended. Thread-safe. */
final class Collector {

    private static final Logger LOG = LoggerFactory.getLogger(Collector.class);

    /** Answers of a batch that are being stored at a time. */
    private static final int STORING = 16;

    /** How often results whose connection broke, or of which fewer came than the provider counts, are read again at once. */
    private static final int READ_AGAIN = 2;

    private static final String NO_RESULT = "the batch ended without a result for it";
    private static final String FORGOTTEN = "its provider knew the batch, or its results, no longer";

    private final FileThread files;
    private final QueueDirectory directory;
    private final Packer packer;
    private final TokenQuotas quotas;
    private final Judge judge;
    private final QueueSettings settings;

    Collector(
            FileThread files,
            QueueDirectory directory,
            Packer packer,
            TokenQuotas quotas,
            Judge judge,
            QueueSettings settings) {
        this.files = files;
        this.directory = directory;
        this.packer = packer;
        this.quotas = quotas;
        this.judge = judge;
        this.settings = settings;
    }

    /** Asks once after a batch that is out. An error means that the work on it must stop. */
    <Q, R> Mono<Void> poll(Pack pack, Served<Q, R> lane) {
        return Mono.defer(() -> {
                    pack.isKnown = false;
                    boolean cancels = pack.withdrawal != Withdrawal.NONE && !pack.cancelAsked;
                    Mono<BatchJob> asked =
                            cancels ? lane.api().cancel(pack.id) : lane.api().job(pack.id);
                    return asked.flatMap(job -> files.call(() -> {
                        pack.cancelAsked |= cancels;
                        return seen(pack, lane, job);
                    }));
                })
                .flatMap(ended -> collect(pack, lane, intake -> read(intake, lane, ended), NO_RESULT))
                .onErrorResume(
                        ApiException.class,
                        error -> isOver(pack, lane, error)
                                .flatMap(over ->
                                        over ? collect(pack, lane, nothing -> Mono.empty(), FORGOTTEN) : Mono.empty()));
    }

    /** The job if it has results to take in; else null. */
    private @Nullable BatchJob seen(Pack pack, Served<?, ?> lane, BatchJob job) throws IOException {
        Instant now = settings.clock().instant();
        pack.isKnown = true;
        pack.trouble = null;
        if (!job.counts().equals(pack.counts)) {
            pack.polls.restart();
            pack.counts = job.counts();
        }
        if (job.state() == State.FAILED) {
            judge.failed(pack, lane, job.problem() == null ? unexplained(job) : job.problem());
            return null;
        }
        if (job.state().isEnd()) {
            if (job.state() == State.CANCELLED && pack.withdrawal == Withdrawal.NONE) {
                LOG.warn(
                        "batch {} of {} was cancelled by somebody else: what is left of it is asked for again, unless the run is stopped"
                                + " and its batches are given up by a cancel",
                        pack.id,
                        pack.lane);
            }
            return job;
        }
        pack.polls.again(now, settings.polls());
        tellIfOverdue(pack, lane, job, now);
        if (isTooSlow(pack, now)) {
            directory.withdrawn(pack, Withdrawal.TOO_SLOW);
            pack.polls.clear();
        }
        return null;
    }

    /** It is asked after for as long as it is said to be at work, which nothing ends but its provider or a cancel. */
    private void tellIfOverdue(Pack pack, Served<?, ?> lane, BatchJob job, Instant now) {
        Instant submitted = Objects.requireNonNull(pack.submittedAt, "submittedAt");
        Instant end = job.expiresAt() == null ? submitted.plus(settings.retention(lane.api())) : job.expiresAt();
        if (!pack.isOverdue && now.isAfter(end.plus(settings.patience()))) {
            pack.isOverdue = true;
            LOG.warn(
                    "batch {} of {}, submitted at {}, should have ended by {}, and its provider says that it is at work: ask there"
                            + " what became of it, or give it up by a cancel",
                    pack.id,
                    pack.lane,
                    submitted,
                    end);
        }
    }

    private boolean isTooSlow(Pack pack, Instant now) {
        return settings.moveOnlineAfter() != null
                && pack.withdrawal == Withdrawal.NONE
                && pack.submittedAt != null
                && !now.isBefore(pack.submittedAt.plus(settings.moveOnlineAfter()));
    }

    /** Whether the error says that nothing will come of the batch any more. */
    private Mono<Boolean> isOver(Pack pack, Served<?, ?> lane, ApiException error) {
        return ErrorKind.NOT_FOUND.isKindOf(error)
                ? AccountCheck.name(lane.api())
                        .flatMap(account -> files.call(() -> judge.isOver(pack, lane, account, error)))
                : files.run(() -> judge.postpone(pack, error)).thenReturn(false);
    }

    /**
     * @param reading of what there is of its results
     * @param noResult what is to be said of a request that has none
     */
    private Mono<Void> collect(Pack pack, Served<?, ?> lane, Function<Intake, Mono<Void>> reading, String noResult) {
        return Mono.usingWhen(
                files.call(() -> Intake.begin(directory, pack, settings)),
                intake -> reading.apply(intake).then(files.run(() -> finish(intake, pack, lane, noResult))),
                intake -> files.run(intake::close));
    }

    /** A refusal that names a wait is not asked about again at once. */
    private <Q, R> Mono<Void> read(Intake intake, Served<Q, R> lane, BatchJob job) {
        return files.run(intake::beginReading)
                .thenMany(Flux.defer(() -> lane.api().results(job)))
                .flatMap(result -> take(intake, lane.lane(), result), STORING, 1)
                .then(files.run(() -> intake.requireResults(job, READ_AGAIN)))
                .retryWhen(Retry.max(READ_AGAIN)
                        .filter(Collector::isReadAgain)
                        .onRetryExhaustedThrow((spec, last) -> last.failure()));
    }

    private static boolean isReadAgain(Throwable error) {
        return error instanceof ApiException api
                && api.isTransient()
                && api.retryAfter().isEmpty();
    }

    private <R> Mono<Void> take(Intake intake, BatchLane<?, R> lane, BatchResult<R> result) {
        return files.call(() -> intake.take(result)).flatMap(request -> {
            R answer = ((BatchResult.Answered<R>) result).answer();
            return lane.api().answers(request.parked().count(), answer)
                    ? keep(intake, lane, request, answer)
                    : files.run(() ->
                            intake.notKept(request, lane.cost(answer), "the answer was not one to what was asked"));
        });
    }

    private <R> Mono<Void> keep(Intake intake, BatchLane<?, R> lane, Intake.Request request, R answer) {
        ParkedRequest parked = request.parked();
        return lane.keep(parked.fingerprint(), parked.sample(), answer, parked.namespace(), parked.fields())
                .flatMap(kept -> files.run(() -> {
                    if (kept) {
                        intake.kept(request, lane.cost(answer));
                    } else {
                        intake.notKept(request, lane.cost(answer), "the answer may not be kept");
                    }
                }));
    }

    private void finish(Intake intake, Pack pack, Served<?, ?> lane, String noResult) throws IOException {
        BatchTotals totals = intake.finish(noResult);
        quotas.ended(pack.kind());
        if (totals.again() > 0 && directory.leftovers().contains(pack)) {
            packer.move(pack, lane);
        } else {
            directory.forgetRequests(pack);
        }
        ApiException refusal = intake.refusal();
        if (totals.again() > 0 && refusal != null) {
            throw refusal; // the next batch would fare no better
        }
    }

    private static ApiException unexplained(BatchJob job) {
        return ApiException.builder(ErrorKind.SERVER_ERROR, "batch " + job.id() + " failed, and no reason was given")
                .delivery(Delivery.REFUSED)
                .build();
    }
}
