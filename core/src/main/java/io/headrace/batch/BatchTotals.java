package io.headrace.batch;

import io.headrace.Cost;

/**
 * What became of the requests of a batch, or of several. Their ends add up: {@code answered + failed + online + again + cancelled} is
 * how many there were.
 *
 * @param answered whose answers are stored
 * @param failed that ended with an error
 * @param online that shall be asked for online
 * @param again that went into a later batch, or go there when they are asked for anew, because this one may have been paid
 * @param cancelled that were given up, and may be parked anew
 * @param errored results that told of an error, whatever end that led to
 * @param expired results that told of expiry
 * @param missing requests without a result
 * @param unreadable results that could not be understood, and answers that may not be kept
 * @param duplicates results beyond the first of a request; not counted above
 * @param foreign results that are of no request of the batch; not counted above
 * @param cost of the answers that are stored
 * @param wasted what answers cost that may not be kept, and at most what results that were lost; no item has it in its account
 */
public record BatchTotals(
        long answered,
        long failed,
        long online,
        long again,
        long cancelled,
        long errored,
        long expired,
        long missing,
        long unreadable,
        long duplicates,
        long foreign,
        Cost cost,
        Cost wasted) {

    public static final BatchTotals NONE = new BatchTotals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Cost.ZERO, Cost.ZERO);

    /** Requests. */
    public long requests() {
        return answered + failed + online + again + cancelled;
    }

    public BatchTotals plus(BatchTotals other) {
        return new BatchTotals(
                answered + other.answered,
                failed + other.failed,
                online + other.online,
                again + other.again,
                cancelled + other.cancelled,
                errored + other.errored,
                expired + other.expired,
                missing + other.missing,
                unreadable + other.unreadable,
                duplicates + other.duplicates,
                foreign + other.foreign,
                cost.plus(other.cost),
                wasted.plus(other.wasted));
    }
}
