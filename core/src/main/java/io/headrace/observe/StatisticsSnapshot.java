package io.headrace.observe;

import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * What {@link Statistics} had counted at one moment. While calls run the numbers are read one after another, so sums over
 * several of them may be a few events apart; afterwards they agree.
 *
 * @param items outcomes that passed {@link Statistics#items}
 * @param calls calls that ended
 * @param attempts requests to the provider
 * @param usage tokens paid for, of failed attempts too where they are known
 * @param cost money paid
 * @param saved money that the cached answers cost when they were bought
 * @param callTime from a call's subscription to its end, waiting and cached calls included
 * @param attemptTime from just before sending to the end of the attempt
 * @param queueTime waiting for permits, by attempt
 */
public record StatisticsSnapshot(
        Items items,
        Calls calls,
        Attempts attempts,
        Usage usage,
        Cost cost,
        Cost saved,
        Times callTime,
        Times attemptTime,
        Times queueTime) {

    public StatisticsSnapshot {
        Objects.requireNonNull(items, "items");
        Objects.requireNonNull(calls, "calls");
        Objects.requireNonNull(attempts, "attempts");
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(cost, "cost");
        Objects.requireNonNull(saved, "saved");
        Objects.requireNonNull(callTime, "callTime");
        Objects.requireNonNull(attemptTime, "attemptTime");
        Objects.requireNonNull(queueTime, "queueTime");
    }

    /**
     * Outcomes of items.
     *
     * @param parked outcomes of kind {@link ErrorKind#PARKED}: neither failed nor done
     * @param failedByKind the failed ones by kind; kinds that did not occur are absent
     */
    public record Items(long ok, long failed, long skipped, long parked, Map<ErrorKind, Long> failedByKind) {

        public Items {
            failedByKind = copyOf(failedByKind);
        }

        /** Those that are done. */
        public long total() {
            return ok + failed + skipped;
        }
    }

    /**
     * Calls that ended.
     *
     * @param answered calls with an answer, cached ones included
     * @param failed calls that ended in an error after all retries
     * @param cancelled calls whose caller went away
     * @param cached those that the cache answered, or an equal call at the same time that another one paid for
     * @param parked calls whose answer shall come by a batch; not among those that ended
     */
    public record Calls(long answered, long failed, long cancelled, long cached, long parked) {

        public long total() {
            return answered + failed + cancelled;
        }
    }

    /**
     * Requests to the provider.
     *
     * @param sent attempts started, retries included
     * @param inFlight attempts started and not ended
     * @param retried retries scheduled
     * @param unknownOutcome attempts that left and brought no whole answer back: they may have been done and billed
     * @param retriedByKind retries by the kind of the error before; kinds that did not occur are absent
     * @param failedByKind failed attempts by kind; kinds that did not occur are absent
     */
    public record Attempts(
            long sent,
            long inFlight,
            long retried,
            long unknownOutcome,
            Map<ErrorKind, Long> retriedByKind,
            Map<ErrorKind, Long> failedByKind) {

        public Attempts {
            retriedByKind = copyOf(retriedByKind);
            failedByKind = copyOf(failedByKind);
        }

        /** Attempts that met a limit on requests or tokens per time. */
        public long rateLimited() {
            return failedByKind.getOrDefault(ErrorKind.RATE_LIMITED, 0L);
        }
    }

    /**
     * A distribution of durations. Percentiles are at most 1 % or 1 microsecond above the true value; a duration above a day
     * counts as a day. All are zero when {@code count} is 0.
     */
    public record Times(long count, Duration p50, Duration p95, Duration p99, Duration max) {

        public static final Times NONE = new Times(0, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);

        public Times {
            Objects.requireNonNull(p50, "p50");
            Objects.requireNonNull(p95, "p95");
            Objects.requireNonNull(p99, "p99");
            Objects.requireNonNull(max, "max");
        }
    }

    /** A copy that keeps the order of the kinds, so that reports always list them alike. */
    private static Map<ErrorKind, Long> copyOf(Map<ErrorKind, Long> counts) {
        Map<ErrorKind, Long> copy = new EnumMap<>(ErrorKind.class);
        copy.putAll(counts);
        return Collections.unmodifiableMap(copy);
    }
}
