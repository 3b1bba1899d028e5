package io.headrace.batch;

import io.headrace.Cost;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What the journal of a queue says, in the order in which it became true. */
sealed interface QueueRecord {

    /** Written to the first record; a journal of another format is not read. */
    int FORMAT = 2;

    /** @param tag begins the tags of all batches of this queue */
    record Began(int format, String tag) implements QueueRecord {}

    /** A pack takes requests. */
    record Opened(int pack, String lane, String group, String tag, Instant time) implements QueueRecord {}

    /** It takes no more, and its files are on the disk. */
    record Sealed(int pack, int requests) implements QueueRecord {}

    /**
     * An attempt to submit begins.
     *
     * @param account that is asked; null where that is not known, as in journals before November 23, 2026
     */
    record Intended(
            int pack, int attempt, Instant time, @Nullable BatchAccount account) implements QueueRecord {}

    /** Its upload has a handle; the batch is asked for after this. */
    record Uploaded(int pack, String handle) implements QueueRecord {}

    /** Nothing is on its way any more from that time on, and the outcome is not known. */
    record Doubted(int pack, Instant time) implements QueueRecord {}

    /** The upload is about to be revoked. */
    record Revoked(int pack) implements QueueRecord {}

    /** There is a batch of the attempt. */
    record Submitted(int pack, String id, Instant time) implements QueueRecord {}

    /** There is no batch of the attempt, or one that came to nothing: it may be submitted again. */
    record Returned(int pack) implements QueueRecord {}

    /** It is not wanted any more, for that reason; what was finished is taken. */
    record Withdrawn(int pack, Withdrawal why) implements QueueRecord {}

    /**
     * The ends of its requests are on the disk.
     *
     * @param claims answers that were claimed before
     */
    record Collected(int pack, Instant time, long claims, BatchTotals totals) implements QueueRecord {}

    /**
     * What had ended as an error is unknown again, and what was claimed nobody's own.
     *
     * @param claims answers that were claimed before
     */
    record RetryFailed(long claims) implements QueueRecord {}

    /** The pack that it is about; 0 for the queue. */
    default int pack() {
        return 0;
    }

    default RecordWriter write() {
        if (this instanceof Began began) {
            return new RecordWriter(1).number(began.format).text(began.tag);
        } else if (this instanceof Opened opened) {
            return new RecordWriter(2)
                    .number(opened.pack)
                    .text(opened.lane)
                    .text(opened.group)
                    .text(opened.tag)
                    .fixed64(opened.time.toEpochMilli());
        } else if (this instanceof Sealed sealed) {
            return new RecordWriter(3).number(sealed.pack).number(sealed.requests);
        } else if (this instanceof Intended intended) {
            RecordWriter out = new RecordWriter(4)
                    .number(intended.pack)
                    .number(intended.attempt)
                    .fixed64(intended.time.toEpochMilli());
            BatchAccount account = intended.account;
            return account == null
                    ? out
                    : out.text(account.name())
                            .text(account.newest())
                            .fixed64(account.newestAt().toEpochMilli());
        } else if (this instanceof Uploaded uploaded) {
            return new RecordWriter(5).number(uploaded.pack).text(uploaded.handle);
        } else if (this instanceof Doubted doubted) {
            return new RecordWriter(6).number(doubted.pack).fixed64(doubted.time.toEpochMilli());
        } else if (this instanceof Revoked revoked) {
            return new RecordWriter(7).number(revoked.pack);
        } else if (this instanceof Submitted submitted) {
            return new RecordWriter(8).number(submitted.pack).text(submitted.id).fixed64(submitted.time.toEpochMilli());
        } else if (this instanceof Returned returned) {
            return new RecordWriter(9).number(returned.pack);
        } else if (this instanceof Withdrawn withdrawn) {
            return new RecordWriter(10).number(withdrawn.pack).text(withdrawn.why.name());
        } else if (this instanceof Collected collected) {
            return totals(
                    new RecordWriter(11)
                            .number(collected.pack)
                            .fixed64(collected.time.toEpochMilli())
                            .number(collected.claims),
                    collected.totals);
        }
        return new RecordWriter(12).number(((RetryFailed) this).claims);
    }

    /** Null for a type that this version does not know. */
    static @Nullable QueueRecord read(RecordReader in) {
        return switch (in.type()) {
            case 1 -> new Began(in.integer(), in.text());
            case 2 -> new Opened(in.integer(), in.text(), in.text(), in.text(), time(in));
            case 3 -> new Sealed(in.integer(), in.integer());
            case 4 -> new Intended(in.integer(), in.integer(), time(in), in.hasMore() ? account(in) : null);
            case 5 -> new Uploaded(in.integer(), in.text());
            case 6 -> new Doubted(in.integer(), time(in));
            case 7 -> new Revoked(in.integer());
            case 8 -> new Submitted(in.integer(), in.text(), time(in));
            case 9 -> new Returned(in.integer());
            case 10 -> new Withdrawn(in.integer(), Withdrawal.valueOf(in.text()));
            case 11 -> new Collected(in.integer(), time(in), in.number(), totals(in));
            case 12 -> new RetryFailed(in.number());
            default -> null;
        };
    }

    private static BatchAccount account(RecordReader in) {
        return new BatchAccount(in.text(), in.text(), time(in));
    }

    private static Instant time(RecordReader in) {
        return Instant.ofEpochMilli(in.fixed64());
    }

    private static RecordWriter totals(RecordWriter out, BatchTotals totals) {
        return out.number(totals.answered())
                .number(totals.failed())
                .number(totals.online())
                .number(totals.again())
                .number(totals.cancelled())
                .number(totals.errored())
                .number(totals.expired())
                .number(totals.missing())
                .number(totals.unreadable())
                .number(totals.duplicates())
                .number(totals.foreign())
                .cost(totals.cost())
                .cost(totals.wasted());
    }

    private static BatchTotals totals(RecordReader in) {
        return new BatchTotals(
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.number(),
                in.cost(),
                in.isAtEnd() ? Cost.ZERO : in.cost()); // earlier versions did not count it
    }
}
