package io.headrace.run;

import io.headrace.CachePolicy;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Outcome;
import io.headrace.Require;
import io.headrace.admission.Budget;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchQueue;
import io.headrace.dataset.Dataset;
import io.headrace.files.FileScheduler;
import io.headrace.flow.FlowControl;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.memory.MemoryProbe;
import io.headrace.memory.MemoryUse;
import io.headrace.observe.CallListener;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Sends a dataset through a pipeline into a directory, and goes on where it stopped if it ran there before:
 *
 * <pre>{@code
 * Run<Topics> run = Run.builder(dataset, pipeline, Path.of("out"), Codec.json(Topics.class)).build();
 * run.execute().subscribe(report -> ...);
 * }</pre>
 *
 * <p>It adds resume, progress, a report and a graceful stop to a {@link Checkpoint}. Beside the checkpoint's files it writes {@code
 * report.json}, {@code report.txt}, and a JSON file for each reduction.
 *
 * <p>Thread-safe. It runs once at a time. Each subscription runs it again and works on what is pending then.
 *
 * @param <O> the results
 */
public final class Run<O> {

    private final RunSettings<?, O> settings;
    private final FlowControl control = FlowControl.create();
    private final Current<Execution<?, O>, Progress> current;

    private Run(RunSettings<?, O> settings) {
        this.settings = settings;
        this.current = new Current<>("the run", settings.timer());
    }

    /**
     * Starts a run.
     *
     * @param directory where its files are, made if it is missing
     * @param codec writes and reads results as JSON
     */
    public static <I, O> Builder<I, O> builder(
            Dataset<I> dataset, Pipeline<I, O> pipeline, Path directory, Codec<O> codec) {
        return new Builder<>(dataset, pipeline, directory, codec);
    }

    /** Starts a run of a single step; otherwise as {@link #builder(Dataset, Pipeline, Path, Codec)}. */
    public static <I, O> Builder<I, O> builder(Dataset<I> dataset, Step<I, O> step, Path directory, Codec<O> codec) {
        return builder(dataset, Pipeline.of(step), directory, codec);
    }

    /**
     * Runs, and emits each outcome once it is durable. Rows that were done before are not emitted. Completes when the report is written,
     * also after a stop.
     *
     * <p>Demand bounds what is read. Cancelling stops gracefully in the background, as {@link #stop} does; {@link #closed} completes when
     * that is over. Emits on a thread of the run.
     *
     * <p>Signals {@link IllegalArgumentException} before the first call if the dataset cannot be read, {@link IllegalStateException} if
     * this or another run works in the directory, {@link UncheckedIOException} if files cannot be written, and whatever ends the pipeline
     * early. After the first call, a report is written in these cases too if it can be.
     */
    public Flux<Outcome<O>> outcomes() {
        return Flux.defer(() -> begin().outcomes());
    }

    /**
     * Runs, and emits the report. A run that was stopped, also by a policy, has a report that says so. Other errors are those of {@link
     * #outcomes}. Cancelling stops gracefully in the background.
     */
    public Mono<RunReport> execute() {
        return Mono.defer(() -> {
            Execution<?, O> execution = begin();
            return execution
                    .outcomes()
                    .then(Mono.defer(() -> Mono.justOrEmpty(execution.report())))
                    .onErrorResume(execution::reportOfPolicy);
        });
    }

    /**
     * How far the run is, every {@code interval} while it runs and once at its end. A slow subscriber misses some. Before the run begins,
     * it waits. Emits on threads of the {@linkplain Builder#timer timer}.
     *
     * @throws IllegalArgumentException if the interval is not positive
     */
    public Flux<Progress> progress(Duration interval) {
        return current.progress(interval);
    }

    /** How far it is now; empty before it has begun, and while that is not known. */
    Optional<Progress> progress() {
        return current.get().flatMap(Execution::progress);
    }

    /**
     * Asks for a graceful stop: no more rows are taken, items in flight have the {@linkplain Builder#grace grace period} to end, then
     * files and report are written. A second call is {@link #abort}. Does not wait. Does nothing if the run is not running.
     */
    public void stop() {
        stop("stopped on request");
    }

    /**
     * {@link #stop()} for a reason that the report gives.
     *
     * @param reason for people, without a full stop
     */
    public void stop(String reason) {
        Objects.requireNonNull(reason, "reason");
        current.get().ifPresent(execution -> execution.stop(reason));
    }

    /**
     * Asks for a stop that lets items in flight end, however long they take. The rest stays pending. Does not wait. Does nothing if the
     * run is not running or is being stopped. A later {@link #stop} begins the grace period.
     */
    public void drain() {
        current.get().ifPresent(execution -> execution.drain("drained on request"));
    }

    /**
     * Takes no row and lets no item enter a step until {@link #resume}. Items inside a step go on to its end, so that nothing that was
     * paid for is lost. A run that begins later begins paused. Stopping or draining ends the pause for what is in flight.
     */
    public void pause() {
        control.pause();
        current.get().ifPresent(Execution::paused);
    }

    /** Ends {@link #pause}. */
    public void resume() {
        control.resume();
        current.get().ifPresent(Execution::resumed);
    }

    public boolean isPaused() {
        return control.isPaused();
    }

    /**
     * Changes how many items of a step are at work at once. Items that are inside stay.
     *
     * @throws IllegalArgumentException for less than 1, and for a step that the pipeline does not have
     */
    public void concurrency(String step, int concurrency) {
        List<String> steps =
                settings.pipeline().steps().stream().<String>map(Step::name).toList();
        if (!steps.contains(step)) {
            throw new IllegalArgumentException("no step is named '" + step + "', there are " + steps);
        }
        control.concurrency(step, concurrency);
        current.get()
                .ifPresent(execution ->
                        execution.note("the concurrency of step '" + step + "' was changed to " + concurrency));
    }

    /** Stops at once: items in flight are cut off, and the next run does them again. Nothing durable is lost. */
    public void abort() {
        current.get().ifPresent(execution -> execution.abort("stopped at once on request"));
    }

    /**
     * The report of the run that ended last, also of one that ended with an error or could not write its report. For subscribers of
     * {@link #outcomes}. Empty before the first end, while it runs, and for a run that never began.
     */
    public Optional<RunReport> report() {
        return current.get().filter(Execution::isClosed).flatMap(Execution::report);
    }

    /** Completes when the run is over: files are closed, the report is written. */
    public Mono<Void> closed() {
        return Mono.defer(() -> current.get().map(Execution::closed).orElse(Mono.empty()));
    }

    private Execution<?, O> begin() {
        return current.begin(before -> new Execution<>(settings, control, before));
    }

    /** Collects the settings of a {@link Run}. Not thread-safe. */
    public static final class Builder<I, O> {

        private final Dataset<I> dataset;
        private final Pipeline<I, O> pipeline;
        private final Path directory;
        private final Codec<O> codec;
        private final List<Reduction<O, ?, ?>> reductions = new ArrayList<>();
        private String configuration = "";
        private String namespace = "";
        private CachePolicy cachePolicy = CachePolicy.use();
        private boolean retryFailed;
        private boolean fresh;
        private long maxItems = Long.MAX_VALUE;
        private Duration syncEvery = Duration.ofSeconds(1);
        private Duration grace = Duration.ofSeconds(30);
        private int accountErrors = 10;
        private double warnAboveErrorShare = 0.05;
        private double stopAboveErrorShare = 1;
        private @Nullable Budget budget;
        private @Nullable BatchQueue queue;
        private final List<Gate> gates = new ArrayList<>();
        private Supplier<MemoryUse> memory = MemoryProbe.ofProcess()::read;
        private CallListener listener = CallListener.noop();
        private Supplier<? extends Scheduler> files = FileScheduler::new;
        private Supplier<? extends Scheduler> timer = Schedulers::parallel;

        private Builder(Dataset<I> dataset, Pipeline<I, O> pipeline, Path directory, Codec<O> codec) {
            this.dataset = Objects.requireNonNull(dataset, "dataset");
            this.pipeline = Objects.requireNonNull(pipeline, "pipeline");
            this.directory = Objects.requireNonNull(directory, "directory");
            this.codec = Objects.requireNonNull(codec, "codec");
        }

        /**
         * What the results depend on besides the rows and the names of the steps, such as model and prompts; default empty. When it
         * changes, the old files get a number, as in {@code results.1.jsonl}, and everything is pending again. Equal calls still come
         * from the cache.
         */
        public Builder<I, O> configuration(String configuration) {
            this.configuration = Objects.requireNonNull(configuration, "configuration");
            return this;
        }

        /**
         * The first part of each item's namespace; a slash and the item's id follow. It is stored with the answers that the run buys, so
         * that tools can find them. Default: the names of the steps, joined by {@code +}, and, if there is a {@link #configuration},
         * {@code @} and eight hex digits for it.
         *
         * <p>Each item has one namespace for all steps. Equal calls for one item get independent samples, equal calls for different items
         * get the same ones, and an item that runs again reads what it read before.
         *
         * @throws IllegalArgumentException if it is blank
         */
        public Builder<I, O> namespace(String namespace) {
            if (namespace.isBlank()) {
                throw new IllegalArgumentException("the namespaces of a run need a name");
            }
            this.namespace = namespace;
            return this;
        }

        /**
         * How the calls of the run use stored answers, unless a call says otherwise; default {@link CachePolicy#use()}. With {@link
         * CachePolicy#refresh()} a run reads only what was stored after it began, so that a prompt that items share is bought once.
         */
        public Builder<I, O> cachePolicy(CachePolicy cachePolicy) {
            this.cachePolicy = Objects.requireNonNull(cachePolicy, "cachePolicy");
            return this;
        }

        /**
         * Makes failed rows pending again; default false. Rows that the model declined do not get the stored refusal again, and requests
         * that failed in a batch go with another one. Ignored when the run goes on with what {@linkplain RunReport.End#WAITING waits}.
         */
        public Builder<I, O> retryFailed(boolean retryFailed) {
            this.retryFailed = retryFailed;
            return this;
        }

        /**
         * Gives the files of earlier runs a number and starts anew; default false. Ignored when the run goes on with what {@linkplain
         * RunReport.End#WAITING waits}.
         */
        public Builder<I, O> fresh(boolean fresh) {
            this.fresh = fresh;
            return this;
        }

        /**
         * Works on the first rows of the dataset only, including those that are done; default all. Existing results of later rows stay.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        public Builder<I, O> maxItems(long maxItems) {
            this.maxItems = Require.atLeast(1, maxItems, "maxItems");
            return this;
        }

        /**
         * How often the files are forced to the disk; default 1 s.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder<I, O> syncEvery(Duration syncEvery) {
            this.syncEvery = Require.positive(syncEvery, "syncEvery");
            return this;
        }

        /**
         * How long items in flight may go on after {@link Run#stop}; default 30 s, 0 cuts them off at once.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder<I, O> grace(Duration grace) {
            this.grace = Require.notNegative(grace, "grace");
            return this;
        }

        /**
         * Stops the run when so many items in a row fail in a step with {@link ErrorKind#AUTHENTICATION}, {@link
         * ErrorKind#QUOTA_EXHAUSTED}, {@link ErrorKind#NOT_FOUND} or {@link ErrorKind#TRANSPORT}, each after its retries, while no call of
         * the step is answered: the items behind them would fail too. Since refusals are faster than answers, as many more must fail as
         * calls were in flight. These items stay pending, and the report gives the last error. The same holds for the last rows of the
         * dataset if no call of their step was ever answered. Answers from the cache prove nothing about the account and count for
         * {@code NOT_FOUND} only.
         *
         * <p>Fewer failures in a row are blamed on their items, such as one that asks for a model of its own: they become failed outcomes
         * when the next call of the step is answered.
         *
         * @param inARow default 10; 0 never stops for such errors, and every such item fails
         * @throws IllegalArgumentException if it is negative
         */
        public Builder<I, O> stopAfterAccountErrors(int inARow) {
            this.accountErrors = Require.atLeast(0, inARow, "inARow");
            return this;
        }

        /**
         * What all runs in the directory may spend together; default no limit. Every attempt reserves the most that it may cost before it
         * is sent. When too little is left for the next one, the run stops by policy; the rest stays pending, and running again with a
         * higher cap goes on. Calls that were in flight when a process died count with the most that they may have cost (tokens, where
         * that is not known, with the mean).
         *
         * <p>A cap on money stops the run at the first call that has no known price, or no bound on its answer, before it is
         * sent. Calls are held to the budget by {@link io.headrace.layer.CallStack}.
         *
         * @param budget may be shared with other runs, and its caps changed while the run goes on
         */
        public Builder<I, O> budget(Budget budget) {
            this.budget = Objects.requireNonNull(budget, "budget");
            return this;
        }

        /**
         * The queue in which the calls of the pipeline wait for batches; the stacks are given the same one by {@link
         * io.headrace.layer.CallStack#batches}. Items with a parked call stay pending. A run that has only such items left ends as {@link
         * RunReport.End#WAITING}, and running it again goes on with what batches have answered: {@code queue.rounds(run.execute())} does
         * so until nothing waits. What the queue may still cost counts against the {@link #budget}. {@link #retryFailed} and {@link
         * #fresh} also concern requests that failed in a batch.
         *
         * <p>{@link CachePolicy#refresh()} then reads what was stored after the first run that worked on the rows that are pending now.
         * Reductions are made when every row is done. One whose call is parked fails, and running again reads the answer.
         *
         * @param queue stays open; several runs may share it
         */
        public Builder<I, O> batches(BatchQueue queue) {
            this.queue = Objects.requireNonNull(queue, "queue");
            return this;
        }

        /**
         * Shows {@code gate} in progress and report: what waits there, for what, and how its limits changed. It sends no calls through
         * the gate; the stacks do.
         */
        public Builder<I, O> gate(Gate gate) {
            this.gates.add(Objects.requireNonNull(gate, "gate"));
            return this;
        }

        /**
         * Tells the run each second how much memory is in use; default that of this process and its container. At 80 % it warns in log
         * and report. Above 90 % its steps work on fewer items at once, and batches become smaller, until the use falls.
         *
         * @param memory asked on the thread for files; throws nothing
         */
        public Builder<I, O> memory(Supplier<MemoryUse> memory) {
            this.memory = Objects.requireNonNull(memory, "memory");
            return this;
        }

        /**
         * Warns in log and report when more than {@code share} of the last 100 items failed; default 0.05. Warns again, in the log only,
         * after the share was below half of that.
         *
         * @param share 0 to 1; 1 never warns
         * @throws IllegalArgumentException for another share
         */
        public Builder<I, O> warnAboveErrorShare(double share) {
            this.warnAboveErrorShare = ErrorAlarm.checked(share);
            return this;
        }

        /**
         * Stops the run by policy when more than {@code share} of the last 100 items failed; default never. Rows that have not begun stay
         * pending. It {@linkplain #warnAboveErrorShare warns} all the same.
         *
         * @param share 0 to 1; 1 never stops
         * @throws IllegalArgumentException for another share
         */
        public Builder<I, O> stopAboveErrorShare(double share) {
            this.stopAboveErrorShare = ErrorAlarm.checked(share);
            return this;
        }

        /**
         * Adds a fold over all results, made when the run finishes and written to {@code <name>.json}. A failure is in {@link
         * RunReport#failedReductions}, and running again tries again. A run that ends without the fold removes the file of an earlier
         * run.
         *
         * @throws IllegalArgumentException for a name that is taken: {@code report}, or that of another reduction
         */
        public Builder<I, O> reduction(Reduction<O, ?, ?> reduction) {
            String name = reduction.name();
            if (name.equals("report")
                    || reductions.stream().anyMatch(other -> other.name().equals(name))) {
                throw new IllegalArgumentException("the file of a reduction named '" + name + "' is taken: rename it");
            }
            reductions.add(reduction);
            return this;
        }

        /** Is told of every call. */
        public Builder<I, O> listener(CallListener listener) {
            this.listener = listener.and(this.listener);
            return this;
        }

        /**
         * The clock of progress and grace, taken when used; default {@link Schedulers#parallel()}.
         */
        public Builder<I, O> timer(Supplier<? extends Scheduler> timer) {
            this.timer = Objects.requireNonNull(timer, "timer");
            return this;
        }

        /** Where files are written, taken when the run starts and disposed of with it; see {@link Checkpoint.Builder}. */
        public Builder<I, O> scheduler(Supplier<? extends Scheduler> scheduler) {
            this.files = Objects.requireNonNull(scheduler, "scheduler");
            return this;
        }

        /**
         * @throws IllegalStateException for {@link #batches} with a policy that bypasses the cache, or under a cap on tokens
         */
        public Run<O> build() {
            if (queue != null && cachePolicy.mode() == CachePolicy.Mode.BYPASS) {
                throw new IllegalStateException("answers of batches come by the cache, which this run would bypass:"
                        + " CachePolicy.refresh() buys anew");
            }
            if (queue != null && budget != null && budget.balance().tokens().cap() != null) {
                throw new IllegalStateException(
                        "what batches may take is bounded in money only: give the budget a cap in USD");
            }
            return new Run<>(new RunSettings<>(
                    dataset,
                    pipeline,
                    directory,
                    codec,
                    configuration,
                    namespace,
                    cachePolicy,
                    retryFailed,
                    fresh,
                    maxItems,
                    syncEvery,
                    grace,
                    accountErrors,
                    warnAboveErrorShare,
                    stopAboveErrorShare,
                    budget == null ? null : new RunSpending(budget, directory),
                    queue,
                    List.copyOf(gates),
                    memory,
                    List.copyOf(reductions),
                    listener,
                    files,
                    timer));
        }
    }
}
