package io.headrace.run;

import io.headrace.ErrorKind;
import io.headrace.Outcome;
import io.headrace.Outcome.Failed;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.SynchronousSink;

/**
 * Which outcomes of a run are recorded. Items that wait for a batch, and those for which no money or no provider was left, are left
 * out and stay pending. Warns, or stops the run, when too many of the others fail. Outcomes come one after another.
 */
final class OutcomeFilter<O> {

    private static final Logger LOG = LoggerFactory.getLogger(OutcomeFilter.class);

    private final RunSettings<?, O> settings;
    private final RunContext context;
    private final Consumer<String> warning;
    private final Consumer<String> stop;
    private final RecentFailures failures = new RecentFailures();
    private final ErrorAlarm warnAlarm;
    private final ErrorAlarm stopAlarm;
    private final AtomicLong parked = new AtomicLong();
    private boolean warned;
    private boolean outOfReach;
    private volatile boolean outOfMoney;

    OutcomeFilter(RunSettings<?, O> settings, RunContext context, Consumer<String> warning, Consumer<String> stop) {
        this.settings = settings;
        this.context = context;
        this.warning = warning;
        this.stop = stop;
        this.warnAlarm = new ErrorAlarm(settings.warnAboveErrorShare());
        this.stopAlarm = new ErrorAlarm(settings.stopAboveErrorShare());
    }

    /** Hands {@code outcome} to {@code recorded}, or leaves it out. */
    void filter(Outcome<O> outcome, RunDirectory directory, SynchronousSink<Outcome<O>> recorded) {
        context.left(outcome.item());
        if (outcome instanceof Failed<O> failed && failed.kind() == ErrorKind.PARKED) {
            parked.incrementAndGet();
            directory.park(outcome.item().rowId(), outcome.tally());
        } else if (outcome instanceof Failed<O> failed && isOutOfReach(failed.kind())) {
            stopOnce(failed);
        } else {
            failures.item(outcome instanceof Failed);
            warnAlarm.look(failures).ifPresent(this::warn);
            stopAlarm.look(failures).ifPresent(stop);
            recorded.next(outcome);
        }
    }

    /** Items that wait for batches. */
    long parked() {
        return parked.get();
    }

    /** Whether the run was stopped because no money was left for a call. */
    boolean isOutOfMoney() {
        return outOfMoney;
    }

    private boolean isOutOfReach(ErrorKind kind) {
        return kind == ErrorKind.UNAVAILABLE || (kind == ErrorKind.BUDGET_EXHAUSTED && settings.spending() != null);
    }

    private void stopOnce(Failed<O> failed) {
        if (!outOfReach) {
            outOfReach = true;
            outOfMoney = failed.kind() == ErrorKind.BUDGET_EXHAUSTED;
            stop.accept(failed.message());
        }
    }

    private void warn(String what) {
        if (warned) {
            LOG.warn("{}", what); // the report must not grow with the rows
        } else {
            warned = true;
            warning.accept(what);
        }
    }
}
