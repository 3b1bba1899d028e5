package io.headrace;

import java.time.Duration;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/** The moments at which somebody looks how things stand. */
public final class Ticks {

    /** Reactor counts in nanoseconds, of which a {@code long} holds 292 years. */
    private static final Duration LONGEST = Duration.ofDays(10_000);

    private Ticks() {}

    /**
     * One every {@code interval}, without end; whoever is slow misses some. Cancel stops the timer.
     *
     * @param interval longer ones than 10,000 days count as that
     * @param timer asked at each subscription; ticks come on its threads
     * @throws IllegalArgumentException if the interval is not positive
     */
    public static Flux<Long> every(Duration interval, Supplier<? extends Scheduler> timer) {
        Require.positive(interval, "the interval");
        Duration bounded = interval.compareTo(LONGEST) < 0 ? interval : LONGEST;
        return Flux.defer(() -> Flux.interval(bounded, timer.get())).onBackpressureDrop();
    }
}
