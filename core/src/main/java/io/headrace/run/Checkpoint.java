package io.headrace.run;

import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.ItemNamespaces;
import io.headrace.Outcome;
import io.headrace.Require;
import io.headrace.files.FileScheduler;
import io.headrace.observe.AttemptLog;
import io.headrace.run.RunDirectory.Admission;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.ContextView;

/**
 * Makes the outcomes of a stream durable in a directory, and skips what is done when the stream runs again:
 *
 * <pre>{@code
 * try (Checkpoint<Topics> checkpoint = Checkpoint.builder(Path.of("out"), Codec.json(Topics.class)).open()) {
 *     checkpoint.pending(dataset.items())
 *             .transform(extract)
 *             .transform(checkpoint)
 *             ...
 * }
 * }</pre>
 *
 * <p>Ok outcomes become lines of {@code results.jsonl}, failed ones lines of {@code dead-letters.jsonl}; {@code journal} says what is done.
 * An outcome is emitted when it is written to the operating system, so it survives the death of the process. Every {@link
 * Builder#syncEvery} the files are forced to the disk, to survive a loss of power, and checked: if somebody has deleted, moved, replaced or
 * shortened one, the stream ends with an {@link UncheckedIOException}.
 *
 * <p>Items that are {@linkplain ErrorKind#PARKED parked} until a batch answers their calls are not written and stay pending.
 *
 * <p>The children of an expand step are written one by one; their row is done when the last of them is. When a stream that began with
 * {@link #pending} completes with every row done, the lines of rows that changed or left the dataset are removed, so that no id has two
 * lines.
 *
 * <p>Thread-safe, but it records one stream at a time. Outcomes are emitted on the checkpoint's own thread.
 */
public final class Checkpoint<O> implements Function<Flux<Outcome<O>>, Flux<Outcome<O>>>, AutoCloseable {

    private final RunDirectory directory;
    private final Codec<O> codec;
    private final Scheduler writing;
    private final Scheduler forcing;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final AtomicReference<@Nullable Recorder<O>> recording = new AtomicReference<>();
    private volatile boolean passed;
    private volatile boolean closed;

    private Checkpoint(RunDirectory directory, Codec<O> codec, Scheduler writing, Scheduler forcing) {
        this.directory = directory;
        this.codec = codec;
        this.writing = writing;
        this.forcing = forcing;
    }

    /**
     * Starts a checkpoint in {@code directory}, which is made if it is missing.
     *
     * @param codec writes results as JSON
     */
    public static <O> Builder<O> builder(Path directory, Codec<O> codec) {
        return new Builder<>(directory, codec);
    }

    /**
     * The items that are not done; goes before the first step. A row with the id of an earlier row becomes a {@link Outcome.Failed} that
     * names both places. Each subscription begins a new pass over the dataset and reads row by row, as downstream asks.
     */
    public <I> Flux<Outcome<I>> pending(Flux<Outcome<I>> items) {
        return Flux.defer(() -> {
            passed = false;
            directory.beginPass();
            return items.<Outcome<I>>handle(this::admit).doOnComplete(() -> passed = true);
        });
    }

    /**
     * Records the outcomes in groups and emits each one when it is durable. An outcome that was recorded before is left out. At most
     * 1,024 outcomes are held here. Cancelling writes what has arrived, and the next stream waits for that; a second stream beside one that
     * was not cancelled is refused.
     *
     * <p>An error of the stream is passed on when all that arrived before it is durable. An {@link UncheckedIOException} says that the
     * directory cannot be written; what was emitted before it is safe.
     */
    @Override
    public Flux<Outcome<O>> apply(Flux<Outcome<O>> outcomes) {
        return record(outcomes, this::endPass);
    }

    /** Notes attempts in the journal: {@code contextWrite(checkpoint.attemptLog()::into)}. */
    public AttemptLog attemptLog() {
        return directory;
    }

    /**
     * Writes what has arrived, forces it to the disk and frees files and threads. A stream that is being recorded ends with {@link
     * IllegalStateException}. A second call does nothing.
     *
     * @throws UncheckedIOException if the files cannot be written
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        Recorder<O> running = recording.get();
        try (directory) {
            if (running != null) {
                running.close(new IllegalStateException("the checkpoint was closed"));
            }
        } catch (IOException e) {
            throw directory.failure("written", e);
        } finally {
            dispose();
        }
    }

    RunDirectory directory() {
        return directory;
    }

    /** Whether the pass that was begun last has come to the end of the dataset. */
    boolean passed() {
        return passed;
    }

    Flux<Outcome<O>> record(Flux<Outcome<O>> outcomes, Recorder.Ending ending) {
        return Flux.defer(() -> {
            if (closed) {
                return Flux.error(new IllegalStateException("the checkpoint is closed"));
            }
            if (!busy.compareAndSet(false, true)) {
                Recorder<O> other = recording.get();
                if (other != null && other.isCancelled()) {
                    return other.over().thenMany(record(outcomes, ending));
                }
                return Flux.error(new IllegalStateException("the checkpoint records another stream: wait for its end"));
            }
            return outcomes.transform(Operators.<Outcome<O>, Outcome<O>>lift((source, actual) -> {
                Recorder<O> recorder = new Recorder<>(
                        actual, new GroupWriter<>(directory, codec), writing.createWorker(), ending, this::release);
                recording.set(recorder);
                return recorder;
            }));
        });
    }

    /** Closes the files alone: the stream may still have to be emitted. */
    void closeFiles() {
        closed = true;
        try {
            directory.close();
        } catch (IOException e) {
            throw directory.failure("written", e);
        }
    }

    /** Ends the threads. */
    void dispose() {
        writing.dispose();
        forcing.dispose();
    }

    private void release() {
        Recorder<O> over = recording.get();
        busy.set(false);
        recording.compareAndSet(over, null); // unless the next one has begun
    }

    private <I> void admit(Outcome<I> row, SynchronousSink<Outcome<I>> sink) {
        AtomicInteger first = new AtomicInteger();
        try {
            Admission admission = directory.admit(row.item(), first::set);
            if (admission == Admission.ASK_AGAIN) {
                askAgain(row.item().id(), sink.contextView());
            }
            if (admission == Admission.RUN || admission == Admission.ASK_AGAIN) {
                sink.next(row);
            } else if (admission == Admission.DUPLICATE) {
                sink.next(new Outcome.Failed<>(
                        row.item(),
                        "dataset",
                        ErrorKind.DUPLICATE_ID,
                        "row " + row.item().ordinal() + " has the id '"
                                + row.item().id() + "' of row " + first
                                + " (rows as read, counted from 0): ids must be unique",
                        row.tally()));
            }
        } catch (IOException e) {
            sink.error(directory.failure("written", e));
        }
    }

    /** Calls for the row do not get the stored refusals by which it failed. */
    private static void askAgain(String row, ContextView context) {
        ItemNamespaces namespaces = ItemNamespaces.from(context);
        if (namespaces != null) {
            namespaces.askAgain(row);
        }
    }

    private void syncLater(Duration every) {
        forcing.schedule(() -> sync(every), TimeUnit.NANOSECONDS.convert(every), TimeUnit.NANOSECONDS);
    }

    private void sync(Duration every) {
        if (closed) {
            return;
        }
        try {
            directory.requireInPlace();
            directory.sync();
            syncLater(every);
        } catch (RejectedExecutionException e) {
            // closed while it synced
        } catch (UncheckedIOException e) {
            end(e);
        } catch (IOException e) {
            end(directory.failure("forced to the disk", e));
        }
    }

    private void end(RuntimeException reason) {
        Recorder<O> running = recording.get();
        if (running != null) {
            running.end(reason);
        }
    }

    /** The end of a stream that nothing but the checkpoint looks after. */
    private Mono<Void> endPass(@Nullable Throwable error) {
        return error == null && passed ? Mono.fromRunnable(this::finishPass) : Mono.empty();
    }

    private void finishPass() {
        try {
            directory.finishPass(true);
        } catch (IOException e) {
            throw directory.failure("written", e);
        }
    }

    /** Collects the settings of a {@link Checkpoint}. Not thread-safe. */
    public static final class Builder<O> {

        private final Path directory;
        private final Codec<O> codec;
        private String configuration = "";
        private String dataset = "";
        private boolean fresh;
        private boolean retryFailed;
        private Duration syncEvery = Duration.ofSeconds(1);
        private Supplier<? extends Scheduler> scheduler = FileScheduler::new;

        private Builder(Path directory, Codec<O> codec) {
            this.directory = Objects.requireNonNull(directory, "directory");
            this.codec = Objects.requireNonNull(codec, "codec");
        }

        /**
         * What the results depend on besides the rows, such as step names and a model; default empty. When it changes, the old files get
         * a number, as in {@code results.1.jsonl}, and everything is pending again.
         */
        public Builder<O> configuration(String configuration) {
            this.configuration = Objects.requireNonNull(configuration, "configuration");
            return this;
        }

        Builder<O> dataset(String dataset) {
            this.dataset = dataset;
            return this;
        }

        /** Gives old files a number in any case and starts anew; default false. */
        public Builder<O> fresh(boolean fresh) {
            this.fresh = fresh;
            return this;
        }

        /**
         * Makes failed rows pending again and starts the dead letters anew; default false. Rows that the model declined do not get the
         * stored refusal again.
         */
        public Builder<O> retryFailed(boolean retryFailed) {
            this.retryFailed = retryFailed;
            return this;
        }

        /**
         * How often the files are forced to the disk; default 1 s.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder<O> syncEvery(Duration syncEvery) {
            this.syncEvery = Require.positive(syncEvery, "syncEvery");
            return this;
        }

        /**
         * Where files are written and time is read. Taken twice when the checkpoint is opened, for writing and for forcing to the disk,
         * and disposed of with it. Default: two threads of its own. The scheduler must not interrupt its threads, which would close the
         * files.
         */
        public Builder<O> scheduler(Supplier<? extends Scheduler> scheduler) {
            this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
            return this;
        }

        /**
         * Opens the directory, reads its journal and compares every line of the files with it, on the caller's thread: about
         * a second for a million rows, and what the disk needs for large files. What a crash has torn is cut off; rows whose
         * lines are gone, damaged or edited are pending.
         *
         * @throws IllegalStateException if another run works in the directory, its journal is of another version, or the scheduler
         *     takes no delayed tasks
         * @throws UncheckedIOException if the files cannot be read or written
         */
        @SuppressWarnings("MustBeClosedChecker") // closed with the checkpoint
        public Checkpoint<O> open() {
            Scheduler writing = scheduler.get();
            Scheduler forcing = scheduler.get();
            try {
                RunDirectory opened = RunDirectory.open(
                        directory,
                        new Opening(configuration, dataset, fresh, retryFailed),
                        () -> writing.now(TimeUnit.MILLISECONDS));
                return begun(new Checkpoint<>(opened, codec, writing, forcing));
            } catch (IOException e) {
                writing.dispose();
                forcing.dispose();
                throw new UncheckedIOException("cannot work in " + directory + ": " + why(e), e);
            } catch (RuntimeException e) {
                writing.dispose();
                forcing.dispose();
                throw e;
            }
        }

        /** A scheduler that takes no delayed tasks would force nothing to the disk, and end no stream. */
        private Checkpoint<O> begun(Checkpoint<O> checkpoint) {
            try {
                checkpoint.syncLater(syncEvery);
                return checkpoint;
            } catch (RejectedExecutionException e) {
                checkpoint.close();
                throw new IllegalStateException(
                        "the scheduler of a checkpoint must take delayed tasks, unlike Schedulers.immediate()", e);
            }
        }

        /** File systems give a path for a message where they know no better. */
        private static String why(IOException e) {
            if (e instanceof FileAlreadyExistsException) {
                return "it is a file";
            } else if (e instanceof AccessDeniedException denied) {
                return "no permission for " + denied.getFile();
            }
            return e instanceof NoSuchFileException missing ? "cannot make " + missing.getFile() : ErrorText.message(e);
        }
    }
}
