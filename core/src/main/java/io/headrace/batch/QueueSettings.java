package io.headrace.batch;

import java.time.Clock;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

/** How a queue was built; see {@link BatchQueue.Builder}. */
record QueueSettings(
        long packRequests,
        long packBytes,
        long enqueuedTokens,
        int maxBatches,
        boolean leftoversOnline,
        @Nullable Duration moveOnlineAfter,
        Duration fillTime,
        Duration firstPoll,
        Duration longestPoll,
        Duration patience,
        Duration doubtWindow,
        Duration clockSkew,
        Supplier<? extends Scheduler> timer,
        Clock clock,
        RandomGenerator random) {}
