package io.headrace.cli;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Whether the operating system lets the process have its threads. A run starts them as it comes to need them, most of them deep in
 * other libraries, and a thread that is refused there leaves whatever waits for it waiting for ever: so it is tried before.
 */
final class Threads {

    /** Those of a run beside the JVM's own: some 21 were counted, and of each processor one for sockets and one that computes. */
    static final int NEEDED = 25 + 2 * Runtime.getRuntime().availableProcessors();

    private Threads() {}

    /**
     * Starts as many as a run needs, and lets them go.
     *
     * @throws UsageProblem if there are fewer
     */
    static void check() {
        check(NEEDED, Thread::new);
    }

    static void check(int needed, ThreadFactory factory) {
        ThreadPoolExecutor threads =
                new ThreadPoolExecutor(needed, needed, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        try {
            threads.prestartAllCoreThreads();
        } catch (OutOfMemoryError e) {
            throw new UsageProblem(
                    "this process may start " + threads.getPoolSize() + " more threads, and a run needs about " + needed
                            + ": raise the limit of its user (ulimit -u) or of its container",
                    e);
        } finally {
            threads.shutdown();
        }
    }
}
