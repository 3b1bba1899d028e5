package io.headrace.run;

import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.GateSnapshot;
import io.headrace.admission.Level;
import io.headrace.observe.StatisticsSnapshot.Times;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a run came to, this time and over all its resumptions. Items are counted from the journal.
 *
 * @param directory where its files are
 * @param run 1 for the first run in the directory, counting on with each resumption
 * @param startedAt when this run started
 * @param duration how long this run took
 * @param end how this run ended
 * @param reason why it did not finish; empty if it did
 * @param allRowsKnown whether the number of rows of the dataset is known: it says so, or this run read it to its end. Where it
 *     is not, there may be more rows than {@code total} counts
 * @param thisRun what was done this time
 * @param attempts what is known of the attempts of this time only
 * @param total what was done over all resumptions
 * @param lostCalls attempts of earlier processes that died before the attempt ended: sent, outcome unknown
 * @param lostCost the most that these may have cost
 * @param cutBytes bytes of torn or damaged ends of files that were cut off when this run started
 * @param notes what changed since the run before, and what went wrong besides the items
 * @param waiting what waits for batches
 * @param budget what is spent, reserved and allowed, where the run has a budget; what waits for batches is reserved
 * @param gates the gates of {@link Run.Builder#gate} at the end
 * @param limits how their limits changed, this time
 * @param reductions the results of the reductions by name; empty unless finished
 * @param failedReductions why those reductions failed that did, by name; running again tries them again
 */
public record RunReport(
        Path directory,
        int run,
        Instant startedAt,
        Duration duration,
        End end,
        String reason,
        boolean allRowsKnown,
        Part thisRun,
        Attempts attempts,
        Part total,
        long lostCalls,
        Cost lostCost,
        long cutBytes,
        List<String> notes,
        Waiting waiting,
        Optional<Budget.Balance> budget,
        List<GateSnapshot> gates,
        List<LimitPoint> limits,
        Map<String, Object> reductions,
        Map<String, String> failedReductions) {

    public RunReport {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(startedAt, "startedAt");
        Objects.requireNonNull(duration, "duration");
        Objects.requireNonNull(end, "end");
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(thisRun, "thisRun");
        Objects.requireNonNull(attempts, "attempts");
        Objects.requireNonNull(total, "total");
        Objects.requireNonNull(lostCost, "lostCost");
        notes = List.copyOf(notes);
        Objects.requireNonNull(waiting, "waiting");
        gates = List.copyOf(gates);
        limits = List.copyOf(limits);
        reductions = Collections.unmodifiableMap(new LinkedHashMap<>(reductions));
        failedReductions = Collections.unmodifiableMap(new LinkedHashMap<>(failedReductions));
    }

    /** Whether running it again may go on when batches have ended: it waits for their answers, or for what they hold of the budget. */
    public boolean waitsForBatches() {
        return end == End.WAITING || (end == End.STOPPED_BY_POLICY && waiting.holdsBudget());
    }

    /** The report of a run that broke after this one was made. */
    RunReport broken(String why) {
        return new RunReport(
                directory,
                run,
                startedAt,
                duration,
                End.BROKEN,
                why,
                allRowsKnown,
                thisRun,
                attempts,
                total,
                lostCalls,
                lostCost,
                cutBytes,
                notes,
                waiting,
                budget,
                gates,
                limits,
                reductions,
                failedReductions);
    }

    /**
     * A limit that was another one before.
     *
     * @param at since this run started
     * @param key the name of the API key that it holds for, empty for the provider's own and for limits of all keys
     * @param resource such as {@code concurrency}
     * @param limit in the resource's unit
     * @param origin who says so
     */
    public record LimitPoint(
            Duration at, String gate, String key, String resource, double limit, Level.Origin origin) {}

    /** How a run ended. */
    public enum End {
        /** Every row is done; a reduction may have failed. */
        FINISHED,
        /** All that is pending waits for batches: running it again, once they have ended, goes on. */
        WAITING,
        /** It was asked to stop, or its subscriber cancelled. */
        STOPPED,
        /**
         * A policy ended it: fail-fast, errors of the account ({@link Run.Builder#stopAfterAccountErrors}), the budget, or the
         * share of errors.
         */
        STOPPED_BY_POLICY,
        /** The dataset, the cache, the directory or the pipeline itself could not go on; the run signals that error. */
        BROKEN;

        /** As files have it. */
        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * One side of the report.
     *
     * @param failedByKind failed rows by kind; kinds that did not occur are absent
     * @param itemTime what items took inside steps
     * @param usage tokens paid for
     * @param cost money paid
     * @param saved money that cached answers cost when they were bought
     */
    public record Part(
            Items items,
            Calls calls,
            Map<ErrorKind, Long> failedByKind,
            Times itemTime,
            Usage usage,
            Cost cost,
            Cost saved) {

        public Part {
            Objects.requireNonNull(items, "items");
            Objects.requireNonNull(calls, "calls");
            failedByKind = copyOf(failedByKind);
            Objects.requireNonNull(itemTime, "itemTime");
            Objects.requireNonNull(usage, "usage");
            Objects.requireNonNull(cost, "cost");
            Objects.requireNonNull(saved, "saved");
        }
    }

    /**
     * What only the process knows that made the attempts.
     *
     * @param retriedByKind retries by the kind of the error before; kinds that did not occur are absent
     * @param rateLimited attempts that met a limit on requests or tokens per time
     * @param time from just before sending to the end of the attempt
     * @param queueTime waiting for permits, by attempt
     */
    public record Attempts(Map<ErrorKind, Long> retriedByKind, long rateLimited, Times time, Times queueTime) {

        public Attempts {
            retriedByKind = copyOf(retriedByKind);
            Objects.requireNonNull(time, "time");
            Objects.requireNonNull(queueTime, "queueTime");
        }
    }

    /**
     * What waits for batches.
     *
     * @param items pending rows that cannot go on before batches have answered calls of theirs
     * @param calls calls of this run that were parked
     * @param most the most that the queue of batches may still cost, with what came back and nobody has read; it may serve other
     *     runs too. Zero without {@link Run.Builder#batches}
     * @param holdsBudget whether the budget had no room for an item beside {@code most}, of which batches give back what they do not
     *     take
     */
    public record Waiting(long items, long calls, Cost most, boolean holdsBudget) {

        public static final Waiting NONE = new Waiting(0, 0, Cost.ZERO, false);

        public Waiting {
            Objects.requireNonNull(most, "most");
        }

        boolean isNone() {
            return items == 0 && calls == 0 && !holdsBudget && most.isNone();
        }
    }

    /**
     * Rows of the dataset: in = ok + failed + skipped + cancelled + pending.
     *
     * @param in all rows, as far as they are known; this time, the rows that were worked on
     * @param cancelled rows whose work was cut off when the run stopped; the next run works on them
     * @param pending rows that nobody has begun, or that wait for batches
     */
    public record Items(long in, long ok, long failed, long skipped, long cancelled, long pending) {

        /** Rows that have a result, a dead letter, or were filtered out. */
        public long done() {
            return ok + failed + skipped;
        }
    }

    /**
     * Calls.
     *
     * @param sent attempts sent
     * @param cached calls answered by the cache
     * @param retried retries scheduled
     * @param unknown attempts sent whose outcome nobody knows, those of crashed processes included
     * @param cachedShare the part of all calls that the cache answered, from 0 to 1
     */
    public record Calls(long sent, long cached, long retried, long unknown, double cachedShare) {}

    /** Rows done a second this time; 0 in no time. */
    public double itemsPerSecond() {
        double seconds = duration.toNanos() / 1e9;
        return seconds > 0 ? thisRun.items().done() / seconds : 0;
    }

    private static Map<ErrorKind, Long> copyOf(Map<ErrorKind, Long> counts) {
        Map<ErrorKind, Long> copy = new EnumMap<>(ErrorKind.class);
        copy.putAll(counts);
        return Collections.unmodifiableMap(copy);
    }
}
