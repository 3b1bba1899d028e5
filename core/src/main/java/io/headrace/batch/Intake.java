package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.io.Closeable;
import java.io.IOException;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The results of one batch while they are taken in: five bytes and some bits a request. A result is of the request whose position, tag,
 * fingerprint and sample its custom id names, and of no other. The first result of a request holds, but an answer that may be kept holds
 * more than any other word; one that may not be kept holds no more than others. Belongs to the queue's file thread.
 */
final class Intake implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(Intake.class);

    /** What is known of a request: nothing, or how it ends. */
    private static final byte NONE = 0;

    private static final byte ANSWERED = 2;
    private static final byte FAILED = 3;
    private static final byte ONLINE = 4;
    private static final byte AGAIN = 5;
    private static final byte DROPPED = 6;
    private static final byte WASTED = 7;

    /** A bit beside these: an answer of it is being stored. */
    private static final byte STORING = 8;

    private final QueueDirectory directory;
    private final Pack pack;
    private final QueueSettings settings;
    private final RecordFile keys;
    private final EndsFile ends;
    private final int[] offsets;
    private final byte[] known;
    private final BitSet seen = new BitSet();
    private final BitSet told = new BitSet();
    private final BitSet answers = new BitSet();
    /** Which may have been paid, and nobody knows the cost. */
    private final BitSet lost = new BitSet();
    /** How far a request got that has no result: no answer was given where all are there that the provider counts. */
    private Delivery missed = Delivery.UNKNOWN;

    private Cost cost = Cost.ZERO;
    private Cost wasted = Cost.ZERO;
    private @Nullable ApiException refusal;
    private long errored;
    private long expired;
    private long missing;
    private long unreadable;
    private long duplicates;
    private long foreign;

    private Intake(
            QueueDirectory directory,
            Pack pack,
            QueueSettings settings,
            RecordFile keys,
            EndsFile ends,
            int[] offsets) {
        this.directory = directory;
        this.pack = pack;
        this.settings = settings;
        this.keys = keys;
        this.ends = ends;
        this.offsets = offsets;
        this.known = new byte[offsets.length];
    }

    /** A request of the pack. */
    record Request(int position, ParkedRequest parked) {}

    @SuppressWarnings("MustBeClosedChecker") // closed with the intake
    static Intake begin(QueueDirectory directory, Pack pack, QueueSettings settings) throws IOException {
        int[] offsets = new int[pack.requests];
        int[] position = new int[1];
        RecordFile.read(directory.files().keys(pack.number), (in, offset) -> {
            offsets[position[0]++] = Math.toIntExact(offset);
            return true;
        });
        RecordFile keys = RecordFile.reading(directory.files().keys(pack.number));
        try {
            EndsFile ends = EndsFile.create(directory.files().newEnds(pack.number));
            return new Intake(directory, pack, settings, keys, ends, offsets);
        } catch (IOException | RuntimeException e) {
            keys.close();
            throw e;
        }
    }

    /** The results come from their start; what was told before holds. */
    void beginReading() {
        seen.clear();
        duplicates = 0;
        foreign = 0;
        for (int i = 0; i < known.length; i++) {
            known[i] &= ~STORING;
        }
    }

    /** Takes a result in; gives the request if it is answered, for its answer to be stored. */
    @Nullable
    Request take(BatchResult<?> result) throws IOException {
        String id = result.customId();
        if (id == null) {
            return null; // whose it is will be missing
        }
        Request request = request(id);
        if (request == null) {
            if (foreign++ == 0 && directory.isFirstForeign()) {
                LOG.warn("batch {} has results that are not of its requests: they are left out", pack.id);
            }
            return null;
        }
        int at = request.position;
        if (seen.get(at)) {
            duplicates++;
        }
        seen.set(at);
        told.set(at, told.get(at) || !(result instanceof BatchResult.Unreadable));
        boolean isAnswer = result instanceof BatchResult.Answered;
        answers.set(at, answers.get(at) || isAnswer);
        if (isStoring(at) || known[at] == ANSWERED || (known[at] != NONE && !isAnswer)) {
            return null;
        }
        if (isAnswer) {
            known[at] |= STORING;
            return request;
        }
        end(request, result);
        return null;
    }

    /** The answer of the request is stored. */
    void kept(Request request, Cost itsCost) throws IOException {
        known[request.position] = ANSWERED;
        lost.clear(request.position);
        ends.answered(request.parked.key(), itsCost);
        cost = cost.plus(itsCost);
    }

    /**
     * The answer of the request is not stored.
     *
     * @param why it may not be
     */
    void notKept(Request request, Cost itsCost, String why) throws IOException {
        known[request.position] &= ~STORING;
        if (known[request.position] == NONE) {
            unreadable++;
            inVain(request, why, Delivery.ANSWERED);
            if (itsCost.isKnown()) {
                wasted = wasted.plus(itsCost);
                lost.clear(request.position);
            }
        }
    }

    /**
     * What was answered was paid, and is not asked for again as long as it may be had. That no result can be had at all is as with results
     * that were deleted.
     *
     * @param readAgain how often results that came short are to be read again
     * @throws ApiException of kind {@link ErrorKind#NOT_FOUND} for none, of kind {@link ErrorKind#TRANSPORT} for too few
     */
    void requireResults(BatchJob job, int readAgain) {
        long answered = job.counts().succeeded();
        long failed = job.counts().failed();
        boolean wasAnswered = answered > 0 || (job.state() == BatchJob.State.COMPLETED && failed < known.length);
        if (seen.isEmpty() && wasAnswered) {
            throw ApiException.builder(
                            ErrorKind.NOT_FOUND,
                            "it has ended, and there is no file of results, or nothing of its " + known.length
                                    + " requests is in it")
                    .delivery(Delivery.REFUSED)
                    .build();
        }
        boolean isShort = told.cardinality() < answered + failed;
        boolean isCounted = answered + failed > 0 || job.state() != BatchJob.State.COMPLETED;
        missed = isCounted && answered == answers.cardinality() ? Delivery.REFUSED : Delivery.UNKNOWN;
        if (!isShort) {
            return;
        }
        String what = "the results of batch " + pack.id + " came short: by its provider " + answered + " of its "
                + known.length + " requests were answered and " + failed + " failed, and results of "
                + told.cardinality() + " came";
        if (++pack.shortReadings <= readAgain) {
            throw ApiException.builder(ErrorKind.TRANSPORT, what)
                    .delivery(Delivery.UNKNOWN)
                    .build();
        }
        LOG.warn("{}; the others are asked for again", what);
    }

    /**
     * All results came. Ends what none told of, and the pack.
     *
     * @param noResult what is to be said of the former
     */
    BatchTotals finish(String noResult) throws IOException {
        for (int at = 0; at < known.length; at++) {
            known[at] &= ~STORING;
            if (known[at] == NONE) {
                missing++;
                inVain(request(at), noResult, missed);
            }
        }
        for (int at = lost.nextSetBit(0); at >= 0; at = lost.nextSetBit(at + 1)) {
            wasted = wasted.plus(request(at).parked.ceiling());
        }
        BatchTotals totals = new BatchTotals(
                count(ANSWERED),
                count(FAILED),
                count(ONLINE),
                count(AGAIN) + count(WASTED),
                count(DROPPED),
                errored,
                expired,
                missing,
                unreadable,
                duplicates,
                foreign,
                cost,
                wasted);
        directory.collected(pack, ends, totals);
        return totals;
    }

    /** Of the account, which made all requests of the batch end without an answer; null if there is none, or some were answered. */
    @Nullable
    ApiException refusal() {
        return count(ANSWERED) == 0 ? refusal : null;
    }

    @Override
    public void close() throws IOException {
        try (RecordFile first = keys) {
            ends.close();
        }
    }

    private @Nullable Request request(String customId) throws IOException {
        CustomId id = CustomId.parse(customId);
        if (id == null || !id.tag().equals(pack.tag) || id.position() < 0 || id.position() >= offsets.length) {
            return null;
        }
        Request request = request(id.position());
        boolean isSame =
                request.parked.fingerprint().equals(id.fingerprint()) && request.parked.sample() == id.sample();
        return isSame ? request : null;
    }

    private Request request(int position) throws IOException {
        return new Request(position, ParkedRequest.read(keys.at(offsets[position])));
    }

    private void end(Request request, BatchResult<?> result) throws IOException {
        if (result instanceof BatchResult.Errored<?> error) {
            errored++;
            boolean isOfAccount = Judge.stopsWork(error.error());
            refusal = isOfAccount ? error.error() : refusal;
            if (isOfAccount || error.error().isTransient()) {
                inVain(request, error.error());
            } else {
                known[request.position] = FAILED;
                lost.set(request.position, mayBePaid(error.error()));
                ends.failed(request.parked.key(), error.error());
            }
        } else if (result instanceof BatchResult.Expired<?>) {
            expired++;
            inVain(request, "the batch expired before its turn", Delivery.REFUSED);
        } else if (result instanceof BatchResult.Cancelled<?>) {
            inVain(request, "the batch was cancelled before its turn", Delivery.REFUSED);
        } else if (result instanceof BatchResult.Unreadable<?> line) {
            unreadable++;
            inVain(request, line.problem(), Delivery.UNKNOWN);
        }
    }

    private void inVain(Request request, String what, Delivery delivery) throws IOException {
        ErrorKind kind = delivery == Delivery.ANSWERED ? ErrorKind.MALFORMED_RESPONSE : ErrorKind.TIMEOUT;
        int batches = request.parked.batches() + 1;
        String message = "no answer in " + batches + (batches == 1 ? " batch" : " batches") + "; the last time " + what
                + " (batch " + pack.id + ")";
        inVain(request, ApiException.builder(kind, message).delivery(delivery).build());
    }

    /** The request has no end yet: what becomes of it is a matter of how often that was so. */
    private void inVain(Request request, ApiException error) throws IOException {
        long key = request.parked.key();
        int batches = request.parked.batches() + 1;
        lost.set(request.position, mayBePaid(error));
        if (pack.withdrawal == Withdrawal.CANCELLED) {
            known[request.position] = DROPPED;
            ends.dropped(key);
        } else if (pack.withdrawal == Withdrawal.TOO_SLOW
                || (batches >= settings.maxBatches() && settings.leftoversOnline())) {
            known[request.position] = ONLINE;
            ends.online(key);
        } else if (batches >= settings.maxBatches()) {
            known[request.position] = FAILED;
            ends.failed(key, error);
        } else if (mayBePaid(error)) {
            known[request.position] = WASTED;
            ends.wasted(key, batches);
        } else {
            known[request.position] = AGAIN;
            ends.again(key, request.position, batches);
        }
    }

    private static boolean mayBePaid(ApiException error) {
        return error.delivery().compareTo(Delivery.UNKNOWN) >= 0;
    }

    private boolean isStoring(int at) {
        return (known[at] & STORING) != 0;
    }

    private long count(byte end) {
        long count = 0;
        for (byte each : known) {
            count += each == end ? 1 : 0;
        }
        return count;
    }
}
