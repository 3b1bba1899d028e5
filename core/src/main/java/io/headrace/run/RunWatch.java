package io.headrace.run;

import io.headrace.batch.BatchQueue;
import io.headrace.flow.FlowControl;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/** Looks each second at the gates and the memory of a run, and lets it work on less at once while memory is short. Thread-safe. */
final class RunWatch {

    private final RunSettings<?, ?> settings;
    private final FlowControl control;
    private final Reporter<?> reporter;
    private final Scheduler timer;
    private final Scheduler files;
    private final MemoryGuard memory = new MemoryGuard(this::share);
    private final Disposable.Swap looking = Disposables.swap();

    RunWatch(RunSettings<?, ?> settings, FlowControl control, Reporter<?> reporter, Scheduler timer, Scheduler files) {
        this.settings = settings;
        this.control = control;
        this.reporter = reporter;
        this.timer = timer;
        this.files = files;
    }

    void begin() {
        MemoryGuard.before(settings.memory().get()).ifPresent(reporter::warn);
        looking.update(timer.schedulePeriodically(this::look, 0, 1, TimeUnit.SECONDS));
    }

    /** Ends it, and lets batches have their whole size again. */
    void end() {
        looking.dispose();
        packShare(1);
    }

    private void look() {
        reporter.lookAtGates();
        try {
            files.schedule(this::lookAtMemory); // a container tells by files, which are not for the timer's threads
        } catch (RejectedExecutionException e) {
            looking.dispose(); // the run ends meanwhile
        }
    }

    private void lookAtMemory() {
        if (!looking.isDisposed()) {
            memory.look(settings.memory().get()).ifPresent(reporter::warn);
        }
    }

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
}
