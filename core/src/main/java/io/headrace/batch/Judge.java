package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an error of a provider means for a pack: wait and ask again, submit again, smaller packs, the end of its requests, or the end of
 * the work. Belongs to the queue's file thread.
 */
final class Judge {

    private static final Logger LOG = LoggerFactory.getLogger(Judge.class);

    private static final int PAYLOAD_TOO_LARGE = 413;

    /** How often a pack may be refused for want of room while nothing else is out, before it is taken for too large. */
    private static final int REFUSALS_ALONE = 2;

    private final QueueDirectory directory;
    private final Endings endings;
    private final TokenQuotas quotas;
    private final QueueSettings settings;

    Judge(QueueDirectory directory, Endings endings, TokenQuotas quotas, QueueSettings settings) {
        this.directory = directory;
        this.endings = endings;
        this.quotas = quotas;
        this.settings = settings;
    }

    /** Nothing came of it: it is tried again later, or the work stops with the error. */
    void postpone(Pack pack, ApiException error) {
        postpone(pack.pace(), pack, error);
    }

    /** The same at a pace that is not that of the pack's phase. */
    void postpone(Pace pace, Pack pack, ApiException error) {
        if (stopsWork(error)) {
            throw error;
        }
        Duration silence = failed(pace, pack, error, error.retryAfter().orElse(Duration.ZERO));
        if (silence.compareTo(settings.patience()) > 0) {
            throw error;
        }
        if (silence.isZero()) {
            LOG.info("pack {} of {}: {}; it is tried again", pack.number, pack.lane, error.getMessage());
        }
    }

    /**
     * Whether a batch of which the provider knows nothing, or no results, is surely over: when nothing is kept for so long, or when it has
     * ended, its results were deleted and nobody wants it. Before that it may be another account's or another server's, may
     * run and be paid.
     *
     * @param accountNow what the account that was asked is called; empty if that is not known
     */
    boolean isOver(Pack pack, Served<?, ?> lane, String accountNow, ApiException error) {
        Instant now = settings.clock().instant();
        Instant submitted = Objects.requireNonNull(pack.submittedAt, "submittedAt");
        Instant end = submitted.plus(settings.retention(lane.api()));
        if (!now.isBefore(end) || (pack.isKnown && pack.withdrawal == Withdrawal.CANCELLED)) {
            return true;
        }
        askLater(pack, error);
        String what = pack.isKnown
                ? "the results of batch " + pack.id + " are not there, at "
                : "batch " + pack.id + " is not known to the account that was asked"
                        + AccountCheck.names(pack.account, accountNow) + ", at ";
        throw ApiException.builder(
                        ErrorKind.NOT_FOUND,
                        what + lane.api().identity() + ": it was submitted at " + submitted + " and is kept until "
                                + end + ", when it is surely over; "
                                + (pack.isKnown
                                        ? "look there what became of them, give it up by a cancel,"
                                        : "use the key and the base URL of the run that submitted it,")
                                + " or use another directory for a run without it (" + error.getMessage() + ")")
                .delivery(Delivery.REFUSED)
                .status(error.status().orElse(0))
                .requestId(error.requestId().orElse(null))
                .build();
    }

    /** What became of a submission could not be told: it is asked again later, or it or the work stops with the error. */
    void stillInDoubt(Pack pack, ApiException error) {
        if (!ErrorKind.NOT_FOUND.isKindOf(error)) {
            postpone(pack, error);
            return;
        }
        askLater(pack, error); // of another account, or a server that keeps no list
        throw error;
    }

    /** There is surely no batch of the attempt. */
    void refused(Pack pack, Served<?, ?> lane, ApiException error) throws IOException {
        directory.returned(pack);
        if (stopsWork(error)) {
            throw error;
        }
        if (error.status().orElse(0) == PAYLOAD_TOO_LARGE && pack.requests > 1) {
            LOG.warn(
                    "pack {} of {} is too large for the provider and is halved: {}",
                    pack.number,
                    pack.lane,
                    error.getMessage());
            endings.split(pack, lane);
        } else if (error.kind() == ErrorKind.RATE_LIMITED) {
            noRoom(pack, lane, error);
        } else if (error.isTransient()) {
            postpone(pack, error);
        } else {
            endings.fail(pack, error);
        }
    }

    /** Its lines are not those that were written: the good ones go into other packs. */
    void damaged(Pack pack, Served<?, ?> lane) throws IOException {
        LOG.warn(
                "the requests of pack {} of {} are damaged: what is good of them is packed anew",
                pack.number,
                pack.lane);
        endings.again(pack, lane);
    }

    /** The batch failed as a whole, and no request of it was worked on. */
    void failed(Pack pack, Served<?, ?> lane, ApiException problem) throws IOException {
        if (pack.withdrawal == Withdrawal.CANCELLED) {
            endings.drop(pack);
        } else if (pack.withdrawal == Withdrawal.TOO_SLOW) {
            endings.online(pack);
        } else if (pack.revoked || stopsWork(problem)) { // without its upload it can but fail
            boolean wasRevoked = pack.revoked;
            directory.returned(pack);
            if (!wasRevoked) {
                throw problem;
            }
        } else if (problem.kind() == ErrorKind.RATE_LIMITED) {
            directory.returned(pack);
            noRoom(pack, lane, problem);
        } else if (problem.isTransient() && ++pack.failures < settings.maxBatches()) {
            directory.returned(pack);
            postpone(pack, problem);
        } else {
            endings.fail(pack, problem);
        }
    }

    /** Nothing that is wrong with a batch: no other one would fare better. */
    static boolean stopsWork(ApiException error) {
        return error.kind() == ErrorKind.AUTHENTICATION || error.kind() == ErrorKind.QUOTA_EXHAUSTED;
    }

    private void askLater(Pack pack, ApiException error) {
        failed(pack.polls, pack, error, Duration.ZERO);
    }

    /** Gives how long nothing has come of it. */
    private Duration failed(Pace pace, Pack pack, ApiException error, Duration floor) {
        pack.trouble = error;
        return pace.failed(settings.clock().instant(), floor, settings.polls());
    }

    /** A wait that is told is about requests in a time, not about what is in the queue. */
    private void noRoom(Pack pack, Served<?, ?> lane, ApiException error) throws IOException {
        if (error.retryAfter().isPresent()) {
            postpone(pack, error);
        } else if (quotas.refused(pack, directory.packs())) {
            pack.refusedAlone = 0;
            postpone(pack, error);
        } else if (++pack.refusedAlone > REFUSALS_ALONE && pack.requests > 1) {
            LOG.warn(
                    "pack {} of {} has no room at the provider and is halved: {}",
                    pack.number,
                    pack.lane,
                    error.getMessage());
            endings.split(pack, lane);
        } else {
            postpone(pack, error);
        }
    }
}
