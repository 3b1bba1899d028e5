package io.headrace.observe;

import io.headrace.observe.StatisticsSnapshot.Times;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** A histogram of durations, from a microsecond to a day, to two digits: 30 kB, made when first used. Thread-safe. */
final class TimeDistribution {

    private static final long MAX_MICROS = TimeUnit.DAYS.toMicros(1);
    private static final int DIGITS = 2;

    private volatile @Nullable ConcurrentHistogram micros;

    void add(Duration time) {
        ConcurrentHistogram histogram = micros;
        if (histogram == null) {
            histogram = create();
        }
        histogram.recordValue(micros(time));
    }

    Times times() {
        ConcurrentHistogram histogram = micros;
        if (histogram == null) {
            return Times.NONE;
        }
        Histogram now = new Histogram(MAX_MICROS, DIGITS);
        histogram.copyInto(now);
        return new Times(
                now.getTotalCount(),
                at(now.getValueAtPercentile(50)),
                at(now.getValueAtPercentile(95)),
                at(now.getValueAtPercentile(99)),
                at(now.getMaxValue()));
    }

    private synchronized ConcurrentHistogram create() {
        ConcurrentHistogram histogram = micros;
        if (histogram == null) {
            histogram = new ConcurrentHistogram(MAX_MICROS, DIGITS);
            micros = histogram;
        }
        return histogram;
    }

    /** Never fails: a negative time, as a clock set back gives, is 0. */
    private static long micros(Duration time) {
        return Math.max(0, Math.min(MAX_MICROS, TimeUnit.MICROSECONDS.convert(time)));
    }

    private static Duration at(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
