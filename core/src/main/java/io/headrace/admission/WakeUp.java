package io.headrace.admission;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/** Wakes a gate when time has made room; one alarm at a time. Under the gate's lock. */
final class WakeUp {

    private final Supplier<Scheduler> scheduler;
    private final GateClock clock;
    private final LongConsumer wake;
    private @Nullable Disposable timer;
    private long timerAt;
    private int turns;

    /** @param wake called without the lock, on the scheduler, with the moment that was set; has to tell {@link #woken} */
    WakeUp(Supplier<Scheduler> scheduler, GateClock clock, LongConsumer wake) {
        this.scheduler = scheduler;
        this.clock = clock;
        this.wake = wake;
    }

    /**
     * Sets the alarm to {@code now + wait}, unless it goes off sooner anyway; one that is overdue may have gone with its scheduler.
     *
     * @return false if the scheduler takes no more work
     */
    boolean in(long wait, long now) {
        long at = now + wait;
        if (timer != null) {
            if (timerAt - at <= 0 && timerAt - now >= 0 && turns == clock.turns()) {
                return true;
            }
            timer.dispose();
            timer = null;
        }
        timerAt = at;
        turns = clock.turns();
        try {
            timer = scheduler.get().schedule(() -> wake.accept(at), wait, TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** The alarm that was set to {@code at} has gone off. */
    void woken(long at) {
        timer = timerAt == at ? null : timer;
    }
}
