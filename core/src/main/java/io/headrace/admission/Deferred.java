package io.headrace.admission;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What is decided under a gate's lock and done after it, one after another on a thread: an attempt that ends while it is being
 * started makes room for another, which may end at once too, and a stack would not hold them all.
 */
final class Deferred {

    private static final ThreadLocal<Deferred> MINE = ThreadLocal.withInitial(Deferred::new);

    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private boolean running;

    private Deferred() {}

    /** This thread's. */
    static Deferred mine() {
        return MINE.get();
    }

    void add(Runnable task) {
        tasks.add(task);
    }

    /** Does what was added, or leaves it to the caller further up this thread's stack. */
    void run() {
        if (running || tasks.isEmpty()) {
            return;
        }
        running = true;
        try {
            runAll();
        } finally {
            running = false;
        }
    }

    /** One that throws keeps none of the others from being done. */
    private void runAll() {
        try {
            @Nullable Runnable task;
            while ((task = tasks.poll()) != null) {
                task.run();
            }
        } finally {
            if (!tasks.isEmpty()) {
                runAll();
            }
        }
    }
}
