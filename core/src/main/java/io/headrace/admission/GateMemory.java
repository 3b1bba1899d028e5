package io.headrace.admission;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Keeps what a gate has learned of the limits of its keys for the next process. Under the gate's lock. */
final class GateMemory {

    private static final long EVERY = Duration.ofSeconds(10).toNanos();

    private final String gate;
    private final KeyRing keys;
    private final @Nullable LearnedStore store;
    private final Supplier<Scheduler> clock;
    private final Object writing = new Object();
    private boolean begun;
    private long kept;
    private long rounds;
    private long written;

    GateMemory(String gate, KeyRing keys, @Nullable LearnedStore store, Supplier<Scheduler> clock) {
        this.gate = gate;
        this.keys = keys;
        this.store = store;
        this.clock = clock;
    }

    /** Has what is known now written after the lock, off this thread, if that is due. */
    void keep(long now, Deferred deferred) {
        LearnedStore files = store;
        if (files == null) {
            return;
        }
        if (!begun) {
            begun = true;
            kept = now;
        }
        if (now - kept < EVERY) {
            return;
        }
        kept = now;
        for (Runnable write : writes(files)) {
            deferred.add(() -> Schedulers.boundedElastic().schedule(write));
        }
    }

    /** What is known now, to be written after the lock. */
    List<Runnable> writes() {
        LearnedStore files = store;
        return files == null ? List.of() : writes(files);
    }

    private List<Runnable> writes(LearnedStore files) {
        long millis = clock.get().now(TimeUnit.MILLISECONDS);
        long round = ++rounds;
        List<Runnable> writes = new ArrayList<>();
        for (Seat seat : keys.seats()) {
            AdaptiveLimits limits = seat.adaptive();
            if (limits != null) {
                Learned learned = limits.learned(millis);
                writes.add(() -> write(round, () -> files.write(gate, seat.key(), learned)));
            }
        }
        return writes;
    }

    /** One after another, and nothing older behind what is newer: the threads that write run beside each other. */
    private void write(long round, Runnable write) {
        synchronized (writing) {
            if (round >= written) {
                written = round;
                write.run();
            }
        }
    }
}
