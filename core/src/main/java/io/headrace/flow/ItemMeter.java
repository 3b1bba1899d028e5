package io.headrace.flow;

import io.headrace.Cost;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/** Adds up what one item takes in one step, from the events of the calls made for it. Thread-safe. */
final class ItemMeter implements CallListener {

    private final Tally before;
    private final long startNanos = now();
    private long calls;
    private long cached;
    private long attempts;
    private long retried;
    private Duration queued = Duration.ZERO;
    private Usage usage = Usage.ZERO;
    private Cost cost = Cost.ZERO;
    private Cost saved = Cost.ZERO;

    /**
     * @param before what the item took in earlier steps
     */
    ItemMeter(Tally before) {
        this.before = before;
    }

    /** {@code context} with this meter before whoever hears the calls of {@code step}. */
    Context into(Context context, String step) {
        return context.put(CallListener.class, and(CallListener.from(context).forStep(step)));
    }

    @Override
    public synchronized void on(CallEvent event) {
        if (event instanceof CallEvent.AttemptEnded ended) {
            attempts++;
            usage = usage.plus(ended.usage());
            cost = cost.plus(ended.cost());
        } else if (event instanceof CallEvent.PaidBefore paid) {
            attempts++;
            usage = usage.plus(paid.usage());
            cost = cost.plus(paid.cost());
        } else if (event instanceof CallEvent.CacheHit hit) {
            cached += hit.whole() ? 1 : 0;
            saved = saved.plus(hit.saved());
        } else if (event instanceof CallEvent.CallEnded ended) {
            calls += ended.end() == CallEvent.End.PARKED ? 0 : 1;
        } else if (event instanceof CallEvent.Admitted admitted) {
            queued = queued.plus(admitted.waited());
        } else if (event instanceof CallEvent.RetryScheduled retry) {
            retried++;
            queued = queued.plus(retry.delay());
        }
    }

    /** What the item took so far, this step and the earlier ones. */
    synchronized Tally tally() {
        Duration elapsed = Duration.ofNanos(Math.max(0, now() - startNanos));
        return before.plus(new Tally(calls, cached, attempts, retried, elapsed, queued, usage, cost, saved));
    }

    /** Not the time of day, which may be set while an item is at work. */
    private static long now() {
        return Schedulers.parallel().now(TimeUnit.NANOSECONDS);
    }
}
