package io.headrace.run;

import io.headrace.run.RunReport.End;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Ends a run before its rows do: first it takes no more of them, then it cuts off what is in flight, after the grace period or at a second
 * request. The first request gives the reason, and a reason of a policy stays. Thread-safe.
 */
final class GracefulStop {

    private final Duration grace;
    private final Scheduler timer;
    private final Runnable goOn;
    private final Sinks.Empty<Void> noMoreRows = Sinks.empty();
    private final Sinks.Empty<Void> cutOff = Sinks.empty();
    private final Disposable.Swap cutting = Disposables.swap();
    private boolean asked;
    private boolean isPolicy;
    private boolean draining;
    private String reason = "";

    /**
     * @param grace how long items in flight may go on
     * @param goOn called when they shall, also where the run is paused
     */
    GracefulStop(Duration grace, Scheduler timer, Runnable goOn) {
        this.grace = grace;
        this.timer = timer;
        this.goOn = goOn;
    }

    /** Completes when no more rows are to be taken up. */
    Mono<Void> noMoreRows() {
        return noMoreRows.asMono();
    }

    /** Completes when nothing is to go on. */
    Mono<Void> cutOff() {
        return cutOff.asMono();
    }

    /** Lets items in flight end within the grace period; at once if that was asked for before. */
    void stop(String why) {
        if (begin(why, false) || endDraining()) {
            letItemsEnd();
        } else {
            abort(why);
        }
    }

    /** Lets items in flight end, however long that takes. */
    void drain(String why) {
        synchronized (this) {
            if (!begin(why, false)) {
                return;
            }
            draining = true;
        }
        takeNoMore();
    }

    /** {@link #stop} by a policy; false if somebody has asked for a stop before, which stands. */
    boolean stopByPolicy(String why) {
        boolean begun = begin(why, true);
        if (begun) {
            letItemsEnd();
        }
        return begun;
    }

    /** Cuts off what is in flight. That is why the run ended, unless a policy had stopped it. */
    void abort(String why) {
        synchronized (this) {
            asked = true;
            reason = isPolicy ? reason : why;
        }
        noMoreRows.tryEmitEmpty();
        cutOff.tryEmitEmpty();
    }

    /** What the run ends as; empty if nobody has asked for a stop. */
    synchronized Optional<End> end() {
        return asked ? Optional.of(isPolicy ? End.STOPPED_BY_POLICY : End.STOPPED) : Optional.empty();
    }

    /** Empty if nobody has asked for a stop. */
    synchronized Optional<String> reason() {
        return asked ? Optional.of(reason) : Optional.empty();
    }

    /** The run has ended: nothing is to be cut off any more. */
    void dispose() {
        cutting.dispose();
    }

    private synchronized boolean begin(String why, boolean byPolicy) {
        if (asked) {
            return false;
        }
        asked = true;
        isPolicy = byPolicy;
        reason = why;
        return true;
    }

    private synchronized boolean endDraining() {
        boolean was = draining;
        draining = false;
        return was;
    }

    /** What is in flight goes on, between steps too. */
    private void takeNoMore() {
        noMoreRows.tryEmitEmpty();
        goOn.run();
    }

    private void letItemsEnd() {
        takeNoMore();
        if (grace.isZero()) {
            cutOff.tryEmitEmpty();
        } else {
            cutting.update(
                    timer.schedule(this::graceIsOver, TimeUnit.NANOSECONDS.convert(grace), TimeUnit.NANOSECONDS));
        }
    }

    private void graceIsOver() {
        synchronized (this) {
            reason += "; items in flight did not end within " + grace.toMillis() / 1e3 + " s";
        }
        cutOff.tryEmitEmpty();
    }
}
