package io.headrace.run;

import io.headrace.ErrorText;
import io.headrace.Outcome;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.HeldBack;
import io.headrace.batch.QueueSnapshot;
import io.headrace.flow.FailFastException;
import io.headrace.flow.FlowControl;
import io.headrace.observe.CallListener;
import io.headrace.observe.Statistics;
import io.headrace.run.RunReport.End;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.ContextView;

/** A run while it runs, once through the dataset: opens the files, lets the rows through, and ends for whatever reason in order. */
final class Execution<I, O> implements Recorder.Ending, Current.Watched<Progress> {

    private static final Duration LOOK_EVERY = Duration.ofMillis(10);
    private static final int LOOKS = 200;

    private final RunSettings<I, O> settings;
    private final boolean goesOn;
    private final FlowControl control;
    private final GracefulStop stop;
    private final Scheduler files;
    private final Scheduler timer;
    private final Statistics statistics = Statistics.create();
    private final AtomicLong taken = new AtomicLong();
    private final Sinks.Empty<Void> closed = Sinks.empty();
    private final Reductions<O> reductions;
    private final Reporter<O> reporter;
    private final AccountGuard<O> guard;
    private final RunContext context;
    private final OutcomeFilter<O> filter;
    private final RunWatch watch;
    private final Mono<Checkpoint<O>> opening;
    private @Nullable Checkpoint<O> checkpoint;
    private boolean started;
    private boolean abandoned;
    private volatile boolean over;
    /** Whoever asks how things stand meanwhile would wait for the disk, on a thread of the timer. */
    private volatile boolean writingAnew;

    private volatile @Nullable Throwable failure;
    private volatile @Nullable RunReport report;

    /**
     * @param before the last one of this run: where it left items that wait for batches, this one goes on with them
     */
    Execution(RunSettings<I, O> settings, FlowControl control, @Nullable Execution<?, ?> before) {
        this.settings = settings;
        this.goesOn = before != null && before.leftWaiting();
        this.control = control;
        this.timer = settings.timer().get();
        this.files = settings.files().get();
        this.stop = new GracefulStop(settings.grace(), timer, this::goOn);
        this.reductions = new Reductions<>(settings.directory(), settings.codec(), settings.reductions());
        this.reporter = new Reporter<>(settings, control, stop, statistics, reductions, timer);
        this.guard = new AccountGuard<>(settings.accountErrors(), this::hasResults, this::stopByPolicy);
        CallListener hint = settings.queue() == null ? new BatchHint(reporter::warn) : CallListener.noop();
        CallListener all = statistics.and(guard).and(hint).and(settings.listener());
        this.context = new RunContext(settings, all, reporter.startedAt());
        this.filter = new OutcomeFilter<>(settings, context, reporter::warn, this::stopByPolicy);
        this.watch = new RunWatch(settings, control, reporter, timer, files);
        if (control.isPaused()) {
            paused();
        }
        // cached, so that a cancel does not interrupt the opening half-way
        this.opening = retryBatches()
                .then(Mono.fromCallable(this::open).subscribeOn(files))
                .cache();
    }

    Flux<Outcome<O>> outcomes() {
        return Flux.deferContextual(subscriber -> opening.flatMapMany(opened -> start(opened, subscriber)))
                .doOnCancel(this::abandon);
    }

    Optional<RunReport> report() {
        return Optional.ofNullable(report);
    }

    /** The report of a run that a policy stopped, else the error. */
    Mono<RunReport> reportOfPolicy(Throwable error) {
        RunReport written = report;
        return written != null && written.end() == End.STOPPED_BY_POLICY ? Mono.just(written) : Mono.error(error);
    }

    @Override
    public boolean isClosed() {
        return over;
    }

    /** Whether items or reductions wait for batches. */
    private boolean leftWaiting() {
        return filter.parked() > 0 || statistics.snapshot().calls().parked() > 0;
    }

    @Override
    public Mono<Void> closed() {
        return closed.asMono();
    }

    void stop(String why) {
        stop.stop(why);
    }

    void drain(String why) {
        stop.drain(why);
    }

    void abort(String why) {
        stop.abort(why);
    }

    /** Only notes {@code why} if somebody has asked for a stop before. */
    private void stopByPolicy(String why) {
        if (!stop.stopByPolicy(why)) {
            reporter.note(why);
        }
    }

    private void goOn() {
        control.resume();
        resumed();
    }

    void paused() {
        reporter.paused();
    }

    void resumed() {
        reporter.resumed();
    }

    void note(String what) {
        reporter.note(what);
    }

    @Override
    public Optional<Progress> progress() {
        Checkpoint<O> from;
        synchronized (this) {
            from = started && !writingAnew ? checkpoint : null;
        }
        return Optional.ofNullable(from).map(reporter::progress);
    }

    @Override
    public Mono<Void> ended(@Nullable Throwable error) {
        if (error != null) {
            failed(error);
        }
        return guarded(Mono.fromCallable(this::finishPass))
                .defaultIfEmpty(false)
                .flatMap(finished -> guarded(
                                finished ? fold() : attemptsEnd().then(Mono.fromCallable(this::discardReductions)))
                        .then(guarded(Mono.fromCallable(this::noteRest)))
                        .then(queued())
                        .flatMap(queued -> guarded(Mono.fromCallable(() -> writeReport(finished, queued)))))
                .then(guarded(Mono.fromRunnable(this::close))) // before the subscriber hears of the end
                .then(Mono.defer(() -> failure == null ? Mono.empty() : Mono.error(failure)));
    }

    /**
     * A cancel that meets an operator at work reaches the calls behind it a moment later, on the thread of that operator; how their
     * attempts end belongs into the accounts. An attempt that no cancel ends is not waited for longer than a moment.
     */
    private Mono<Void> attemptsEnd() {
        return Mono.defer(() -> hasAttempts()
                ? Flux.interval(LOOK_EVERY, timer)
                        .take(LOOKS)
                        .takeWhile(tick -> hasAttempts())
                        .then()
                        .publishOn(files)
                : Mono.empty());
    }

    private boolean hasAttempts() {
        return statistics.snapshot().attempts().inFlight() > 0;
    }

    /** Lets the end go on to what can still be done: the first failure counts, those that follow hang on it. */
    private <T> Mono<T> guarded(Mono<T> work) {
        return work.onErrorResume(e -> {
            failed(
                    e instanceof IOException io
                            ? new UncheckedIOException("cannot end the run: " + ErrorText.message(io), io)
                            : e);
            return Mono.empty();
        });
    }

    private void failed(Throwable error) {
        Throwable first = failure;
        if (first != null) {
            if (first != error) {
                first.addSuppressed(error);
            }
            return;
        }
        failure = error;
        RunReport made = report;
        if (made != null) {
            report = made.broken(ErrorText.message(error));
        }
    }

    @Override
    public boolean outlivesCancel() {
        return true;
    }

    @Override
    public void cancelled() {
        if (stop.end().isEmpty()) {
            stop("the subscriber cancelled");
        }
    }

    @Override
    public void released() {
        Checkpoint<O> from = opened();
        from.dispose();
        files.dispose();
    }

    private Mono<Void> retryBatches() {
        BatchQueue queue = settings.queue();
        return queue != null && (settings.retryFailed() || settings.fresh()) && !goesOn
                ? queue.retryFailed()
                : Mono.empty();
    }

    private Checkpoint<O> open() {
        try {
            settings.dataset().check();
            Checkpoint<O> opened = Checkpoint.builder(settings.directory(), settings.codec())
                    .configuration(settings.identity())
                    .dataset(settings.dataset().signature())
                    .fresh(settings.fresh() && !goesOn)
                    .retryFailed(settings.retryFailed() && !goesOn)
                    .syncEvery(settings.syncEvery())
                    .scheduler(settings.files())
                    .open();
            synchronized (this) {
                checkpoint = opened;
                if (!abandoned) {
                    return opened;
                }
            }
        } catch (RuntimeException e) {
            closeUnused();
            throw e;
        }
        closeUnused();
        throw new CancellationException("cancelled while it was opened");
    }

    /** What everything behind the start works in. */
    private Checkpoint<O> opened() {
        return Objects.requireNonNull(checkpoint);
    }

    private Flux<Outcome<O>> start(Checkpoint<O> opened, ContextView subscriber) {
        synchronized (this) {
            if (abandoned) {
                return Flux.empty();
            }
            started = true;
        }
        try {
            watch.begin();
        } catch (RuntimeException e) {
            closeUnused();
            throw e;
        }
        RunSpending spending = settings.spending();
        if (spending != null) {
            spending.begin(opened.directory().read(Ledger::totals), settings.queue(), subscriber)
                    .forEach(reporter::note);
        }
        return opened.record(Flux.defer(() -> work(opened)).contextWrite(outer -> context.into(outer, opened)), this);
    }

    /** Put together when the recorder listens, so that it also hears what the dataset or a step throws here. */
    private Flux<Outcome<O>> work(Checkpoint<O> opened) {
        Flux<Outcome<I>> rows = new GuardedRows<>(settings.dataset().items());
        if (settings.maxItems() != Long.MAX_VALUE) {
            rows = rows.take(settings.maxItems()).doOnNext(row -> taken.incrementAndGet());
        }
        return opened.pending(rows)
                .onErrorResume(this::noMoreRows)
                .takeUntilOther(stop.noMoreRows())
                .transform(settings.pipeline().controlledBy(control))
                .transform(guard::judge)
                .takeUntilOther(stop.cutOff()) // behind what waits for demand
                .handle((outcome, recorded) -> filter.filter(outcome, opened.directory(), recorded));
    }

    /** What was read before is worked on to its end: it may be paid for already. */
    private <T> Flux<T> noMoreRows(Throwable error) {
        failed(error);
        return Flux.empty();
    }

    /** Cancelled before the first row. */
    private void abandon() {
        synchronized (this) {
            if (started || over) {
                return;
            }
            abandoned = true;
            if (checkpoint == null) {
                return; // open() closes what it has opened
            }
        }
        files.schedule(this::closeUnused);
    }

    private void closeUnused() {
        Checkpoint<O> from;
        synchronized (this) {
            from = checkpoint;
        }
        close();
        if (from != null) {
            from.dispose();
        }
        files.dispose();
    }

    /** Ends the pass if it came to the end of the dataset; whether every row is done. */
    private boolean finishPass() throws IOException {
        Checkpoint<O> from = opened();
        if (failure != null || !from.passed()) {
            return false;
        }
        writingAnew = true;
        try {
            from.directory().finishPass(!isLimited());
        } finally {
            writingAnew = false;
        }
        return from.directory().read(ledger -> ledger.rows().seen(RowStatus.PENDING)) == 0;
    }

    private Mono<Void> fold() {
        Checkpoint<O> from = opened();
        return reductions.make(stop.cutOff(), files).contextWrite(outer -> context.into(outer, from));
    }

    private @Nullable Void discardReductions() throws IOException {
        for (String file : reductions.discard()) {
            reporter.note(file + " of an earlier run was removed: it is made when the run finishes");
        }
        return null;
    }

    /** What the report counts in this run shall count in all runs too. */
    private @Nullable Void noteRest() throws IOException {
        opened().directory().besideItems(statistics.snapshot());
        return null;
    }

    /**
     * What a queue has that no answer came to.
     *
     * @param open requests of which something may come, since they are out or about to be
     * @param heldBack what a cap keeps from that
     */
    private record Queued(long open, Optional<HeldBack> heldBack) {}

    /** Nothing where the queue says nothing any more. */
    private Mono<Queued> queued() {
        Queued nothing = new Queued(0, Optional.empty());
        BatchQueue queue = settings.queue();
        return queue == null
                ? Mono.just(nothing)
                : Mono.zip(queue.snapshot(), queue.heldBack().singleOptional(), Execution::queued)
                        .onErrorReturn(nothing)
                        .publishOn(files);
    }

    private static Queued queued(QueueSnapshot queue, Optional<HeldBack> heldBack) {
        return new Queued(
                queue.waiting() + queue.out() - heldBack.map(HeldBack::requests).orElse(0L), heldBack);
    }

    private @Nullable Void writeReport(boolean finished, Queued queued) throws IOException {
        Checkpoint<O> from = opened();
        RunSpending spending = settings.spending();
        if (spending != null) {
            spending.end(from.directory().read(Ledger::totals));
        }
        reporter.lookAtGates();
        boolean mayGoOn = queued.open > 0;
        queued.heldBack
                .map(HeldBack::message)
                .ifPresent(mayGoOn || finished || filter.parked() == 0 ? reporter::note : this::stopByPolicy);
        End end = finished ? End.FINISHED : unfinished();
        RunReport made = reporter.report(from, end, why(end), filter.isOutOfMoney() && mayGoOn);
        report = made;
        ReportWriter.write(made);
        return null;
    }

    private End unfinished() {
        Throwable error = failure;
        if (error != null) {
            return error instanceof FailFastException ? End.STOPPED_BY_POLICY : End.BROKEN;
        }
        return stop.end().orElseGet(() -> filter.parked() == 0 ? End.STOPPED : End.WAITING);
    }

    private String why(End end) {
        Throwable error = failure;
        return end == End.FINISHED ? "" : error == null ? stop.reason().orElse("") : ErrorText.message(error);
    }

    private boolean hasResults() {
        return opened().directory()
                .read(ledger -> ledger.rows().seen(RowStatus.OK) + ledger.rows().unseen(RowStatus.OK) > 0);
    }

    /** Whether the limit, and not the dataset, ended the pass. */
    private boolean isLimited() {
        return taken.get() == settings.maxItems();
    }

    private void close() {
        Checkpoint<O> from;
        synchronized (this) {
            from = checkpoint;
        }
        try {
            if (from != null) {
                from.closeFiles();
            }
        } finally {
            stop.dispose();
            watch.end();
            over = true;
            closed.tryEmitEmpty();
        }
    }
}
