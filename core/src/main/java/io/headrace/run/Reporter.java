package io.headrace.run;

import io.headrace.Cost;
import io.headrace.admission.Budget;
import io.headrace.admission.GateSnapshot;
import io.headrace.batch.BatchQueue;
import io.headrace.flow.FlowControl;
import io.headrace.observe.Statistics;
import io.headrace.observe.StatisticsSnapshot;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import io.headrace.run.RunReport.Part;
import io.headrace.run.RunReport.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Scheduler;

/**
 * Says where a run stands while it runs, and what it came to: items from the journal, calls from the statistics, and what people
 * should know beside the numbers. Thread-safe.
 */
final class Reporter<O> {

    private static final Logger LOG = LoggerFactory.getLogger(Reporter.class);

    private static final long NOT_PAUSED = Long.MIN_VALUE;

    private final RunSettings<?, O> settings;
    private final FlowControl control;
    private final GracefulStop stop;
    private final Statistics statistics;
    private final Reductions<O> reductions;
    private final LimitTrace limits;
    private final RecentItems pace = new RecentItems();
    private final List<String> notes = new CopyOnWriteArrayList<>();
    private final Scheduler clock;
    private final Instant startedAt;
    private final long startNanos;
    private final AtomicLong pausedSince = new AtomicLong(NOT_PAUSED);

    /** The run starts now, by {@code clock}. */
    Reporter(
            RunSettings<?, O> settings,
            FlowControl control,
            GracefulStop stop,
            Statistics statistics,
            Reductions<O> reductions,
            Scheduler clock) {
        this.settings = settings;
        this.control = control;
        this.stop = stop;
        this.statistics = statistics;
        this.reductions = reductions;
        this.limits = new LimitTrace(settings.gates());
        this.clock = clock;
        this.startedAt = Instant.ofEpochMilli(clock.now(TimeUnit.MILLISECONDS));
        this.startNanos = clock.now(TimeUnit.NANOSECONDS);
    }

    Instant startedAt() {
        return startedAt;
    }

    /** Something that the report is to say. */
    void note(String what) {
        notes.add(what);
    }

    /** {@link #note}, and in the log. */
    void warn(String what) {
        LOG.warn("{}", what);
        note(what);
    }

    void paused() {
        pausedSince.compareAndSet(NOT_PAUSED, clock.now(TimeUnit.NANOSECONDS));
    }

    void resumed() {
        long since = pausedSince.getAndSet(NOT_PAUSED);
        if (since != NOT_PAUSED) {
            Duration paused = Duration.ofNanos(clock.now(TimeUnit.NANOSECONDS) - since);
            note("paused for " + paused.toMillis() / 1e3 + " s");
        }
    }

    /** Looks at the gates, whose limits change, and notes their standstills. */
    void lookAtGates() {
        limits.look(elapsed()).forEach(this::note);
    }

    Progress progress(Checkpoint<O> from) {
        StatisticsSnapshot calls = statistics.snapshot();
        List<GateSnapshot> gates = limits.gates();
        List<FlowControl.Load> steps = control.loads();
        OptionalLong size = size();
        Duration elapsed = elapsed();
        RunDirectory directory = from.directory();
        return directory.read(ledger -> {
            Items items = Figures.items(ledger.rows(), from.passed(), size);
            OptionalLong in = from.passed() ? OptionalLong.of(items.in()) : size;
            long open = items.pending() + items.cancelled();
            long done = directory.counts().done();
            double rate = done / Math.max(1e-9, elapsed.toNanos() / 1e9);
            double recent = pace.itemsPerSecond(elapsed, done);
            return new Progress(
                    elapsed,
                    in,
                    ledger.rows().passed(),
                    items.ok(),
                    items.failed(),
                    items.skipped(),
                    in.isPresent() ? OptionalLong.of(open) : OptionalLong.empty(),
                    items.cancelled(),
                    ledger.rows().parked(),
                    rate,
                    in.isPresent() && recent > 0
                            ? Optional.of(Duration.ofMillis((long) (open / recent * 1000)))
                            : Optional.empty(),
                    Binding.of(
                            control.isPaused(), gates, steps, calls.attempts().inFlight()),
                    calls.attempts().sent(),
                    calls.calls().cached(),
                    calls.attempts().retried(),
                    calls.usage(),
                    calls.cost(),
                    calls.callTime(),
                    gates,
                    balance(),
                    steps,
                    control.isPaused(),
                    stop.reason());
        });
    }

    /**
     * What the run came to.
     *
     * @param why it ended so; where items wait for batches, their number says that
     * @param holdsBudget whether it ended because no money was left for the next call, and batches may give some back
     */
    RunReport report(Checkpoint<O> from, End end, String why, boolean holdsBudget) {
        RunDirectory directory = from.directory();
        List<String> said = new ArrayList<>(directory.notes());
        said.addAll(notes);
        wasted().ifPresent(said::add);
        StatisticsSnapshot calls = statistics.snapshot();
        OptionalLong size = size();
        return directory.read(ledger -> {
            Part total = Figures.total(ledger, from.passed(), size);
            long waiting = ledger.rows().parked();
            return new RunReport(
                    settings.directory(),
                    Objects.requireNonNull(ledger.run()).run(),
                    startedAt,
                    elapsed(),
                    end,
                    end == End.WAITING
                            ? waiting + (waiting == 1 ? " item waits" : " items wait") + " for batches"
                            : why,
                    from.passed() || size.isPresent(),
                    Figures.thisRun(directory.counts(), total.items().cancelled(), waiting, calls),
                    Figures.attempts(calls),
                    total,
                    ledger.totals().lost(),
                    ledger.totals().lostCost(),
                    directory.cutBytes(),
                    said,
                    waiting(waiting, calls.calls().parked(), holdsBudget),
                    balance(),
                    limits.gates(),
                    limits.points(),
                    reductions.results(),
                    reductions.failures());
        });
    }

    private Optional<Budget.Balance> balance() {
        RunSpending spending = settings.spending();
        return spending == null
                ? Optional.empty()
                : Optional.of(spending.budget().balance());
    }

    private Optional<String> wasted() {
        Cost wasted = settings.queue() == null ? Cost.ZERO : settings.queue().wasted();
        return wasted.isNone()
                ? Optional.empty()
                : Optional.of(
                        "answers of batches may not be kept (filtered, empty or turned down by the validator) or were lost, for at most "
                                + ReportText.atMost(wasted, "price") + " so far: it is paid, and in no item's account");
    }

    private Waiting waiting(long items, long calls, boolean holdsBudget) {
        BatchQueue queue = settings.queue();
        Cost most = queue == null ? Cost.ZERO : queue.outstanding();
        return new Waiting(items, calls, most, holdsBudget);
    }

    private OptionalLong size() {
        OptionalLong size = settings.dataset().size();
        return size.isPresent() ? OptionalLong.of(Math.min(size.getAsLong(), settings.maxItems())) : size;
    }

    private Duration elapsed() {
        return Duration.ofNanos(clock.now(TimeUnit.NANOSECONDS) - startNanos);
    }
}
