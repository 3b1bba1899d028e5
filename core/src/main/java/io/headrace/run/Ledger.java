package io.headrace.run;

import io.headrace.Tally;
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
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What a journal says when all its records are added up: the same code counts while a run goes on and when it is taken up
 * again. Not thread-safe.
 */
final class Ledger implements Closeable {

    private final RowIndex rows;
    private final Map<Long, OpenRow> openRows = new HashMap<>();
    private final Map<Long, AttemptStarted> openAttempts = new HashMap<>();
    private final Histogram itemMicros = new Histogram(3);
    private Totals totals = Totals.ZERO;
    private @Nullable RunStarted run;
    private long since;
    private long resultsEnd;
    private long deadLettersEnd;
    private long lastAttempt;
    private boolean hasLeaves;
    private boolean hasStaleLines;
    private boolean finished;

    Ledger(Path directory) throws IOException {
        this.rows = RowIndex.create(directory);
    }

    /** Adds a record. */
    void apply(JournalRecord record) throws IOException {
        if (record instanceof AttemptStarted started) {
            totals = totals.started();
            lastAttempt = Math.max(lastAttempt, started.attempt());
            openAttempts.put(started.attempt(), started);
        } else if (record instanceof AttemptEnded ended) {
            AttemptStarted started = openAttempts.remove(ended.attempt());
            if (started != null) {
                totals = totals.ended(ended.delivery(), ended.usage(), ended.cost(), started.reserved());
            }
        } else if (record instanceof Done done) {
            rows.put(done.key(), done.version(), done.status());
            openRows.remove(done.key());
            line(done.line());
            item(done.status(), done.tally());
        } else if (record instanceof Leaf leaf) {
            open(leaf).add(leaf.path(), leaf.status());
            line(leaf.line());
            item(leaf.status(), leaf.tally());
        } else if (record instanceof Superseded superseded) {
            int at = rows.find(superseded.key());
            int status = at < 0 ? RowStatus.PENDING : rows.status(at);
            hasStaleLines |= hasLeaves || status == RowStatus.OK || RowStatus.isFailed(status);
            rows.put(superseded.key(), superseded.version(), RowStatus.PENDING);
            openRows.remove(superseded.key());
        } else if (record instanceof RetryFailed) {
            rows.retryFailed();
            deadLettersEnd = 0;
        } else if (record instanceof RunStarted started) {
            openAttempts.values().forEach(attempt -> totals = totals.lost(attempt.reserved()));
            openAttempts.clear();
            since = run == null || finished ? started.timeMillis() : since;
            run = started;
            finished = false;
        } else if (record instanceof Finished) {
            finished = true;
        } else if (record instanceof Carried carried) {
            totals = totals.plus(carried.totals());
        }
    }

    /** Adds a record whose line is not in its file any more: what it took stays counted, its row is pending. */
    void lose(JournalRecord record) throws IOException {
        if (record instanceof Done done && !done.isByLeaves()) {
            rows.put(done.key(), done.version(), RowStatus.PENDING);
            totals = totals.done(done.tally());
        } else if (record instanceof Leaf leaf) {
            open(leaf);
            totals = totals.done(leaf.tally());
        }
    }

    RowIndex rows() {
        return rows;
    }

    Totals totals() {
        return totals;
    }

    /** When the first of the runs started that work on what is pending now, in milliseconds. */
    long since() {
        return since;
    }

    /** How long items took, in microseconds. */
    Histogram itemMicros() {
        return itemMicros;
    }

    /** The run that wrote last; null in an empty journal. */
    @Nullable
    RunStarted run() {
        return run;
    }

    @Nullable
    OpenRow openRow(long key) {
        return openRows.get(key);
    }

    /** Whether every leaf of the row is done, and the row itself not yet. */
    boolean isComplete(long key) {
        OpenRow open = openRows.get(key);
        return open != null && open.isComplete();
    }

    /** Rows whose every leaf is done and that are not themselves. */
    List<Long> completedRows() {
        List<Long> keys = new ArrayList<>();
        openRows.forEach((key, row) -> {
            if (row.isComplete()) {
                keys.add(key);
            }
        });
        return keys;
    }

    /** Rows of which a leaf has failed and others are not done. */
    List<Long> openRowsWithFailures() {
        List<Long> keys = new ArrayList<>();
        openRows.forEach((key, row) -> {
            if (RowStatus.isFailed(row.status())) {
                keys.add(key);
            }
        });
        return keys;
    }

    /** Attempts that have started and not ended. */
    List<AttemptStarted> openAttempts() {
        return List.copyOf(openAttempts.values());
    }

    long nextAttempt() {
        return lastAttempt + 1;
    }

    long resultsEnd() {
        return resultsEnd;
    }

    long deadLettersEnd() {
        return deadLettersEnd;
    }

    /** Whether any row was expanded. */
    boolean hasLeaves() {
        return hasLeaves;
    }

    /** Whether a file may hold lines of rows that were superseded. */
    boolean hasStaleLines() {
        return hasStaleLines;
    }

    /** Whether the last run came to its end. */
    boolean finished() {
        return finished;
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }

    private OpenRow open(Leaf leaf) throws IOException {
        hasLeaves = true;
        if (rows.find(leaf.key()) < 0) {
            rows.put(leaf.key(), leaf.version(), RowStatus.PENDING);
        }
        return openRows.computeIfAbsent(leaf.key(), key -> new OpenRow(leaf.ordinal(), leaf.version()));
    }

    private void line(Line line) {
        switch (line.sink()) {
            case RESULTS -> resultsEnd = line.end();
            case DEAD_LETTERS -> deadLettersEnd = line.end();
            case NONE -> {}
        }
    }

    private void item(int status, Tally tally) {
        totals = totals.done(tally);
        if (status != RowStatus.SKIPPED) {
            itemMicros.recordValue(Math.max(0, tally.elapsed().toNanos() / 1000));
        }
    }
}
