package io.headrace.run;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.Item;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.files.DirectoryLock;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.StatisticsSnapshot;
import io.headrace.run.JournalRecord.AttemptEnded;
import io.headrace.run.JournalRecord.AttemptStarted;
import io.headrace.run.JournalRecord.Carried;
import io.headrace.run.JournalRecord.Done;
import io.headrace.run.JournalRecord.Finished;
import io.headrace.run.JournalRecord.Leaf;
import io.headrace.run.JournalRecord.Line;
import io.headrace.run.JournalRecord.RetryFailed;
import io.headrace.run.JournalRecord.RunStarted;
import io.headrace.run.JournalRecord.Superseded;
import io.headrace.run.JournalRecord.Synced;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The files of a run, kept in step: journal, ledger, results and dead letters.
 *
 * <p>Safe for any number of threads, but {@link #write}, {@link #finishPass} and {@link #close} only one at a time.
 */
final class RunDirectory implements AttemptLog, Closeable {

    private final RunFiles files;
    private final DirectoryLock lock;
    private final LongSupplier clock;
    private final Object syncing = new Object();
    private final List<String> notes = new ArrayList<>();
    private final ItemCounts counts = new ItemCounts();
    private final long cutBytes;
    private long changedRows;
    private long syncedEnd;
    private long nextAttempt;
    private boolean closed;
    private @Nullable UncheckedIOException takenAway;
    // opened by the constructor's helper and again after a compaction
    private Ledger ledger;
    private Journal journal;
    private LineFile results;
    private LineFile deadLetters;

    /** What becomes of a row that the dataset gives. */
    enum Admission {
        /** It is worked on. */
        RUN,
        /** The same, because the model had declined before. */
        ASK_AGAIN,
        /** The journal has it. */
        DONE,
        /** It has the id of an earlier row. */
        DUPLICATE
    }

    private RunDirectory(RunFiles files, DirectoryLock lock, Opening opening, LongSupplier clock) throws IOException {
        this.files = files;
        this.lock = lock;
        this.clock = clock;
        Opening.Found found = opening.find(files);
        notes.addAll(found.notes());
        Replay replay = found.replay();
        ledger = replay.ledger();
        journal = Journal.open(files.journal(), replay.end());
        results = LineFile.open(files.results());
        deadLetters = LineFile.open(files.deadLetters());
        long surplus = results.cut(ledger.resultsEnd()) + deadLetters.cut(ledger.deadLettersEnd());
        cutBytes = found.tornBytes() + (found.isDamaged() ? 0 : surplus);
        nextAttempt = ledger.nextAttempt();
        note(new RunStarted(
                JournalFormat.VERSION,
                found.runsBefore() + 1,
                clock.getAsLong(),
                opening.pipeline(),
                opening.dataset()));
        for (long key : ledger.completedRows()) {
            completeRow(key);
        }
        if (opening.retryFailed()) {
            retryFailed();
        }
    }

    /**
     * Opens a directory, made if there is none.
     *
     * @param clock the time in milliseconds
     * @throws IllegalStateException if another run works in it, or its journal is of another version
     */
    static RunDirectory open(Path directory, Opening opening, LongSupplier clock) throws IOException {
        Files.createDirectories(directory);
        DirectoryLock lock = DirectoryLock.take(directory);
        try {
            return new RunDirectory(new RunFiles(directory), lock, opening, clock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Begins a pass over the dataset. */
    synchronized void beginPass() {
        ledger.rows().beginPass();
    }

    /**
     * Takes a row of the pass up.
     *
     * @param duplicateOf told the place of the first row with that id, for {@link Admission#DUPLICATE}
     */
    synchronized Admission admit(Item<?> row, IntConsumer duplicateOf) throws IOException {
        RowIndex rows = ledger.rows();
        long key = RowKey.of(row.id());
        int at = rows.find(key);
        if (at >= 0 && at < rows.passed()) {
            int first = at;
            do {
                key = RowKey.duplicate(key, row.ordinal());
                at = rows.find(key);
            } while (at >= 0 && at < rows.passed());
            boolean known = at >= 0 && RowStatus.isFailed(rows.status(at));
            rows.pass(at, key, row.version());
            duplicateOf.accept(first);
            return known ? Admission.DONE : Admission.DUPLICATE;
        }
        int status = at < 0 ? RowStatus.PENDING : rows.status(at);
        boolean changed = status != RowStatus.PENDING && !rows.sameVersion(at, row.version());
        boolean declined = at >= 0 && rows.wasDeclined(at);
        rows.pass(at, key, row.version());
        if (status != RowStatus.PENDING && !changed) {
            return Admission.DONE;
        }
        if (changed) {
            changedRows++;
            note(new Superseded(key, row.version()));
        } else if (at >= 0 && ledger.hasLeaves()) {
            OpenRow open = ledger.openRow(key);
            if (open == null || open.version() != row.version()) {
                note(new Superseded(key, row.version()));
            }
        }
        return declined ? Admission.ASK_AGAIN : Admission.RUN;
    }

    /** The row is pending because it waits for a batch, after it took {@code tally} in this pass. */
    synchronized void park(String row, Tally tally) {
        counts.parked(tally);
        int at = ledger.rows().find(RowKey.of(row));
        if (at >= 0) {
            ledger.rows().park(at);
        }
    }

    /** The key under which a failed duplicate was admitted, or {@code key} if none was. */
    synchronized long duplicateKey(long key, long ordinal) {
        long duplicate = RowKey.duplicate(key, ordinal);
        return ledger.rows().find(duplicate) >= 0 ? duplicate : key;
    }

    /** Whether the row is done and needs no line any more; leaves of an expansion that it ends without are superseded first. */
    synchronized boolean isDone(long key) throws IOException {
        if (hasEnded(key)) {
            return true;
        }
        OpenRow open = ledger.hasLeaves() ? ledger.openRow(key) : null;
        if (open != null) {
            note(new Superseded(key, open.version()));
        }
        return false;
    }

    /** Whether that descendant of the row is done; leaves of another expansion of the row are superseded first. */
    synchronized boolean isDone(long key, long version, int[] path) throws IOException {
        if (hasEnded(key)) {
            return true;
        }
        OpenRow open = ledger.openRow(key);
        if (open != null && (open.version() != version || open.conflicts(path))) {
            note(new Superseded(key, version));
            return false;
        }
        return open != null && open.has(path);
    }

    long resultsLength() {
        return results.length();
    }

    long deadLettersLength() {
        return deadLetters.length();
    }

    /** Writes a group of lines and then what the journal says of them. */
    void write(JsonLine resultLines, JsonLine deadLetterLines, List<JournalRecord> records) throws IOException {
        try {
            results.append(resultLines.bytes(), resultLines.length());
            deadLetters.append(deadLetterLines.bytes(), deadLetterLines.length());
            synchronized (this) {
                for (JournalRecord record : records) {
                    note(record);
                    count(record);
                }
            }
        } catch (IOException e) {
            cutToJournal(e);
            throw e;
        }
    }

    private void count(JournalRecord record) throws IOException {
        if (record instanceof Done done) {
            counts.row(done.status());
            counts.item(done.status(), done.tally());
        } else if (record instanceof Leaf leaf) {
            counts.item(leaf.status(), leaf.tally());
            OpenRow open = ledger.openRow(leaf.key());
            if (open != null && open.isComplete()) {
                completeRow(leaf.key());
                counts.row(open.status());
            }
        }
    }

    /** What to tell of {@code e}: the files cannot be {@code what}. */
    UncheckedIOException failure(String what, IOException e) {
        return new UncheckedIOException(
                "the results in " + files.directory() + " cannot be " + what + ": " + ErrorText.message(e)
                        + "; what was emitted is safe, the rest is pending: run again when the cause is gone",
                e);
    }

    /** Else the next opening would take what {@code failure} left for an edit, and keep a copy on a disk that may be full. */
    private synchronized void cutToJournal(IOException failure) {
        try {
            results.cut(ledger.resultsEnd());
            deadLetters.cut(ledger.deadLettersEnd());
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** @throws UncheckedIOException if somebody has deleted, moved, replaced or shortened a file; nothing is written from then on */
    void requireInPlace() throws IOException {
        synchronized (syncing) {
            long resultsEnd;
            long deadLettersEnd;
            synchronized (this) {
                if (closed) {
                    return;
                }
                resultsEnd = ledger.resultsEnd();
                deadLettersEnd = ledger.deadLettersEnd();
            }
            try {
                journal.requireInPlace();
                results.requireInPlace(resultsEnd);
                deadLetters.requireInPlace(deadLettersEnd);
            } catch (NoSuchFileException e) {
                UncheckedIOException taken = new UncheckedIOException(
                        e.getFile()
                                + " was deleted, moved, replaced or shortened while it was written: results since then are lost,"
                                + " and those that are not in it any more; run again, and what a cache holds costs nothing",
                        e);
                synchronized (this) {
                    takenAway = taken;
                }
                throw taken;
            }
        }
    }

    /** Makes what was written so far survive power loss. */
    void sync() throws IOException {
        synchronized (syncing) {
            long end;
            Synced mark;
            synchronized (this) {
                end = journal.end();
                if (closed || takenAway != null || end == syncedEnd) {
                    return;
                }
                mark = new Synced(ledger.resultsEnd(), ledger.deadLettersEnd());
            }
            results.sync();
            deadLetters.sync();
            synchronized (this) {
                boolean quiet = journal.end() == end;
                note(mark);
                end = quiet ? journal.end() : end;
            }
            journal.sync();
            syncedEnd = end;
        }
    }

    /**
     * Ends a pass that came to the end of the dataset.
     *
     * @param whole whether rows that did not come are gone from the dataset
     */
    void finishPass(boolean whole) throws IOException {
        synchronized (syncing) {
            synchronized (this) {
                RowIndex rows = ledger.rows();
                if (rows.seen(RowStatus.PENDING) > 0) {
                    return;
                }
                long removed = whole ? rows.size() - rows.passed() : 0;
                if (removed > 0) {
                    notes.add("rows that are not in the dataset any more, whose results were dropped: " + removed);
                }
                long kept = whole ? 0 : rows.size() - rows.passed() - rows.unseen(RowStatus.PENDING);
                if (kept > 0) {
                    notes.add(
                            "rows behind those that were asked for, done before: they stay in the files and in what is made of"
                                    + " them, and are in no count of items: " + kept);
                }
                if (whole && (removed > 0 || ledger.hasStaleLines())) {
                    compact();
                }
                if (changedRows > 0) {
                    notes.add("rows that changed since they were done and were run again: " + changedRows);
                }
                note(new Finished(clock.getAsLong()));
            }
            sync();
        }
    }

    /**
     * Adds what this opening's calls took beside the items that are done: for reductions, and for items that were cut off. The
     * process that dies before loses that.
     *
     * @param calls all that was heard of calls since the opening
     */
    synchronized void besideItems(StatisticsSnapshot calls) throws IOException {
        Tally rest = Figures.beside(counts, calls);
        if (rest.calls() > 0 || rest.attempts() > 0 || rest.retried() > 0) {
            note(new Carried(Totals.ZERO.done(rest)));
        }
    }

    /** What the items of this opening came to. */
    ItemCounts counts() {
        return counts;
    }

    /** Reads what the journal says at this moment. */
    synchronized <R> R read(Function<Ledger, R> reader) {
        return reader.apply(ledger);
    }

    /** What people should know about how this run relates to earlier ones. */
    synchronized List<String> notes() {
        return List.copyOf(notes);
    }

    /** Bytes of torn or damaged ends that were cut off at the opening. */
    long cutBytes() {
        return cutBytes;
    }

    @Override
    public long started(Fingerprint fingerprint, int sample, Cost reserved) {
        try {
            synchronized (this) {
                long attempt = nextAttempt++;
                note(new AttemptStarted(attempt, fingerprint, sample, reserved));
                return attempt;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot note an attempt: " + ErrorText.message(e), e);
        }
    }

    @Override
    public synchronized void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
        if (closed || takenAway != null) {
            return; // the attempt counts as one with unknown outcome, which is the safe side
        }
        try {
            note(new AttemptEnded(attempt, delivery, usage, cost));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot note the end of an attempt: " + ErrorText.message(e), e);
        }
    }

    /** Syncs and frees everything; does nothing the second time. */
    @Override
    public void close() throws IOException {
        synchronized (syncing) {
            try (lock) {
                sync();
            } finally {
                synchronized (this) {
                    if (!closed) {
                        closed = true;
                        closeFiles();
                    }
                }
            }
        }
    }

    private long failed() {
        RowIndex rows = ledger.rows();
        long failed = 0;
        for (int status = RowStatus.FAILED; status < RowStatus.COUNT; status++) {
            failed += rows.seen(status) + rows.unseen(status);
        }
        return failed;
    }

    /** Every failed row is pending, a row that is not done and has a failed descendant from its start: its letters go too. */
    private void retryFailed() throws IOException {
        List<Long> open = ledger.openRowsWithFailures();
        long failed = failed() + open.size();
        if (failed == 0) {
            return;
        }
        notes.add("failed rows that are tried again: " + failed);
        for (long key : open) {
            OpenRow row = Objects.requireNonNull(ledger.openRow(key));
            note(new Superseded(key, row.version()));
        }
        note(new RetryFailed());
        deadLetters.cut(0);
    }

    private boolean hasEnded(long key) {
        int at = ledger.rows().find(key);
        return at >= 0 && ledger.rows().status(at) != RowStatus.PENDING;
    }

    private void completeRow(long key) throws IOException {
        OpenRow open = ledger.openRow(key);
        if (open != null) {
            note(new Done(key, open.ordinal(), open.version(), open.status(), Line.NONE, Tally.ZERO));
        }
    }

    private void note(JournalRecord record) throws IOException {
        if (takenAway != null) {
            throw takenAway; // a write to a page that the file has no more would be an error of the Java process
        }
        journal.append(record);
        ledger.apply(record);
    }

    private void compact() throws IOException {
        new Compaction(files, ledger).run(results, deadLetters);
        closeFiles();
        Replay replay = Replay.of(files);
        ledger = replay.ledger();
        ledger.rows().passAll();
        journal = Journal.open(files.journal(), replay.end());
        results = LineFile.open(files.results());
        deadLetters = LineFile.open(files.deadLetters());
    }

    private void closeFiles() throws IOException {
        try (Ledger rows = ledger;
                LineFile first = results;
                LineFile second = deadLetters) {
            journal.close();
        }
    }
}
