package io.headrace.run;

import io.headrace.memory.MemoryUse;
import java.util.Optional;
import java.util.function.DoubleConsumer;

/**
 * Keeps a run alive where memory gets short. At 80 % of the nearest bound it warns. Above 90 % it halves, at each look until the use
 * falls, how many items the steps work on at once and how many requests batches hold. Below 80 % it doubles them until all is as it
 * was. Thread-safe.
 */
final class MemoryGuard {

    static final double WARNING = 0.8;
    static final double SHORT = 0.9;

    /** Below this share of the windows there is nothing left to save: one item a step is the least in any case. */
    private static final double LEAST = 1.0 / 1024;

    private final DoubleConsumer windows;
    private double share = 1;
    private boolean warned;
    private long collections = -1;

    /**
     * @param windows told which share of their concurrency the steps may use, and of their size batches
     */
    MemoryGuard(DoubleConsumer windows) {
        this.windows = windows;
    }

    /** What a run should know before it begins. */
    static Optional<String> before(MemoryUse use) {
        long heap = use.heap().limit();
        return use.container().isLimited() && heap > use.container().limit()
                ? Optional.of("the Java heap may grow to " + MemoryUse.text(heap) + " and the container has "
                        + MemoryUse.text(use.container().limit())
                        + ", so it may be killed before the heap is full: set -Xmx to three quarters of that or less")
                : Optional.empty();
    }

    /**
     * Does what {@code use} asks for.
     *
     * @return what to tell people, when something begins or is over
     */
    synchronized Optional<String> look(MemoryUse use) {
        boolean isOld = use.isByHeap() && use.collections() == collections;
        collections = use.collections();
        if (isOld) {
            return Optional.empty();
        }
        double used = use.share();
        if (used >= SHORT) {
            boolean begins = share == 1;
            set(Math.max(LEAST, share / 2));
            warned = true;
            return begins
                    ? Optional.of("memory is short (" + use.nearest()
                            + "): fewer items are at work at once until it falls; give the process more memory or lower"
                            + " the concurrency")
                    : Optional.empty();
        }
        if (used >= WARNING) {
            boolean first = !warned;
            warned = true;
            return first ? Optional.of("memory is at 80 % (" + use.nearest() + ")") : Optional.empty();
        }
        if (share < 1) {
            set(Math.min(1, share * 2));
            if (share == 1) {
                warned = false;
                return Optional.of("memory suffices again (" + use.nearest() + "): all items are at work that may be");
            }
        }
        return Optional.empty();
    }

    private void set(double share) {
        if (share != this.share) {
            this.share = share;
            windows.accept(share);
        }
    }
}
