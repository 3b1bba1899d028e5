package io.headrace.cli;

import io.headrace.ApiException;
import io.headrace.StorageException;
import io.headrace.run.Progress;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.run.Sweep;
import io.headrace.run.SweepProgress;
import io.headrace.run.SweepReport;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Waits for a run or a sweep, shows where it is, and stops it when a signal asks for that. */
final class Watch {

    private final Console console;
    private final StopSignals signals;
    private final Duration grace;

    /**
     * @param grace how long the run lets calls in flight go on after it was stopped, for the notice
     */
    Watch(Console console, StopSignals signals, Duration grace) {
        this.console = console;
        this.signals = signals;
        this.grace = grace;
    }

    /**
     * Executes {@code run}, once or as often as {@code work} needs, and waits for its last report.
     *
     * @param work null for a run without batches
     * @param estimate rows that there may be, asked for once when the first progress is shown
     * @return also of a run that broke off
     * @throws UsageProblem if it cannot be run, or a provider will not go on with the batches
     */
    RunReport execute(Run<?> run, @Nullable BatchWork<RunReport> work, Supplier<OptionalLong> estimate) {
        return execute(once(run), run.progress(console.period()), Progress::stopping, text(estimate), run::stop, work);
    }

    private static Mono<RunReport> once(Run<?> run) {
        return run.execute()
                .onErrorResume(
                        Watch::isTold,
                        e -> Mono.justOrEmpty(run.report())
                                .switchIfEmpty(Mono.error(() -> UsageProblem.of((RuntimeException) e))));
    }

    /**
     * The same of {@code sweep}.
     *
     * @throws UsageProblem also if its comparison cannot be written
     */
    SweepReport execute(Sweep sweep, @Nullable BatchWork<SweepReport> work) {
        return execute(
                once(sweep),
                sweep.progress(console.period()),
                SweepProgress::stopping,
                ProgressText::of,
                sweep::stop,
                work);
    }

    private static Mono<SweepReport> once(Sweep sweep) {
        return sweep.execute().onErrorMap(Watch::isTold, e -> UsageProblem.of((RuntimeException) e));
    }

    private <R, P> R execute(
            Mono<R> once,
            Flux<P> progress,
            Function<P, Optional<String>> stopping,
            Function<P, String> text,
            Runnable stop,
            @Nullable BatchWork<R> work) {
        return work == null
                ? await(once, () -> show(progress, stopping, text), stop)
                : await(
                        work.over(once).onErrorMap(Watch::isOfQueue, e -> UsageProblem.of((RuntimeException) e)),
                        () -> show(work, progress, stopping, text),
                        () -> work.stop(stop));
    }

    private <R> R await(Mono<R> execution, Supplier<Disposable> show, Runnable stop) {
        Disposable.Composite helpers = Disposables.composite();
        try {
            R report = execution
                    .doOnSubscribe(begun -> {
                        helpers.add(show.get());
                        helpers.add(stopOnSignal(stop));
                    })
                    .block();
            if (report == null) {
                throw new UsageProblem("the run was stopped before it began");
            }
            return report;
        } finally {
            helpers.dispose();
            console.end();
        }
    }

    /** Whether the message says what is wrong, and no stack trace is needed. */
    private static boolean isTold(Throwable error) {
        return error instanceof IllegalArgumentException
                || error instanceof IllegalStateException
                || error instanceof UncheckedIOException
                || error instanceof StorageException;
    }

    /** Of a provider that will not go on, or of the files of the queue: the message says what to do. */
    private static boolean isOfQueue(Throwable error) {
        return error instanceof ApiException || error instanceof StorageException;
    }

    private static Function<Progress, String> text(Supplier<OptionalLong> estimate) {
        AtomicReference<@Nullable OptionalLong> rows = new AtomicReference<>();
        return progress -> {
            OptionalLong known = rows.get();
            if (known == null) {
                known = estimate.get();
                rows.set(known);
            }
            return ProgressText.of(progress, known);
        };
    }

    /** Of the pass that goes on, and of the batches between passes. */
    private <P> Disposable show(
            BatchWork<?> work, Flux<P> progress, Function<P, Optional<String>> stopping, Function<P, String> text) {
        return Disposables.composite(
                show(
                        progress.repeatWhen(ends -> ends.delayElements(console.period()))
                                .filter(now -> work.isInPass()),
                        stopping,
                        text),
                Flux.interval(console.period())
                        .onBackpressureDrop()
                        .filter(tick -> !work.isInPass())
                        .concatMap(tick -> work.queue().snapshot(), 1)
                        .filter(queue -> !queue.isIdle())
                        .subscribe(
                                queue -> console.progress(BatchText.line(queue)),
                                e -> console.line("no progress can be shown: " + e)));
    }

    /** Also says once why it stops, unless a signal did that, which is said at once. */
    private <P> Disposable show(Flux<P> progress, Function<P, Optional<String>> stopping, Function<P, String> text) {
        AtomicBoolean told = new AtomicBoolean();
        return progress.subscribe(
                now -> {
                    Optional<String> why = signals.exitCode() == 0 ? stopping.apply(now) : Optional.empty();
                    if (why.isPresent() && told.compareAndSet(false, true)) {
                        stopping(why.get());
                    }
                    console.progress(text.apply(now));
                },
                e -> console.line("no progress can be shown: " + e));
    }

    /** Subscribed when the run has begun, so that a signal that came before finds something to stop. */
    private Disposable stopOnSignal(Runnable stop) {
        return signals.first()
                .subscribe(
                        code -> {
                            stopping("items in flight have " + Durations.format(grace)
                                    + " to end, a second signal stops at once");
                            stop.run();
                        },
                        e -> console.line("the run cannot be stopped: " + e));
    }

    private void stopping(String why) {
        console.line("headrace: stopping; " + why);
    }
}
