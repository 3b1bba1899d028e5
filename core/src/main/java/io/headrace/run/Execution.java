package io.headrace.run;

import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Outcome;
import io.headrace.admission.Budget;
import io.headrace.batch.BatchQueue;
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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/** A run while it runs, once through the dataset: opens the files, lets the rows through, and ends for whatever reason in order. */
final class Execution<I, O> implements Recorder.Ending, Current.Watched<Progress> {

    private static final Logger LOG = LoggerFactory.getLogger(Execution.class);

    private static final long NOT_PAUSED = Long.MIN_VALUE;

    private final RunSettings<I, O> settings;
    private final boolean goesOn;
    private final FlowControl control;
    private final GracefulStop stop;
    private final Scheduler files;
    private final Scheduler timer;
    private final Statistics statistics = Statistics.create();
    private final AtomicLong parked = new AtomicLong();
    private final AtomicLong taken = new AtomicLong();
    private final AtomicLong pausedSince = new AtomicLong(NOT_PAUSED);
    private final Sinks.Empty<Void> closed = Sinks.empty();
    private final Reductions<O> reductions;
    private final Reporter<O> reporter;
    private final AccountGuard<O> guard;
    private final ErrorAlarm alarm;
    private boolean alarmed;
    private final MemoryGuard memory;
    private final RunContext context;
    private final Disposable.Swap looking = Disposables.swap();
    private final Mono<Checkpoint<O>> opening;
    private @Nullable Checkpoint<O> checkpoint;
    private boolean started;
    private boolean abandoned;
    private boolean outOfReach;
    private volatile boolean noRoom;
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
        this.alarm = new ErrorAlarm(settings.errorShare().share());
        this.memory = new MemoryGuard(this::share);
        this.guard = new AccountGuard<>(settings.accountErrors(), this::hasResults, this::stopByPolicy);
        CallListener hint = settings.queue() == null ? new BatchHint(this::warn) : CallListener.noop();
        CallListener all = statistics.and(guard).and(hint).and(settings.listener());
        this.context = new RunContext(settings, all, reporter.startedAt());
        if (control.isPaused()) {
            paused();
        }
        // cached, so that a cancel does not interrupt the opening half-way
        this.opening = retryBatches()
                .then(Mono.fromCallable(this::open).subscribeOn(files))
                .cache();
    }

    Flux<Outcome<O>> outcomes() {
        return opening.flatMapMany(this::start).doOnCancel(this::abandon);
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
        return parked.get() > 0 || statistics.snapshot().calls().parked() > 0;
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
        pausedSince.compareAndSet(NOT_PAUSED, timer.now(TimeUnit.NANOSECONDS));
    }

    void resumed() {
        long since = pausedSince.getAndSet(NOT_PAUSED);
        if (since != NOT_PAUSED) {
            note("paused for "
                    + Duration.ofNanos(timer.now(TimeUnit.NANOSECONDS) - since).toMillis() / 1e3 + " s");
        }
    }

    void note(String what) {
        if (!over) {
            reporter.note(what);
        }
    }

    private void warn(String what) {
        LOG.warn("{}", what);
        note(what);
    }

    private void look() {
        reporter.lookAtGates().forEach(this::note);
        try {
            files.schedule(this::lookAtMemory); // a container tells by files, which are not for the timer's threads
        } catch (RejectedExecutionException e) {
            looking.dispose(); // it ends meanwhile
        }
    }

    private void lookAtMemory() {
        if (!over) {
            memory.look(settings.memory().get()).ifPresent(this::warn);
        }
    }

    /** How much of their windows the steps may use, and of their sizes batches. */
    private void share(double share) {
        control.share(share);
        packShare(share);
    }

    private void packShare(double share) {
        BatchQueue queue = settings.queue();
        if (queue != null) {
            queue.packShare(share);
        }
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
                .flatMap(finished -> guarded(finished ? fold() : Mono.fromCallable(this::discardReductions))
                        .then(guarded(Mono.fromCallable(this::noteRest)))
                        .then(guarded(Mono.fromCallable(() -> writeReport(finished)))))
                .then(guarded(Mono.fromRunnable(this::close))) // before the subscriber hears of the end
                .then(Mono.defer(() -> failure == null ? Mono.empty() : Mono.error(failure)));
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
        Checkpoint<O> from = Objects.requireNonNull(checkpoint);
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

    private Flux<Outcome<O>> start(Checkpoint<O> opened) {
        synchronized (this) {
            if (abandoned) {
                return Flux.empty();
            }
            started = true;
        }
        try {
            MemoryGuard.before(settings.memory().get()).ifPresent(this::warn);
            looking.update(timer.schedulePeriodically(this::look, 0, 1, TimeUnit.SECONDS));
        } catch (RuntimeException e) {
            closeUnused();
            throw e;
        }
        SpentBefore purse = settings.purse();
        if (purse != null) {
            purse.begin(opened.directory().read(Ledger::totals)).ifPresent(reporter::note);
            owe(purse.budget());
        }
        return opened.record(Flux.defer(() -> work(opened)).contextWrite(outer -> context.into(outer, opened)), this);
    }

    private void owe(Budget budget) {
        BatchQueue queue = settings.queue();
        if (queue == null) {
            return;
        }
        budget.owes(queue, queue::outstanding);
        long unpriced = queue.outstanding().unknown();
        if (unpriced > 0) {
            reporter.note("the cap on money does not count " + unpriced
                    + " calls that wait for batches: their price or their bound is not known");
        }
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
                .handle(this::admit);
    }

    /**
     * Leaves out what waits for a batch, and what no money or no provider was left for, which makes it pending, and sees how many
     * fail.
     */
    private void admit(Outcome<O> outcome, SynchronousSink<Outcome<O>> sink) {
        context.left(outcome.item());
        if (outcome instanceof Outcome.Failed<O> failed && failed.kind() == ErrorKind.PARKED) {
            parked.incrementAndGet();
            Objects.requireNonNull(checkpoint).directory().park(outcome.item().rowId(), outcome.tally());
            return;
        }
        if (outcome instanceof Outcome.Failed<O> failed && isOutOfReach(failed.kind())) {
            if (!outOfReach) {
                outOfReach = true;
                noRoom = failed.kind() == ErrorKind.BUDGET_EXHAUSTED;
                stopByPolicy(failed.message());
            }
            return;
        }
        alarm.item(outcome instanceof Outcome.Failed).ifPresent(this::alarm);
        sink.next(outcome);
    }

    private boolean isOutOfReach(ErrorKind kind) {
        return kind == ErrorKind.UNAVAILABLE || (kind == ErrorKind.BUDGET_EXHAUSTED && settings.purse() != null);
    }

    private void alarm(String what) {
        if (settings.errorShare().stops()) {
            stopByPolicy(what);
        } else if (alarmed) {
            LOG.warn("{}", what); // the report must not grow with the rows
        } else {
            alarmed = true;
            warn(what);
        }
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
        Checkpoint<O> from = Objects.requireNonNull(checkpoint);
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
        Checkpoint<O> from = Objects.requireNonNull(checkpoint);
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
        Objects.requireNonNull(checkpoint).directory().besideItems(statistics.snapshot());
        return null;
    }

    private @Nullable Void writeReport(boolean finished) throws IOException {
        Checkpoint<O> from = Objects.requireNonNull(checkpoint);
        SpentBefore purse = settings.purse();
        if (purse != null) {
            purse.end(from.directory().read(Ledger::totals));
        }
        reporter.lookAtGates().forEach(this::note);
        End end = finished ? End.FINISHED : unfinished();
        RunReport made = reporter.report(from, end, why(end), noRoom);
        report = made;
        ReportWriter.write(made);
        return null;
    }

    private End unfinished() {
        Throwable error = failure;
        if (error != null) {
            return error instanceof FailFastException ? End.STOPPED_BY_POLICY : End.BROKEN;
        }
        return stop.end().orElseGet(() -> parked.get() == 0 ? End.STOPPED : End.WAITING);
    }

    private String why(End end) {
        Throwable error = failure;
        return end == End.FINISHED ? "" : error == null ? stop.reason().orElse("") : ErrorText.message(error);
    }

    private boolean hasResults() {
        return Objects.requireNonNull(checkpoint)
                .directory()
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
            looking.dispose();
            packShare(1);
            over = true;
            closed.tryEmitEmpty();
        }
    }
}
