package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Finds out what became of a submission whose outcome is not known. Where tags are kept: the batch with the tag is adopted; if there is
 * none, the upload is revoked, so that none can come, and looked for once more. Where they are not: a batch of the right time and size is
 * waited for until its results say whose it is; if there is none by the end of a stated window, there is none. Thread-safe.
 */
final class Doubts {

    private static final Logger LOG = LoggerFactory.getLogger(Doubts.class);

    /** By how much the provider's clock and this one may differ. */
    private static final Duration CLOCK_SKEW = Duration.ofHours(1);

    /** By how much the clocks of one provider's machines may differ. */
    private static final Duration CLOCKS_OF_A_PROVIDER = Duration.ofMinutes(1);

    /** What was made so long after the doubt arose is another one, whatever the clocks. */
    private static final Duration LATEST = Duration.ofDays(1);

    /** So many results tell whose a batch is. */
    private static final int SAMPLE = 100;

    private final FileThread files;
    private final QueueDirectory directory;
    private final Submitter submitter;
    private final Judge judge;
    private final QueueSettings settings;
    private final AccountCheck accounts;

    Doubts(FileThread files, QueueDirectory directory, Submitter submitter, Judge judge, QueueSettings settings) {
        this.files = files;
        this.directory = directory;
        this.submitter = submitter;
        this.judge = judge;
        this.settings = settings;
        this.accounts = new AccountCheck(settings);
    }

    /** Looks once. The pack is out afterwards, or sealed, or still in doubt. An error means that the work must stop. */
    Mono<Void> resolve(Pack pack, Served<?, ?> lane) {
        return files.call(() -> begin(pack))
                .flatMap(since ->
                        lane.api().keepsTags() ? byTag(pack, lane.api(), since) : byResults(pack, lane.api(), since))
                .onErrorResume(ApiException.class, error -> files.run(() -> judge.stillInDoubt(pack, error)));
    }

    private Instant begin(Pack pack) throws IOException {
        if (pack.doubtedAt == null) {
            directory.doubted(pack);
        }
        Instant intended = Objects.requireNonNull(pack.intendedAt, "intendedAt");
        return pack.account == null ? intended.minus(CLOCK_SKEW) : since(pack.account);
    }

    /** The batch of the pack is newer than the newest one before it, by the clocks of the provider's machines. */
    private static Instant since(BatchAccount account) {
        return account.newest().isEmpty() ? Instant.EPOCH : account.newestAt().minus(CLOCKS_OF_A_PROVIDER);
    }

    private Mono<Void> byTag(Pack pack, BatchApi<?, ?> api, Instant since) {
        if (pack.upload.isEmpty()) {
            return none(pack);
        }
        return find(pack, api, since)
                .switchIfEmpty(Mono.defer(() -> accounts.requireSame(pack, api)
                        .then(files.run(() -> directory.revoked(pack)))
                        .then(api.revoke(pack.upload))
                        .then(find(pack, api, since))))
                .flatMap(job -> adopt(pack, job).thenReturn(job))
                .switchIfEmpty(none(pack).then(Mono.empty()))
                .then();
    }

    /** The batches that may be the pack's. Where there is no list, that is an error as long as the batch may be there. */
    private Flux<BatchJob> jobs(Pack pack, BatchApi<?, ?> api, Instant since) {
        return api.jobs(since)
                .onErrorResume(
                        ApiException.class,
                        error -> !AccountCheck.keepsNoList(error)
                                ? Mono.error(error)
                                : accounts.isOver(pack, api)
                                        ? Mono.empty()
                                        : Mono.error(accounts.noList(pack, api, error)));
    }

    /** What is between here and the provider may lose the tag. */
    private Mono<BatchJob> find(Pack pack, BatchApi<?, ?> api, Instant since) {
        String tag = directory.batchTag(pack);
        return jobs(pack, api, since)
                .filter(job -> job.tag().equals(tag) || job.handles().containsValue(pack.upload))
                .next();
    }

    private Mono<Void> byResults(Pack pack, BatchApi<?, ?> api, Instant since) {
        return Mono.defer(() -> {
            Instant asked = settings.clock().instant();
            return jobs(pack, api, since)
                    .collectList()
                    .flatMap(all -> files.call(() -> candidates(pack, all)))
                    .flatMap(candidates -> Flux.fromIterable(candidates)
                            .filter(job -> job.state().isEnd())
                            .concatMap(job -> read(api, job, pack.tag), 1)
                            .takeUntil(read -> read.whose == Whose.OURS)
                            .collectList()
                            .flatMap(read -> decide(pack, api, candidates, read, asked)));
        });
    }

    /** Whose a batch is by its results. */
    private enum Whose {
        OURS,
        OTHERS,
        /** It has none, or none that can be understood. */
        UNSAID
    }

    /** A batch that has ended, and whose it is. */
    private record Read(BatchJob job, Whose whose) {}

    private List<BatchJob> candidates(Pack pack, List<BatchJob> all) {
        Instant latest = Objects.requireNonNull(pack.doubtedAt, "doubtedAt").plus(LATEST);
        return all.stream()
                .filter(job -> !directory.isOurs(job.id()) && !pack.strangers.contains(job.id()))
                .filter(job -> job.counts().total() == 0 || job.counts().total() == pack.requests)
                .filter(job -> job.createdAt() == null || !job.createdAt().isAfter(latest))
                .toList();
    }

    private static Mono<Read> read(BatchApi<?, ?> api, BatchJob job, String tag) {
        return api.results(job)
                .mapNotNull(BatchResult::customId)
                .take(SAMPLE)
                .map(id -> {
                    CustomId read = CustomId.parse(id);
                    return read != null && read.tag().equals(tag) ? Whose.OURS : Whose.OTHERS;
                })
                .reduce((one, other) -> one == Whose.OURS ? one : other)
                .defaultIfEmpty(Whose.UNSAID)
                .map(whose -> new Read(job, whose))
                .onErrorMap(ErrorKind.NOT_FOUND::isKindOf, error -> notThereYet(job, (ApiException) error));
    }

    /** One that was deleted is not listed the next time. */
    private static ApiException notThereYet(BatchJob job, ApiException error) {
        String what = "the results of batch " + job.id() + ", which may be the one in doubt, are not there";
        return ApiException.builder(ErrorKind.SERVER_ERROR, what + " (" + error.getMessage() + ")")
                .delivery(Delivery.REFUSED)
                .build();
    }

    private Mono<Void> decide(
            Pack pack, BatchApi<?, ?> api, List<BatchJob> candidates, List<Read> read, Instant asked) {
        BatchJob ours = first(read, Whose.OURS);
        if (ours != null) {
            return adopt(pack, ours);
        }
        return accounts.requireSame(pack, api)
                .then(files.call(() -> {
                    read.stream()
                            .filter(one -> one.whose == Whose.OTHERS)
                            .forEach(one -> pack.strangers.add(one.job.id()));
                    return waits(pack, candidates, asked);
                }))
                .flatMap(waits -> waits ? Mono.empty() : settle(pack, first(read, Whose.UNSAID)));
    }

    /** Better to look for answers in a batch of which nobody says whose it is than to submit twice. */
    private Mono<Void> settle(Pack pack, @Nullable BatchJob unsaid) {
        return unsaid == null ? none(pack) : adopt(pack, unsaid);
    }

    private static @Nullable BatchJob first(List<Read> read, Whose whose) {
        return read.stream()
                .filter(one -> one.whose == whose)
                .map(Read::job)
                .findFirst()
                .orElse(null);
    }

    /** Whether a batch of the pack may still show. */
    private boolean waits(Pack pack, List<BatchJob> candidates, Instant asked) {
        boolean anyRuns = candidates.stream().anyMatch(job -> !job.state().isEnd());
        Instant doubted = pack.doubtedAt;
        boolean isEarly = doubted != null && asked.isBefore(doubted.plus(settings.doubtWindow()));
        if (anyRuns || isEarly) {
            pack.polls.again(asked, settings.polls());
        }
        return anyRuns || isEarly;
    }

    private Mono<Void> adopt(Pack pack, BatchJob job) {
        return files.run(() -> {
            LOG.info("pack {} of {} was submitted after all: it is batch {}", pack.number, pack.lane, job.id());
            submitter.accepted(pack, job);
            pack.isKnown = true;
        });
    }

    private Mono<Void> none(Pack pack) {
        return files.run(() -> directory.returned(pack));
    }
}
