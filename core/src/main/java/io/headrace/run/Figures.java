package io.headrace.run;

import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.observe.StatisticsSnapshot;
import io.headrace.observe.StatisticsSnapshot.Times;
import io.headrace.run.RunReport.Attempts;
import io.headrace.run.RunReport.Calls;
import io.headrace.run.RunReport.Items;
import io.headrace.run.RunReport.Part;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.IntToLongFunction;
import org.HdrHistogram.Histogram;

/** Reads the numbers of reports and progress off the journal's ledger and the statistics. */
final class Figures {

    private Figures() {}

    /**
     * All rows, over all resumptions.
     *
     * @param passed whether the pass came to the end of the dataset: then only its rows count
     * @param size the number of rows, where it is known
     */
    static Items items(RowIndex rows, boolean passed, OptionalLong size) {
        IntToLongFunction count = counts(rows, passed);
        long in = passed ? rows.passed() : Math.max(size.orElse(0), rows.size());
        long ok = count.applyAsLong(RowStatus.OK);
        long skipped = count.applyAsLong(RowStatus.SKIPPED);
        long failed = sum(byKind(count));
        long cancelled = rows.seen(RowStatus.PENDING) - rows.parked();
        return new Items(in, ok, failed, skipped, cancelled, in - ok - failed - skipped - cancelled);
    }

    static Part total(Ledger ledger, boolean passed, OptionalLong size) {
        RowIndex rows = ledger.rows();
        Totals totals = ledger.totals();
        Tally tally = totals.items();
        boolean logged = totals.sent() > 0;
        return new Part(
                items(rows, passed, size),
                new Calls(
                        logged ? totals.sent() : tally.attempts(),
                        tally.cached(),
                        tally.retried(),
                        totals.unknown() + totals.lost(),
                        share(tally.cached(), tally.calls())),
                byKind(counts(rows, passed)),
                times(ledger.itemMicros()),
                logged ? totals.used() : tally.usage(),
                logged ? totals.paid() : tally.cost(),
                tally.saved());
    }

    /** @param parked rows that wait for a batch */
    static Part thisRun(ItemCounts counts, long cancelled, long parked, StatisticsSnapshot statistics) {
        long ok = counts.rows(RowStatus.OK);
        long skipped = counts.rows(RowStatus.SKIPPED);
        Map<ErrorKind, Long> failures = byKind(counts::rows);
        long failed = sum(failures);
        return new Part(
                new Items(ok + failed + skipped + cancelled + parked, ok, failed, skipped, cancelled, parked),
                new Calls(
                        statistics.attempts().sent(),
                        statistics.calls().cached(),
                        statistics.attempts().retried(),
                        statistics.attempts().unknownOutcome(),
                        share(statistics.calls().cached(), statistics.calls().total())),
                failures,
                times(counts.micros()),
                statistics.usage(),
                statistics.cost(),
                statistics.saved());
    }

    /**
     * What calls took beside the items that are done; tokens and money of attempts are in the journal by themselves. An item that waits
     * for a batch reads in each pass what it read before: of it only the retries count. Nothing where items know of more than was heard.
     */
    static Tally beside(ItemCounts items, StatisticsSnapshot calls) {
        Tally done = items.taken();
        Tally read = done.plus(items.takenByParked());
        return new Tally(
                Math.max(0, calls.calls().total() - read.calls()),
                Math.max(0, calls.calls().cached() - read.cached()),
                Math.max(0, calls.attempts().sent() - read.attempts()),
                Math.max(0, calls.attempts().retried() - done.retried()),
                Duration.ZERO,
                Duration.ZERO,
                Usage.ZERO,
                Cost.ZERO,
                new Cost(
                        calls.saved().usd().subtract(read.saved().usd()).max(BigDecimal.ZERO),
                        Math.max(0, calls.saved().unknown() - read.saved().unknown())));
    }

    static Attempts attempts(StatisticsSnapshot statistics) {
        return new Attempts(
                statistics.attempts().retriedByKind(),
                statistics.attempts().rateLimited(),
                statistics.attemptTime(),
                statistics.queueTime());
    }

    /** How many rows have a status. */
    private static IntToLongFunction counts(RowIndex rows, boolean passed) {
        return passed ? rows::seen : status -> rows.seen(status) + rows.unseen(status);
    }

    private static Map<ErrorKind, Long> byKind(IntToLongFunction count) {
        Map<ErrorKind, Long> byKind = new EnumMap<>(ErrorKind.class);
        for (int status = RowStatus.FAILED; status < RowStatus.COUNT; status++) {
            long rows = count.applyAsLong(status);
            if (rows > 0) {
                byKind.put(RowStatus.kind(status), rows);
            }
        }
        return byKind;
    }

    private static long sum(Map<ErrorKind, Long> counts) {
        long sum = 0;
        for (long count : counts.values()) {
            sum += count;
        }
        return sum;
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static Times times(Histogram micros) {
        return micros.getTotalCount() == 0
                ? Times.NONE
                : new Times(micros.getTotalCount(), at(micros, 50), at(micros, 95), at(micros, 99), at(micros, 100));
    }

    private static Duration at(Histogram micros, double percentile) {
        return Duration.ofNanos(micros.getValueAtPercentile(percentile) * 1000);
    }
}
