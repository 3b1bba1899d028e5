package io.headrace.run;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Fingerprint;
import io.headrace.Tally;
import io.headrace.Usage;

/** One fact in the journal. */
sealed interface JournalRecord {

    /**
     * A process took the run up.
     *
     * @param run 1 for the first, counting on with each resumption
     * @param pipeline what the results depend on besides the rows
     * @param dataset the dataset's signature
     */
    record RunStarted(int format, int run, long timeMillis, String pipeline, String dataset) implements JournalRecord {}

    /**
     * A line in one of the files.
     *
     * @param end the offset behind the line, its line feed included
     * @param crc CRC32C of the line, its line feed included
     */
    record Line(Sink sink, long end, int crc) {

        /** A skipped item has no line. */
        static final Line NONE = new Line(Sink.NONE, 0, 0);
    }

    /** Which file a line went to. */
    enum Sink {
        NONE,
        RESULTS,
        DEAD_LETTERS
    }

    /**
     * A row is done.
     *
     * @param status a {@link RowStatus}, not pending
     * @param line where its result or dead letter stands; none for a skipped row and for one whose leaves have the lines
     * @param tally what it took; zero where the leaves have it
     */
    record Done(long key, long ordinal, long version, int status, Line line, Tally tally) implements JournalRecord {

        /** Whether the row was expanded and its leaves have the lines. */
        boolean isByLeaves() {
            return line.sink() == Sink.NONE && status != RowStatus.SKIPPED;
        }
    }

    /**
     * An item that descends from a row by expand steps is done.
     *
     * @param path index and number of siblings, alternating, from the row downwards
     */
    @SuppressWarnings("ArrayRecordComponent") // written once, never handed out
    record Leaf(long key, long ordinal, long version, int[] path, int status, Line line, Tally tally)
            implements JournalRecord {}

    /** An attempt is about to be sent. */
    record AttemptStarted(long attempt, Fingerprint fingerprint, int sample, Cost reserved) implements JournalRecord {}

    /** An attempt ended within its process. */
    record AttemptEnded(long attempt, Delivery delivery, Usage usage, Cost cost) implements JournalRecord {}

    /** Both files are on the disk up to these offsets. */
    record Synced(long results, long deadLetters) implements JournalRecord {}

    /** What stands of the row before here holds no longer; it is pending, now with that version. */
    record Superseded(long key, long version) implements JournalRecord {}

    /** Every failed row is pending again, and the dead letters start anew. */
    record RetryFailed() implements JournalRecord {}

    /** Every row of the dataset is done. */
    record Finished(long timeMillis) implements JournalRecord {}

    /** What else belongs to the totals: what records that a compaction dropped had added, and calls beside the items that are done. */
    record Carried(Totals totals) implements JournalRecord {}
}
