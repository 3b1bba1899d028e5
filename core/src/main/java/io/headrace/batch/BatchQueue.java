package io.headrace.batch;

import io.headrace.Cost;
import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.Require;
import io.headrace.StorageException;
import io.headrace.admission.Budget;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.ContextView;

/**
 * Calls that wait on disk for their batches, those of one run or of all runs that share the queue. A parked call survives the process, goes
 * into a batch that is submitted exactly once, and ends as a stored answer, as an error, or online. One process works on a directory at a
 * time.
 *
 * <p>The requests of a collected batch are deleted; how each of them ended is kept as long as the directory. A request then takes
 * about 45 bytes of disk (27 for its end, 16 for its claim), 16 bytes of memory off the heap, and a microsecond or two of the next
 * opening; a batch takes 500 bytes of disk. A service should begin a new directory from time to time, say each month, when
 * {@linkplain QueueSnapshot#isIdle nothing waits or is out} and everything was claimed: the answers are in the cache, and only failed
 * requests would be asked again.
 *
 * <p>Thread-safe. Work on files is done by one thread that the queue owns; {@link #close} frees it.
 */
public final class BatchQueue implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BatchQueue.class);

    private final Map<String, Served<?, ?>> lanes = new ConcurrentHashMap<>();
    private final FileThread files;
    private final QueueDirectory directory;
    private final Packer packer;
    private final Path place;
    private final Caps caps = new Caps();
    private final Dispatcher dispatcher;
    private final Sinks.Empty<Void> closed = Sinks.empty();

    private BatchQueue(QueueSettings settings, FileThread files, QueueDirectory directory) {
        this.files = files;
        this.directory = directory;
        this.place = directory.files().directory().toAbsolutePath().normalize();
        this.packer = new Packer(directory, settings);
        this.dispatcher = new Dispatcher(settings, files, directory, packer, lanes, caps);
    }

    /** The queue in {@code directory}, with the defaults. */
    public static BatchQueue open(Path directory) {
        return builder(directory).open();
    }

    /** Begins a queue in {@code directory}, which is made if there is none. */
    public static Builder builder(Path directory) {
        return new Builder(directory);
    }

    /**
     * The state of the queue in {@code directory}, read from its files without a lock, also while another process works on it. A batch
     * without an outcome is {@link BatchStatus.State#SUBMITTING} until it is known to be in doubt; what the provider says of its requests is
     * not in the files. Takes as long as {@link Builder#open}.
     *
     * @throws IllegalStateException if its journal is of another version
     * @throws StorageException if the files cannot be read
     */
    public static QueueSnapshot read(Path directory) {
        try {
            return QueueState.peek(directory);
        } catch (IOException e) {
            throw new StorageException(
                    "cannot read the queue of batches in " + directory + ": " + ErrorText.message(e), e);
        }
    }

    /**
     * Takes calls of that kind from now on; their results cannot be collected before. There is one lane for each operation of a provider: a
     * second one replaces the first, so all must keep answers in the same cache.
     */
    public <Q, R> void serve(BatchLane<Q, R> lane) {
        Served<Q, R> served = Served.of(lane);
        lanes.put(served.name(), served);
    }

    /**
     * The state of a call for which no answer is stored. A new one is written down first. Emits on a thread of the queue. A cancel does not
     * take back what was written.
     *
     * @param lane one that the queue serves
     */
    public <Q, R> Mono<Standing> park(BatchLane<Q, R> lane, ParkedCall<Q> call) {
        Objects.requireNonNull(call, "call");
        Served<Q, R> served = Served.of(lane);
        if (!lanes.containsKey(served.name())) {
            throw new IllegalStateException("the queue does not serve " + served.name() + ": call serve before");
        }
        return files.call(() -> packer.park(served, call));
    }

    /**
     * The state of a call that was parked; empty if nothing is known of it, or if it has been in a batch that may have been paid for nothing:
     * then {@link #park} would cost anew. Emits on a thread of the queue.
     */
    public Mono<Standing> standing(Fingerprint fingerprint, int sample) {
        long key = RequestKey.of(fingerprint, sample);
        return files.call(() -> packer.standing(key));
    }

    /**
     * Who pays for that stored answer. Quick, for any thread. {@link Claim#NEW} is given once, whatever crashes: a process that is killed
     * before it has written the cost down loses it.
     *
     * @param by who asks, as in {@link io.headrace.Namespace#name}: an item has the same name in each pass; empty for nobody
     */
    public Claim claim(Fingerprint fingerprint, int sample, String by) {
        return directory.standings().claim(RequestKey.of(fingerprint, sample), RequestKey.of(by));
    }

    /** What {@link #claim} says of a stored answer. */
    public enum Claim {
        /**
         * A batch of this queue bought it, and nobody has asked so before: whoever is told so accounts for it, as for an
         * attempt of its own.
         */
        NEW,
        /** The same one was told so in an earlier pass: it is paid and counted, and the asker's own account names it again. */
        OWN,
        /** None of these: it was bought by somebody else, or not by a batch of this queue. */
        NONE
    }

    /**
     * What the queue may still cost: the most for requests that wait or are out, and the cost of answers that nobody has {@linkplain #claim
     * claimed}.
     */
    public Cost outstanding() {
        return directory.standings().outstanding();
    }

    /**
     * What was paid in this directory for nothing: for answers that may not be kept, because they are filtered or empty or the validator turned
     * them down, for those that the cache lost before anybody had read them, and at most for results that were lost. No item has it in its
     * account. Their requests go into another batch when they are parked anew.
     */
    public Cost wasted() {
        return directory.standings().wasted();
    }

    /**
     * Says that the work in {@code context} is spent of {@code budget}. The budget counts from now on what the queue {@linkplain #outstanding
     * may still cost} and what it {@linkplain #wasted has wasted}, all of it, whoever parked it. And as long as the {@linkplain #round round}
     * around that work goes on, or the next one if there is none, nothing is submitted that would take the budget above its cap, whatever was
     * parked before. Quick, for any thread.
     */
    public void under(Budget budget, ContextView context) {
        budget.owes(place, this::outstanding, this::wasted);
        caps.told(budget, context.getOrDefault(this, null));
    }

    /**
     * What the budgets of the rounds that go on now keep from being submitted; empty for nothing. The log says it too, when what could be
     * submitted was.
     */
    public Mono<HeldBack> heldBack() {
        return files.call(dispatcher::heldBack);
    }

    /**
     * Makes batches smaller from the next request on, for a process that is short of memory: collecting a batch takes memory for each of its
     * requests. Quick, for any thread.
     *
     * @param share of the usual size, above 0 and at most 1; a batch holds at least one request
     */
    public void packShare(double share) {
        Require.share(share, "share");
        packer.share(share);
    }

    /**
     * Forgets requests that failed, so that they may be parked again, and who claimed which answer, so that nothing is {@link Claim#OWN} any
     * more.
     */
    public Mono<Void> retryFailed() {
        return files.run(directory::retryFailed);
    }

    /**
     * Collects batches that have ended, runs {@code pass} over the dataset, submits what it parked, and emits its result: all that can be
     * done without waiting for a provider's work. Each batch is polled once and each submission is tried once; what a transient error
     * prevented is left to the next round.
     *
     * <p>Errors are those of the pass, a {@link StorageException}, and an {@link io.headrace.ApiException} when a provider refuses
     * the account, has answered nothing for long, or does not know a batch. The work for other providers is done first. A batch that
     * its provider does not know is kept, since it may belong to another account, and nothing is submitted there as long as no other
     * batch is known. When {@link BatchApi#retention} is over, its requests go again as if it had expired. Nothing is lost by an
     * error or a cancel: a submission on its way is in doubt, and the next round resolves that.
     *
     * <p>What would pass the cap of a {@link Budget} in the context, or in that of a call of the pass, is {@linkplain #heldBack held back} and
     * stays parked.
     */
    public <T> Mono<T> round(Mono<T> pass) {
        Objects.requireNonNull(pass, "pass");
        return capped(() -> {
            Stops stops = dispatcher.once();
            return dispatcher
                    .attendAll(stops)
                    .then(pass.singleOptional())
                    .flatMap(result -> dispatcher
                            .submitAll(stops)
                            .then(dispatcher.raise(stops))
                            .then(Mono.justOrEmpty(result)));
        });
    }

    /**
     * Runs rounds, each as soon as batches have brought something new, until a pass leaves nothing in the queue. Emits the result of the last
     * pass. Between rounds batches are polled at growing intervals, failed submissions are tried again, and packs are submitted when the
     * provider has room. A pack is submitted when it is full, when it is half full at the end of a pass, when nothing else is out, or when it
     * has waited for {@link Builder#fillTime}. An unknown batch is polled again for {@link Builder#doubtWindow}. What a cap holds back is
     * submitted as batches leave room for it, and not waited for when nothing else is left.
     *
     * <p>Errors and cancel are as in {@link #round}. Takes as long as the providers take.
     */
    public <T> Mono<T> rounds(Mono<T> pass) {
        return rounds(pass, result -> true);
    }

    /**
     * The same, but only as long as {@code goOn} accepts the result of a pass: a run that was stopped does not wait for its batches. What the
     * last pass parked is still submitted.
     */
    public <T> Mono<T> rounds(Mono<T> pass, Predicate<? super T> goOn) {
        Objects.requireNonNull(pass, "pass");
        Objects.requireNonNull(goOn, "goOn");
        return capped(() -> {
            AtomicBoolean isLast = new AtomicBoolean();
            Stops stops = dispatcher.patient();
            Mono<Optional<T>> one = files.call(dispatcher::mark)
                    .flatMap(mark -> pass.singleOptional()
                            .flatMap(result -> dispatcher
                                    .submitDue(stops)
                                    .then(files.call(() -> dispatcher.isDone(mark, stops)
                                            || !result.map(goOn::test).orElse(true)))
                                    .doOnNext(isLast::set)
                                    .flatMap(done -> done ? Mono.<Void>empty() : dispatcher.awaitNews(mark, stops))
                                    .thenReturn(result)));
            return dispatcher
                    .attendAll(stops)
                    .thenMany(one.repeat(() -> !isLast.get()))
                    .last()
                    .flatMap(result -> dispatcher.raise(stops).then(Mono.justOrEmpty(result)));
        });
    }

    /** Work within whose context budgets are found that cap what is submitted, until its end. */
    private <T> Mono<T> capped(Supplier<Mono<T>> work) {
        return Mono.using(
                caps::begin,
                round -> Mono.deferContextual(context -> {
                            Budget.from(context).ifPresent(budget -> under(budget, context));
                            return work.get();
                        })
                        .contextWrite(context -> context.put(this, round)),
                caps::end);
    }

    /**
     * Gives up what waits and cancels what is out. Completes when the providers were asked: the next round collects what was finished by then,
     * and its pass may park the rest again. Batches of providers that are not served are cancelled once they are, and a batch in doubt once it
     * shows.
     *
     * <p>An {@link io.headrace.ApiException} says that a provider could not be asked or did not know its batch; the others were asked. The wish
     * is written down: every round asks again, and so does another cancel, also in another process.
     */
    public Mono<Void> cancel() {
        return dispatcher.cancel();
    }

    /** The state of all batches and requests. */
    public Mono<QueueSnapshot> snapshot() {
        return files.call(directory::snapshot);
    }

    /**
     * Frees the directory once the work on files that has begun is done; does not wait for that. A submission on its way is in doubt until the
     * next opening. Later calls fail.
     */
    @Override
    public void close() {
        files.dispose(() -> {
            try {
                directory.close();
            } catch (IOException e) {
                LOG.warn("a queue of batches was not closed: {}", ErrorText.message(e));
            }
            closed.tryEmitEmpty();
        });
    }

    /** {@link #close} on subscription, completing when the directory is free. */
    public Mono<Void> disposeLater() {
        return Mono.defer(() -> {
            close();
            return closed.asMono();
        });
    }

    /** Settings of a queue. Not thread-safe. */
    public static final class Builder {

        private final Path directory;
        private long packRequests = Long.MAX_VALUE;
        private long enqueuedTokens = Long.MAX_VALUE;
        private int maxBatches = 3;
        private boolean leftoversOnline;
        private @Nullable Duration moveOnlineAfter;
        private Duration fillTime = Duration.ofMinutes(10);
        private Duration firstPoll = Duration.ofSeconds(10);
        private Duration longestPoll = Duration.ofMinutes(5);
        private Duration patience = Duration.ofHours(24);
        private Duration doubtWindow = Duration.ofMinutes(15);
        private @Nullable Duration retention;
        private Supplier<? extends Scheduler> timer = Schedulers::parallel;
        private Clock clock = Clock.systemUTC();
        private @Nullable RandomGenerator random;
        private @Nullable Scheduler files;

        private Builder(Path directory) {
            this.directory = Objects.requireNonNull(directory, "directory");
        }

        /** Most requests of a batch, at least 1; by default what the provider allows. */
        public Builder packRequests(long packRequests) {
            this.packRequests = Require.atLeast(1, packRequests, "packRequests");
            return this;
        }

        /**
         * The most prompt tokens, by estimate, in the unfinished batches of one provider and group (such as a model); by default learned from
         * refusals.
         */
        public Builder enqueuedTokens(long enqueuedTokens) {
            this.enqueuedTokens = Require.atLeast(1, enqueuedTokens, "enqueuedTokens");
            return this;
        }

        /** In how many batches a request may go without a result before it is given up, 1 to 100; 3 by default. */
        public Builder maxBatches(int maxBatches) {
            if (maxBatches < 1 || maxBatches > 100) {
                throw new IllegalArgumentException("maxBatches must be 1 to 100, not " + maxBatches);
            }
            this.maxBatches = maxBatches;
            return this;
        }

        /** Sends requests online after {@link #maxBatches} batches without a result; by default they fail. */
        public Builder leftoversOnline() {
            this.leftoversOnline = true;
            return this;
        }

        /** Cancels a batch that takes longer than this, and sends what it leaves online; off by default. */
        public Builder moveOnlineAfter(Duration moveOnlineAfter) {
            this.moveOnlineAfter = Require.positive(moveOnlineAfter, "moveOnlineAfter");
            return this;
        }

        /**
         * How long a batch that is not half full waits for more requests while others of its kind are out, at least 0; 10 minutes by
         * default.
         */
        public Builder fillTime(Duration fillTime) {
            this.fillTime = Require.notNegative(fillTime, "fillTime");
            return this;
        }

        /** The interval between two polls of a batch, the first and the longest; 10 seconds and 5 minutes by default, less jitter. */
        public Builder poll(Duration first, Duration longest) {
            this.firstPoll = Require.positive(first, "first");
            if (longest.compareTo(first) < 0) {
                throw new IllegalArgumentException("longest must be at least " + first + ", not " + longest);
            }
            this.longestPoll = longest;
            return this;
        }

        /** How long a provider may give nothing but transient errors before the work stops with the last one; 24 hours by default. */
        public Builder patience(Duration patience) {
            this.patience = Require.positive(patience, "patience");
            return this;
        }

        /**
         * How long a batch of unknown outcome may take to show up in the list of a provider that keeps no tags; after that it is submitted
         * again. 15 minutes by default.
         */
        public Builder doubtWindow(Duration doubtWindow) {
            this.doubtWindow = Require.positive(doubtWindow, "doubtWindow");
            return this;
        }

        /**
         * How long after its submission a provider may still know a batch, at least 0; by default what each says by {@link
         * BatchApi#retention}. Zero is for a provider that ends with the process: what it does not know is over.
         */
        public Builder retention(Duration retention) {
            this.retention = Require.notNegative(retention, "retention");
            return this;
        }

        /** Where waits are timed; the parallel scheduler by default. Taken when used. */
        public Builder timer(Supplier<? extends Scheduler> timer) {
            this.timer = Objects.requireNonNull(timer, "timer");
            return this;
        }

        /** The system's by default. */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** For tests: the same chance each time, and no thread of its own. */
        Builder deterministic(RandomGenerator random, Scheduler files) {
            this.random = random;
            this.files = files;
            return this;
        }

        /**
         * Opens the queue. Reads what it knows, so it takes time with the number of requests: a second for some hundred thousand.
         *
         * @throws IllegalStateException if another queue works in the directory, naming its process
         * @throws StorageException if the directory cannot be used
         */
        public BatchQueue open() {
            QueueSettings settings = new QueueSettings(
                    packRequests,
                    enqueuedTokens,
                    maxBatches,
                    leftoversOnline,
                    moveOnlineAfter,
                    fillTime,
                    new Pace.Steps(firstPoll, longestPoll, random == null ? new SplittableRandom() : random),
                    patience,
                    doubtWindow,
                    retention,
                    timer,
                    clock);
            String what = "the queue of batches in " + directory;
            try {
                QueueDirectory opened = QueueDirectory.open(directory, clock);
                FileThread thread = files == null ? FileThread.of(what) : new FileThread(files, what);
                return new BatchQueue(settings, thread, opened);
            } catch (IOException e) {
                throw new StorageException("cannot open " + what + ": " + ErrorText.message(e), e);
            }
        }
    }
}
