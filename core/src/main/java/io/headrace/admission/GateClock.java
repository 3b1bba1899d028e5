package io.headrace.admission;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import reactor.core.scheduler.Scheduler;

/**
 * The time of a gate, which never goes back. The schedulers' may: between real and virtual time, in a process that tests with the gate it
 * works with, and where the clock of a scheduler is set. It then goes on from where it was. To be read under the gate's lock.
 */
final class GateClock {

    private final Supplier<Scheduler> scheduler;
    private boolean begun;
    private long last;
    private volatile long ahead;
    private int turns;

    GateClock(Supplier<Scheduler> scheduler) {
        this.scheduler = scheduler;
    }

    long now() {
        long now = read();
        if (begun && now - last < 0) {
            long further = ahead + (last - now); // nobody else writes it
            ahead = further;
            now = last;
            turns++;
        }
        begun = true;
        last = now;
        return now;
    }

    /** Nanoseconds since {@code then}, also without the lock. */
    long since(long then) {
        return Math.max(0, read() - then);
    }

    /** How often the schedulers' time has gone back: whoever was to be woken before that may sleep for ever. */
    int turns() {
        return turns;
    }

    private long read() {
        return scheduler.get().now(TimeUnit.NANOSECONDS) + ahead;
    }
}
