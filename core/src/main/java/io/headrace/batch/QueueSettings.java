package io.headrace.batch;

import java.time.Clock;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

/** How a queue was built; see {@link BatchQueue.Builder}. */
record QueueSettings(
        long packRequests,
        long enqueuedTokens,
        int maxBatches,
        boolean leftoversOnline,
        @Nullable Duration moveOnlineAfter,
        Duration fillTime,
        Pace.Steps polls,
        Duration patience,
        Duration doubtWindow,
        @Nullable Duration retention,
        Supplier<? extends Scheduler> timer,
        Clock clock) {

    /** How long after its submission a batch may still be known there. */
    Duration retention(BatchApi<?, ?> api) {
        return retention == null ? api.retention() : retention;
    }
}
