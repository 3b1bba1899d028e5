package io.headrace.run;

import io.headrace.Tally;
import org.HdrHistogram.Histogram;

/** What this run's items came to. Not thread-safe. */
final class ItemCounts {

    private final long[] rows = new long[RowStatus.COUNT];
    private final Histogram micros = new Histogram(3);
    private Tally taken = Tally.ZERO;
    private Tally takenByParked = Tally.ZERO;

    void row(int status) {
        rows[status]++;
    }

    void item(int status, Tally tally) {
        taken = taken.plus(tally);
        if (status != RowStatus.SKIPPED) {
            micros.recordValue(Math.max(0, tally.elapsed().toNanos() / 1000));
        }
    }

    long rows(int status) {
        return rows[status];
    }

    /** Rows done. */
    long done() {
        long done = 0;
        for (long count : rows) {
            done += count;
        }
        return done;
    }

    void parked(Tally tally) {
        takenByParked = takenByParked.plus(tally);
    }

    /** What those that are done took. */
    Tally taken() {
        return taken;
    }

    /** What those took that wait for batches. */
    Tally takenByParked() {
        return takenByParked;
    }

    Histogram micros() {
        return micros;
    }
}
