package io.headrace.cli;

import io.headrace.ApiException;
import io.headrace.StorageException;
import io.headrace.run.Progress;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

/** Waits for a run, shows where it is, and stops it when a signal or the account's state asks for that. */
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
     * Executes {@code run} and waits for its report.
     *
     * @param guard hears of the run's calls
     * @param estimate rows that there may be, asked for once when the first progress is shown
     * @throws UsageProblem if it cannot be run
     */
    RunReport execute(Run<?> run, AccountGuard guard, Supplier<OptionalLong> estimate) {
        Disposable.Composite helpers = Disposables.composite();
        try {
            RunReport report = run.execute()
                    .doOnSubscribe(begun -> {
                        helpers.add(show(run, estimate));
                        helpers.add(stopOn(
                                signals.first()
                                        .map(code -> "calls in flight have " + Durations.format(grace)
                                                + " to end, a second signal stops at once"),
                                notice -> run.stop()));
                        helpers.add(stopOn(guard.refused().map(ApiException::getMessage), run::stop));
                    })
                    .block();
            if (report == null) {
                throw new UsageProblem("the run was stopped before it began");
            }
            return report;
        } catch (IllegalArgumentException | IllegalStateException | UncheckedIOException | StorageException e) {
            throw UsageProblem.of(e);
        } finally {
            helpers.dispose();
            console.clear();
        }
    }

    private Disposable show(Run<?> run, Supplier<OptionalLong> estimate) {
        AtomicReference<@Nullable OptionalLong> rows = new AtomicReference<>();
        return run.progress(console.period())
                .subscribe(
                        (Progress progress) -> {
                            OptionalLong known = rows.get();
                            if (known == null) {
                                known = estimate.get();
                                rows.set(known);
                            }
                            console.progress(ProgressText.of(progress, known));
                        },
                        e -> console.line("no progress can be shown: " + e));
    }

    /** Subscribed when the run has begun, so that a notice that came before finds something to stop. */
    private Disposable stopOn(Mono<String> notice, Consumer<String> stop) {
        return notice.subscribe(
                text -> {
                    console.line("headrace: stopping; " + text);
                    stop.accept(text);
                },
                e -> console.line("the run cannot be stopped: " + e));
    }
}
