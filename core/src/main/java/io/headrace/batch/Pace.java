package io.headrace.batch;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** When to ask again: in growing steps, with jitter, and not for ever without an answer. Arithmetic without threads. */
final class Pace {

    private static final double GROWTH = 1.5;
    private static final double JITTER = 0.2;

    /** How the steps grow: from the first to the longest, less jitter. */
    record Steps(Duration first, Duration longest, RandomGenerator random) {

        Duration step(int number) {
            double nanos = Math.min((double) longest.toNanos(), first.toNanos() * Math.pow(GROWTH, number));
            return Duration.ofNanos((long) (nanos * (1 - JITTER * random.nextDouble())));
        }
    }

    private int taken;
    private Instant asked = Instant.MIN;
    private Instant next = Instant.MIN;
    private @Nullable Instant failingSince;

    /** The moment before which nothing is to be asked. */
    Instant next() {
        return next;
    }

    /** Also when the clock was set back: nobody knows then how long it has been. */
    boolean isDue(Instant now) {
        return !next.isAfter(now) || now.isBefore(asked);
    }

    /** There is news: the next step is a short one. */
    void restart() {
        taken = 0;
    }

    /** An answer came, and it is to be asked again. */
    void again(Instant now, Steps steps) {
        failingSince = null;
        asked = now;
        next = now.plus(steps.step(taken++));
    }

    /**
     * No answer came.
     *
     * @param floor the least wait, by the server's word
     * @return how long there has been none
     */
    Duration failed(Instant now, Duration floor, Steps steps) {
        if (failingSince == null) {
            failingSince = now;
            taken = 0;
        }
        Duration step = steps.step(taken++);
        asked = now;
        next = now.plus(step.compareTo(floor) < 0 ? floor : step);
        return Duration.between(failingSince, now);
    }

    /** How long there has been no answer; zero if there was one last, or nothing was asked. */
    Duration silence(Instant now) {
        return failingSince == null ? Duration.ZERO : Duration.between(failingSince, now);
    }

    /** Forgets all. */
    void clear() {
        taken = 0;
        next = Instant.MIN;
        failingSince = null;
    }
}
