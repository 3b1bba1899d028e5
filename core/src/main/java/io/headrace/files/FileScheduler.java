package io.headrace.files;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * One daemon thread for files. Disposing of it never interrupts what runs: an interrupt closes the file that the thread
 * writes.
 */
public final class FileScheduler implements Scheduler {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final ScheduledThreadPoolExecutor executor;
    private final Scheduler scheduler;

    public FileScheduler() {
        String name = "headrace-files-" + NUMBER.incrementAndGet();
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        scheduler = Schedulers.fromExecutorService(executor, name);
    }

    @Override
    public Disposable schedule(Runnable task) {
        return scheduler.schedule(task);
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
        return scheduler.schedule(task, delay, unit);
    }

    @Override
    public Worker createWorker() {
        return scheduler.createWorker();
    }

    @Override
    public void dispose() {
        executor.shutdown();
    }

    @Override
    public boolean isDisposed() {
        return executor.isShutdown();
    }
}
