package io.headrace.observe;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Outcome;
import io.headrace.Ticks;
import io.headrace.Usage;
import io.headrace.observe.StatisticsSnapshot.Attempts;
import io.headrace.observe.StatisticsSnapshot.Calls;
import io.headrace.observe.StatisticsSnapshot.Items;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Counts calls and items as they pass, for a service or a plain {@code Flux} as well as for a run:
 *
 * <pre>{@code
 * Statistics statistics = Statistics.create();
 * dataset.items().transform(classify).transform(statistics::items).contextWrite(statistics::into);
 * statistics.every(Duration.ofSeconds(10)).map(StatisticsSnapshot::calls).subscribe(System.out::println);
 * }</pre>
 *
 * <p>Thread-safe; counts exactly under any number of threads, money included. It never waits, and what it keeps does not
 * grow with what it counts: about 100 kB once calls have passed.
 */
public final class Statistics implements CallListener {

    private final Supplier<? extends Scheduler> timer;

    private final LongAdder itemsOk = new LongAdder();
    private final LongAdder itemsFailed = new LongAdder();
    private final LongAdder itemsSkipped = new LongAdder();
    private final LongAdder itemsParked = new LongAdder();
    private final KindCounts itemFailures = new KindCounts();

    private final LongAdder answered = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder cached = new LongAdder();
    private final LongAdder parked = new LongAdder();

    private final LongAdder started = new LongAdder();
    private final LongAdder ended = new LongAdder();
    private final LongAdder unknownOutcome = new LongAdder();
    private final LongAdder retried = new LongAdder();
    private final KindCounts retries = new KindCounts();
    private final KindCounts attemptFailures = new KindCounts();

    private final Sum<Usage> usage = new Sum<>(Usage.ZERO, Usage::plus);
    private final Sum<Cost> cost = new Sum<>(Cost.ZERO, Cost::plus);
    private final Sum<Cost> saved = new Sum<>(Cost.ZERO, Cost::plus);

    private final TimeDistribution callTime = new TimeDistribution();
    private final TimeDistribution attemptTime = new TimeDistribution();
    private final TimeDistribution queueTime = new TimeDistribution();

    private Statistics(Supplier<? extends Scheduler> timer) {
        this.timer = Objects.requireNonNull(timer, "timer");
    }

    /** Empty statistics, whose {@link #every} runs on {@link Schedulers#parallel()}. */
    public static Statistics create() {
        return create(Schedulers::parallel);
    }

    /**
     * Empty statistics with a clock of their own.
     *
     * @param timer the scheduler of {@link #every}, asked at each subscription
     */
    public static Statistics create(Supplier<? extends Scheduler> timer) {
        return new Statistics(timer);
    }

    @Override
    public void on(CallEvent event) {
        if (event instanceof CallEvent.AttemptStarted) {
            started.increment();
        } else if (event instanceof CallEvent.AttemptEnded attempt) {
            attemptEnded(attempt);
        } else if (event instanceof CallEvent.CallEnded call) {
            callEnded(call);
        } else if (event instanceof CallEvent.CacheHit hit) {
            if (hit.whole()) {
                cached.increment();
            }
            saved.add(hit.saved());
        } else if (event instanceof CallEvent.Admitted admitted) {
            queueTime.add(admitted.waited());
        } else if (event instanceof CallEvent.RetryScheduled retry) {
            retried.increment();
            retries.increment(retry.kind());
        }
    }

    /**
     * Counts the outcomes of {@code stream} as they are emitted, for {@code Flux.transform}; changes nothing of it. Each
     * subscription counts again.
     */
    public <T> Flux<Outcome<T>> items(Flux<Outcome<T>> stream) {
        return stream.doOnNext(this::count);
    }

    /** What was counted so far. */
    public StatisticsSnapshot snapshot() {
        long over = ended.sum(); // before the started ones, so that the difference is never negative
        long sent = started.sum();
        return new StatisticsSnapshot(
                new Items(
                        itemsOk.sum(), itemsFailed.sum(), itemsSkipped.sum(), itemsParked.sum(), itemFailures.toMap()),
                new Calls(answered.sum(), failed.sum(), cancelled.sum(), cached.sum(), parked.sum()),
                new Attempts(
                        sent,
                        sent - over,
                        retried.sum(),
                        unknownOutcome.sum(),
                        retries.toMap(),
                        attemptFailures.toMap()),
                usage.get(),
                cost.get(),
                saved.get(),
                callTime.times(),
                attemptTime.times(),
                queueTime.times());
    }

    /**
     * A snapshot after each {@code period}, without end; cancel stops the timer. A subscriber that is slow misses snapshots
     * and never gets an old one. Emits on the timer's thread.
     *
     * @throws IllegalArgumentException if {@code period} is not positive
     */
    public Flux<StatisticsSnapshot> every(Duration period) {
        return Ticks.every(period, timer).map(tick -> snapshot());
    }

    private void attemptEnded(CallEvent.AttemptEnded attempt) {
        ended.increment();
        attemptTime.add(attempt.elapsed());
        usage.add(attempt.usage());
        cost.add(attempt.cost());
        if (attempt.delivery() == Delivery.UNKNOWN) {
            unknownOutcome.increment();
        }
        ApiException error = attempt.error();
        if (error != null) {
            attemptFailures.increment(error.kind());
        }
    }

    private void callEnded(CallEvent.CallEnded call) {
        if (call.end() != CallEvent.End.PARKED) {
            callTime.add(call.elapsed());
        }
        switch (call.end()) {
            case ANSWERED -> answered.increment();
            case FAILED -> failed.increment();
            case CANCELLED -> cancelled.increment();
            case PARKED -> parked.increment();
        }
    }

    private void count(Outcome<?> outcome) {
        if (outcome instanceof Outcome.Ok) {
            itemsOk.increment();
        } else if (outcome instanceof Outcome.Failed<?> failure && failure.kind() == ErrorKind.PARKED) {
            itemsParked.increment();
        } else if (outcome instanceof Outcome.Failed<?> failure) {
            itemsFailed.increment();
            itemFailures.increment(failure.kind());
        } else {
            itemsSkipped.increment();
        }
    }

    /** Counts only: safe to log. */
    @Override
    public String toString() {
        StatisticsSnapshot now = snapshot();
        return "Statistics[" + now.items().total() + " items, " + now.calls().total() + " calls, "
                + now.attempts().sent() + " attempts]";
    }
}
