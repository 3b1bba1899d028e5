package io.headrace.run;

import io.headrace.Tally;
import io.headrace.run.JournalRecord.AttemptStarted;
import io.headrace.run.JournalRecord.Carried;
import io.headrace.run.JournalRecord.Done;
import io.headrace.run.JournalRecord.Leaf;
import io.headrace.run.JournalRecord.Line;
import io.headrace.run.JournalRecord.RetryFailed;
import io.headrace.run.JournalRecord.RunStarted;
import io.headrace.run.JournalRecord.Sink;
import io.headrace.run.JournalRecord.Superseded;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files anew, without the lines of rows that were superseded, were not seen in the pass, or whose lines do not
 * hold. What those took stays in the totals. Uses the index's versions up: it is not to be asked again afterwards.
 */
final class Compaction {

    private static final int MAX_COUNT = 0xFFFF;

    private final RunFiles files;
    private final Ledger ledger;
    private final RowIndex rows;
    private long lastRetry;
    private Tally dropped = Tally.ZERO;

    Compaction(RunFiles files, Ledger ledger) {
        this.files = files;
        this.ledger = ledger;
        this.rows = ledger.rows();
    }

    /** Writes the compacted files and commits them; the open ones are read through {@code results, deadLetters}. */
    void run(LineFile results, LineFile deadLetters) throws IOException {
        countSuperseded();
        try (LineFile newResults = LineFile.open(files.compactResults());
                LineFile newDeadLetters = LineFile.open(files.compactDeadLetters());
                Journal journal = Journal.open(files.compactJournal(), 0)) {
            newResults.cut(0);
            newDeadLetters.cut(0);
            RunStarted run = Objects.requireNonNull(ledger.run());
            journal.append(run);
            Copy resultLines = new Copy(results, newResults);
            Copy deadLetterLines = new Copy(deadLetters, newDeadLetters);
            JournalReader.read(files.journal(), 0, (record, start) -> {
                JournalRecord kept = copy(record, start, resultLines, deadLetterLines);
                if (kept != null) {
                    journal.append(kept);
                }
                return true;
            });
            resultLines.flush();
            deadLetterLines.flush();
            journal.append(new Carried(carried()));
            for (AttemptStarted attempt : ledger.openAttempts()) {
                journal.append(attempt);
            }
            newResults.sync();
            newDeadLetters.sync();
            journal.sync();
        }
        files.commitCompaction();
    }

    /** How often each row was superseded: what stands before the last time is stale. */
    private void countSuperseded() throws IOException {
        for (int position = 0; position < rows.size(); position++) {
            rows.counter(position, 0);
        }
        JournalReader.read(files.journal(), 0, (record, start) -> {
            if (record instanceof Superseded superseded) {
                int position = rows.find(superseded.key());
                if (rows.counter(position) == MAX_COUNT) {
                    throw new IOException("a row was superseded " + MAX_COUNT + " times: start afresh");
                }
                rows.counter(position, rows.counter(position) + 1);
            } else if (record instanceof RetryFailed) {
                lastRetry = start;
            }
            return true;
        });
    }

    private @Nullable JournalRecord copy(JournalRecord record, long start, Copy results, Copy deadLetters)
            throws IOException {
        if (record instanceof Done done) {
            boolean keep = holds(done.key(), done.status(), start) && isDone(done.key());
            Line line = copy(done.line(), keep, start, results, deadLetters);
            dropped = keep ? dropped : dropped.plus(done.tally());
            return keep
                    ? new Done(done.key(), done.ordinal(), done.version(), done.status(), line, done.tally())
                    : null;
        } else if (record instanceof Leaf leaf) {
            boolean keep = holds(leaf.key(), leaf.status(), start) && isDone(leaf);
            Line line = copy(leaf.line(), keep, start, results, deadLetters);
            dropped = keep ? dropped : dropped.plus(leaf.tally());
            return keep
                    ? new Leaf(
                            leaf.key(), leaf.ordinal(), leaf.version(), leaf.path(), leaf.status(), line, leaf.tally())
                    : null;
        } else if (record instanceof Superseded superseded) {
            int position = rows.find(superseded.key());
            rows.counter(position, rows.counter(position) - 1);
        } else if (record instanceof Carried carried) {
            dropped = dropped.plus(carried.totals().items());
        }
        return null;
    }

    private boolean holds(long key, int status, long start) {
        int position = rows.find(key);
        return position < rows.passed()
                && rows.counter(position) == 0
                && !(RowStatus.isFailed(status) && start < lastRetry);
    }

    /** A row that is pending although the journal has it as done has lost its line. */
    private boolean isDone(long key) {
        return rows.status(rows.find(key)) != RowStatus.PENDING;
    }

    private boolean isDone(Leaf leaf) {
        OpenRow open = ledger.openRow(leaf.key());
        return isDone(leaf.key()) || (open != null && open.has(leaf.path()));
    }

    private Line copy(Line line, boolean keep, long start, Copy results, Copy deadLetters) throws IOException {
        if (line.sink() == Sink.NONE || (line.sink() == Sink.DEAD_LETTERS && start < lastRetry)) {
            return Line.NONE;
        }
        Copy copy = line.sink() == Sink.RESULTS ? results : deadLetters;
        return new Line(line.sink(), copy.to(line.end(), keep), line.crc());
    }

    /** All but what the kept records will add again. */
    private Totals carried() {
        Totals all = ledger.totals();
        return new Totals(
                all.sent() - ledger.openAttempts().size(),
                all.unknown(),
                all.lost(),
                all.lostCost(),
                all.used(),
                all.paid(),
                all.doubtful(),
                dropped);
    }

    /** Copies lines from one file to another, neighbours in one go. */
    private static final class Copy {

        private final LineFile source;
        private final LineFile target;
        private long from;
        private long to;
        private long length;

        Copy(LineFile source, LineFile target) {
            this.source = source;
            this.target = target;
        }

        /** Takes or leaves the line that ends at {@code end}; gives its end in the target. */
        long to(long end, boolean keep) throws IOException {
            if (keep) {
                length += end - to;
                to = end;
            } else {
                flush();
                from = end;
                to = end;
            }
            return length;
        }

        void flush() throws IOException {
            source.copyTo(target, from, to);
            from = to;
        }
    }
}
