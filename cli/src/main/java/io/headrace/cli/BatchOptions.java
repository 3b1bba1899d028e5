package io.headrace.cli;

import io.headrace.CachePolicy;
import io.headrace.StorageException;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.QueueSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say whether answers are bought one by one or in batches, and how. */
final class BatchOptions {

    /** How answers are bought. */
    enum Mode {
        ONLINE,
        BATCH
    }

    /** What becomes of requests that batches bring no end for. */
    enum Leftovers {
        FAIL,
        ONLINE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static final String FOLDER = "batches";
    private static final int MAX_BATCHES = 100;
    private static final int USUAL_BATCHES = 3;
    private static final int USUAL_POLL_SECONDS = 10;
    private static final int LONGEST_POLL = 30;
    private static final int USUAL_DOUBT_MINUTES = 15;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            order = 26,
            defaultValue = "online",
            description = {
                "online: each call is answered at once. batch: calls go to the provider's batch API, for half the price and"
                        + " within a day; the command submits them and ends, and the same command run again collects what is"
                        + " there and goes on with it. Default: ${DEFAULT-VALUE}."
            })
    private Mode mode = Mode.ONLINE;

    @Option(names = "--wait", order = 27, description = "For --mode batch: waits for the batches until all is done.")
    private boolean wait;

    @Option(
            names = "--leftovers",
            paramLabel = "WHERE",
            order = 27,
            description =
                    "For --mode batch: what becomes of requests that expire, fail by the server or get lost in as many batches as"
                            + " --max-batches says: ${COMPLETION-CANDIDATES}. Default: fail, into the dead letters.")
    private @Nullable Leftovers leftovers;

    @Option(
            names = "--max-batches",
            paramLabel = "N",
            order = 27,
            description = "For --mode batch: in how many batches a request may be. Default: " + USUAL_BATCHES + ".")
    private @Nullable Integer maxBatches;

    @Option(
            names = "--move-online-after",
            paramLabel = "TIME",
            order = 27,
            description =
                    "For --mode batch: cancels a batch that takes longer, such as 6h, and asks online for what it leaves."
                            + " Default: never.")
    private @Nullable Duration moveOnlineAfter;

    @Option(
            names = "--batch-requests",
            paramLabel = "N",
            order = 27,
            description = "For --mode batch: most requests of one batch. Default: what the provider allows.")
    private @Nullable Long batchRequests;

    @Option(
            names = "--enqueued-tokens",
            paramLabel = "N",
            order = 27,
            description =
                    "For --mode batch: most prompt tokens of the model in batches at a time, the account's limit. Default: found by"
                            + " use.")
    private @Nullable Long enqueuedTokens;

    @Option(
            names = "--poll",
            paramLabel = "TIME",
            order = 27,
            description =
                    "For --mode batch --wait: how long to wait before asking after a batch again; more each time, up to "
                            + LONGEST_POLL + " times that. Default: " + USUAL_POLL_SECONDS + "s.")
    private @Nullable Duration poll;

    @Option(
            names = "--batch-doubt",
            paramLabel = "TIME",
            order = 27,
            description =
                    "For --mode batch at Anthropic: how long a batch may still show up whose submission was cut off, before it is"
                            + " submitted again. Default: " + USUAL_DOUBT_MINUTES + "m.")
    private @Nullable Duration doubt;

    /**
     * @throws UsageProblem for a number out of its range, for options that mean nothing online, and for those that batches
     *     cannot keep to
     */
    void check(AnswerOptions answers, BudgetOptions budget, boolean simulatedHere) {
        forBatches("--wait", wait);
        forBatches("--leftovers", leftovers != null);
        forBatches("--max-batches", maxBatches != null);
        forBatches("--move-online-after", moveOnlineAfter != null);
        forBatches("--batch-requests", batchRequests != null);
        forBatches("--enqueued-tokens", enqueuedTokens != null);
        forBatches("--poll", poll != null);
        forBatches("--batch-doubt", doubt != null);
        Checks.needs("--poll", poll != null, "--wait", waits(simulatedHere));
        if (isBatch() && answers.policy().mode() == CachePolicy.Mode.BYPASS) {
            throw new UsageProblem(
                    "--cache-policy bypass is for --mode online, for answers of batches come by the cache;"
                            + " 'refresh' buys each again");
        }
        if (isBatch() && budget.capsTokens()) {
            throw new UsageProblem(
                    "--max-tokens is for --mode online, for what batches may take is bounded in money only:"
                            + " by --max-cost");
        }
        if (maxBatches != null) {
            Checks.range("--max-batches", maxBatches, 1, MAX_BATCHES);
        }
        if (batchRequests != null) {
            Checks.range("--batch-requests", batchRequests, 1, Long.MAX_VALUE);
        }
        if (enqueuedTokens != null) {
            Checks.range("--enqueued-tokens", enqueuedTokens, 1, Long.MAX_VALUE);
        }
        if (poll != null) {
            positive("--poll", poll);
        }
        if (doubt != null) {
            positive("--batch-doubt", doubt);
        }
        if (moveOnlineAfter != null) {
            positive("--move-online-after", moveOnlineAfter);
        }
    }

    boolean isBatch() {
        return mode == Mode.BATCH;
    }

    /**
     * Opens the queue of batches of the work in {@code out}.
     *
     * @throws UsageProblem if another process works on it
     */
    BatchQueue open(Path out, boolean simulatedHere) {
        Duration first =
                poll != null ? poll : simulatedHere ? Duration.ofMillis(100) : Duration.ofSeconds(USUAL_POLL_SECONDS);
        BatchQueue.Builder queue = BatchQueue.builder(folder(out))
                .poll(first, first.multipliedBy(LONGEST_POLL))
                .maxBatches(maxBatches != null ? maxBatches : USUAL_BATCHES)
                .doubtWindow(doubt != null ? doubt : Duration.ofMinutes(USUAL_DOUBT_MINUTES));
        if (simulatedHere) {
            queue.retention(Duration.ZERO); // batches of an earlier process ended with it
        }
        if (leftovers == Leftovers.ONLINE) {
            queue.leftoversOnline();
        }
        if (moveOnlineAfter != null) {
            queue.moveOnlineAfter(moveOnlineAfter);
        }
        if (batchRequests != null) {
            queue.packRequests(batchRequests);
        }
        if (enqueuedTokens != null) {
            queue.enqueuedTokens(enqueuedTokens);
        }
        return open(queue);
    }

    /** What {@code queue} needs of runs; null for none. */
    <R> @Nullable BatchWork<R> work(@Nullable BatchQueue queue, boolean simulatedHere, Predicate<R> isWaiting) {
        return queue == null ? null : new BatchWork<>(queue, waits(simulatedHere), isWaiting);
    }

    /** Batches of a provider in this process end with it: they are always waited for. */
    private boolean waits(boolean simulatedHere) {
        return wait || simulatedHere;
    }

    static BatchQueue open(BatchQueue.Builder queue) {
        try {
            return queue.open();
        } catch (IllegalStateException | StorageException e) {
            throw UsageProblem.of(e);
        }
    }

    static Path folder(Path out) {
        return out.resolve(FOLDER);
    }

    /** Says what an online run should know of the batches that are out for the work in {@code out}, if there are any. */
    void warn(Console console, Path out) {
        if (isBatch() || !Files.isDirectory(folder(out))) {
            return;
        }
        QueueSnapshot snapshot = BatchCommand.read(folder(out));
        if (snapshot.out() > 0) {
            console.line("headrace: warning: " + ProgressText.count(snapshot.out(), "request")
                    + " of this work are out in batches, and this run pays for them again: --mode batch collects them,"
                    + " 'headrace batch cancel' cancels them");
        }
    }

    private void forBatches(String option, boolean isGiven) {
        Checks.needs(option, isGiven, "--mode batch", isBatch());
    }

    private static void positive(String option, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new UsageProblem(option + " must be positive, such as 30s");
        }
    }
}
