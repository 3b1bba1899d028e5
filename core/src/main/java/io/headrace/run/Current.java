package io.headrace.run;

import io.headrace.Ticks;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/** The execution of a run or a sweep that goes on, or went last: one at a time, to be watched by anybody. Thread-safe. */
final class Current<E extends Current.Watched<P>, P> {

    private final String what;
    private final Supplier<? extends Scheduler> timer;
    private final AtomicReference<@Nullable E> current = new AtomicReference<>();
    private final Sinks.Empty<Void> begun = Sinks.empty();

    /** What can be looked at while it goes on. */
    interface Watched<P> {

        /** Where it stands; empty while that cannot be said. */
        Optional<P> progress();

        boolean isClosed();

        /** Completes when nothing of it goes on. */
        Mono<Void> closed();
    }

    /** @param what it is of, for errors */
    Current(String what, Supplier<? extends Scheduler> timer) {
        this.what = what;
        this.timer = timer;
    }

    /** Empty before the first one. */
    Optional<E> get() {
        return Optional.ofNullable(current.get());
    }

    /**
     * Begins the next one.
     *
     * @param next makes it, given the one before
     * @throws IllegalStateException if that is not over
     */
    E begin(Function<@Nullable E, E> next) {
        E before = current.get();
        E made = before == null || before.isClosed() ? next.apply(before) : null;
        if (made == null || !current.compareAndSet(before, made)) {
            throw new IllegalStateException(what + " is running: wait for its end");
        }
        begun.tryEmitEmpty();
        return made;
    }

    /** Where the one stands that goes on at the subscription, or else the first one: every {@code interval}, and once at its end. */
    Flux<P> progress(Duration interval) {
        Flux<Long> looks = Ticks.every(interval, timer);
        return begun.asMono()
                .then(Mono.fromSupplier(current::get))
                .flatMapMany(execution -> progress(execution, looks));
    }

    private Flux<P> progress(E execution, Flux<Long> looks) {
        Mono<Void> end = execution.closed().publishOn(timer.get()); // nobody is to hold up the closing
        return Flux.merge(looks, end.thenReturn(0L)).onBackpressureDrop().handle((tick, sink) -> {
            boolean over = execution.isClosed();
            execution.progress().ifPresent(sink::next);
            if (over) {
                sink.complete();
            }
        });
    }
}
