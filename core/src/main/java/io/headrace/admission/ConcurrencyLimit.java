package io.headrace.admission;

import io.headrace.Call;
import io.headrace.Layer;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * At most so many attempts at a time, over all calls that share this limit. An attempt that finds no permit free waits in
 * line, first come first served, without a thread and for as long as it takes; none is ever rejected.
 *
 * <p>A permit is held from just before the attempt's subscription until just before its end is seen downstream: answer, error
 * or cancel. Cancel while waiting leaves the line: the attempt is never made. An attempt that waited starts on the thread
 * that returned the permit. Each grant is told as {@link io.headrace.observe.CallEvent.Admitted}.
 *
 * <p>Thread-safe; a lock guards a few fields and is never held while anything else is called.
 */
public final class ConcurrencyLimit {

    private final int max;
    private final Supplier<Scheduler> clock;
    private final Object lock = new Object();
    private final WaitingLine line = new WaitingLine();
    private int free;

    private ConcurrencyLimit(int max, Supplier<Scheduler> clock) {
        if (max < 1) {
            throw new IllegalArgumentException("a concurrency limit must be at least 1, not " + max);
        }
        this.max = max;
        this.clock = Objects.requireNonNull(clock, "clock");
        this.free = max;
    }

    /**
     * @throws IllegalArgumentException for less than 1
     */
    public static ConcurrencyLimit of(int max) {
        return of(max, Schedulers::parallel);
    }

    /**
     * @param clock whose time measures how long an attempt waited, taken when one waits
     * @throws IllegalArgumentException for less than 1
     */
    public static ConcurrencyLimit of(int max, Supplier<Scheduler> clock) {
        return new ConcurrencyLimit(max, clock);
    }

    /** A layer whose every subscription takes a permit of this limit; all layers of one limit share its permits. */
    public <Q, R> Layer<Q, R> layer() {
        return next -> admitted(Objects.requireNonNull(next, "next"));
    }

    private <Q, R> Call<Q, R> admitted(Call<Q, R> next) {
        return request -> Mono.deferContextual(context -> {
            Permit<R> permit = new Permit<>(this, context);
            Mono<R> attempt = Mono.defer(() -> next.apply(request));
            if (permit.take()) {
                return attempt.tap(() -> permit);
            }
            return Mono.<Void>create(permit::await).then(attempt).tap(() -> permit);
        });
    }

    /** Most permits out at a time. */
    public int max() {
        return max;
    }

    /** Permits out now. */
    public int inUse() {
        synchronized (lock) {
            return max - free;
        }
    }

    /** Attempts in line now. */
    public int waiting() {
        synchronized (lock) {
            return line.size();
        }
    }

    long now() {
        return clock.get().now(TimeUnit.NANOSECONDS);
    }

    /** Gives {@code permit} at once if one is free and nobody is in line. */
    boolean take(Permit<?> permit) {
        synchronized (lock) {
            if (free == 0 || line.size() > 0) {
                return false;
            }
            free--;
            permit.state = Permit.State.HELD;
            return true;
        }
    }

    /** Gives {@code permit} at once, true, or puts it in line; neither if it was cancelled on its way here. */
    boolean takeOrQueue(Permit<?> permit) {
        synchronized (lock) {
            if (permit.state == Permit.State.OVER) {
                return false;
            }
            if (take(permit)) {
                return true;
            }
            permit.state = Permit.State.WAITING;
            line.add(permit);
            return false;
        }
    }

    /** Takes {@code permit} back, whatever state it is in; the second time does nothing. */
    void giveBack(Permit<?> permit) {
        Permit<?> next;
        synchronized (lock) {
            next = end(permit);
        }
        if (next != null) {
            Grants.run(next);
        }
    }

    private @Nullable Permit<?> end(Permit<?> permit) {
        Permit.State was = permit.state;
        permit.state = Permit.State.OVER;
        if (was == Permit.State.WAITING) {
            line.remove(permit);
        } else if (was == Permit.State.HELD) {
            Permit<?> next = line.poll();
            if (next == null) {
                free++;
            } else {
                next.state = Permit.State.HELD;
            }
            return next;
        }
        return null;
    }
}
