package io.headrace.layer;

import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Knows from the last answers after what time a call is slow, and how many extra calls are allowed. Thread-safe. */
final class SlowCalls {

    private static final int WINDOW = 512;

    /** Sorting is dear, so the quantile is looked up again after so many answers. */
    private static final int REFRESH = 32;

    /** So much longer than the quantile is slow: where all take about as long, the quantile alone says nothing. */
    private static final double TOLERANCE = 1.5;

    /** Extra calls that may be saved up, so that a burst of slow ones is met. */
    private static final double MOST_SAVED = 100;

    private final HedgeSpec spec;
    private final Sinks.One<Duration> firstKnown = Sinks.one();
    private final long[] last = new long[WINDOW];
    private long answers;
    private double allowed = 1;
    private volatile @Nullable Duration slow;

    SlowCalls(HedgeSpec spec) {
        this.spec = spec;
    }

    /** A call begins: the time after which it is slow, as soon as enough is known. */
    Mono<Duration> begin() {
        synchronized (this) {
            allowed = Math.min(MOST_SAVED, allowed + spec.maxShare());
        }
        Duration after = slow;
        return after == null ? firstKnown.asMono() : Mono.just(after);
    }

    /** Whether an extra call may be made; it counts from now on. */
    synchronized boolean mayHedge() {
        if (allowed < 1) {
            return false;
        }
        allowed--;
        return true;
    }

    void answered(Duration time) {
        Duration first = add(time.toNanos());
        if (first != null) {
            firstKnown.tryEmitValue(first);
        }
    }

    private synchronized @Nullable Duration add(long nanos) {
        boolean wasKnown = slow != null;
        last[(int) (answers++ % WINDOW)] = nanos;
        if (answers >= spec.minAnswers() && (!wasKnown || answers % REFRESH == 0)) {
            long[] known = Arrays.copyOf(last, (int) Math.min(answers, WINDOW));
            Arrays.sort(known);
            slow = Duration.ofNanos((long) (TOLERANCE * known[(int) (spec.quantile() * (known.length - 1))]));
        }
        return wasKnown ? null : slow;
    }
}
