package io.headrace.cache.rocksdb;

import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** One thread for what takes long and nobody's call waits for, made when it is needed first. */
final class ToolThread {

    private @Nullable Scheduler scheduler;
    private boolean ended;

    synchronized Scheduler scheduler() {
        if (scheduler == null) {
            scheduler = Schedulers.newSingle("headrace-cache-tools", true);
            if (ended) {
                scheduler.dispose();
            }
        }
        return scheduler;
    }

    synchronized void end() {
        ended = true;
        if (scheduler != null) {
            scheduler.dispose();
        }
    }
}
