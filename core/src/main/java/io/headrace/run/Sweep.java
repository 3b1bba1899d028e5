package io.headrace.run;

import io.headrace.Require;
import io.headrace.files.DirectoryLock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Many configurations over one dataset: each is an ordinary {@link Run} in its own directory, and all are started, watched, stopped and
 * compared together.
 *
 * <pre>{@code
 * Sweep sweep = Sweep.builder(Path.of("sweep"))
 *         .configuration("small", directory -> run(directory, "gpt-4o-mini"))
 *         .configuration("large", directory -> run(directory, "gpt-4o"))
 *         .atOnce(2)
 *         .build();
 * sweep.execute().subscribe(report -> ...);
 * }</pre>
 *
 * <p>The runs share what their stacks and builders are given, such as a cache, so that a prompt of several configurations is bought once, a
 * {@link io.headrace.admission.Gate} and a {@link io.headrace.admission.Budget}. Samples within a configuration are independent, for each item
 * of each run has its own namespace. After a kill at any moment, each configuration goes on where it was.
 *
 * <p>With a {@link io.headrace.batch.BatchQueue} that all stacks and runs share, {@code queue.rounds(sweep.execute())} runs all
 * configurations until none waits for batches; after an execution that left some waiting, the next one runs only those that are not
 * finished. A prompt of several configurations is bought once there too.
 *
 * <p>A configuration that breaks, say because its directory is in use, does not keep the others from running. Thread-safe. It runs once
 * at a time; each subscription runs it again.
 */
public final class Sweep {

    /** What is a name of a directory on every file system. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");

    private final Path directory;
    private final List<Member> members;
    private final int atOnce;
    private final Supplier<? extends Scheduler> timer;
    private final Current<SweepExecution, SweepProgress> current;

    /** A configuration and its run. */
    record Member(String name, Run<?> run) {}

    private Sweep(Builder builder) {
        this.directory = builder.directory;
        this.members = List.copyOf(builder.members);
        this.atOnce = builder.atOnce;
        this.timer = builder.timer;
        this.current = new Current<>("the sweep", timer);
    }

    /**
     * Starts a sweep.
     *
     * @param directory where the comparison goes, and a directory for each configuration, by its name
     */
    public static Builder builder(Path directory) {
        return new Builder(directory);
    }

    /** The names of the configurations, in order. */
    public List<String> configurations() {
        return members.stream().map(Member::name).toList();
    }

    /**
     * Runs all configurations, and emits what they came to when the comparison is written: {@code comparison.json}, {@code
     * comparison.txt} and {@code comparison.csv}. So does a sweep that was stopped, with what there is.
     *
     * <p>Cancelling stops all runs gracefully in the background; {@link #closed} tells when that is over. Signals
     * {@link IllegalStateException} if the sweep is running or another one works in its directory, and {@link
     * java.io.UncheckedIOException} if that cannot be made or the comparison cannot be written.
     */
    public Mono<SweepReport> execute() {
        return Mono.defer(
                () -> current.begin(before -> new SweepExecution(directory, members, atOnce, timer.get(), before))
                        .report());
    }

    /**
     * Where the sweep stands, every {@code interval} while it runs and once at its end. A slow subscriber misses some. Waits for the
     * sweep if it has not begun.
     *
     * @throws IllegalArgumentException if the interval is not positive
     */
    public Flux<SweepProgress> progress(Duration interval) {
        return current.progress(interval);
    }

    /** Begins no further configuration and stops those that run, as {@link Run#stop} does. A second call is {@link #abort}. */
    public void stop() {
        each("stopped on request", Run::stop);
    }

    /** Begins no further configuration, and lets those that run finish what is in flight, as {@link Run#drain} does. */
    public void drain() {
        each("drained on request", Run::drain);
    }

    /** Begins no further configuration and cuts off those that run, as {@link Run#abort} does. */
    public void abort() {
        each("stopped at once on request", Run::abort);
    }

    private void each(String reason, Consumer<Run<?>> end) {
        current.get().ifPresent(execution -> execution.end(reason, end));
    }

    /** Pauses all configurations, as {@link Run#pause} does; also those that begin later begin paused. */
    public void pause() {
        members.forEach(member -> member.run().pause());
    }

    /** Ends {@link #pause}. */
    public void resume() {
        members.forEach(member -> member.run().resume());
    }

    /** Completes when nothing of any configuration is going on. */
    public Mono<Void> closed() {
        return Mono.when(members.stream().map(member -> member.run().closed()).toList());
    }

    /** Collects the configurations of a {@link Sweep}. Not thread-safe. */
    public static final class Builder {

        private final Path directory;
        private final List<Member> members = new ArrayList<>();
        private int atOnce = 1;
        private Supplier<? extends Scheduler> timer = Schedulers::parallel;

        private Builder(Path directory) {
            this.directory = Objects.requireNonNull(directory, "directory");
        }

        /**
         * Adds a configuration.
         *
         * @param name names its directory: letters, digits, {@code .}, {@code _} and {@code -}, not a dot first, at most 100; no other
         *     configuration and no file of the sweep may have it, in whatever case
         * @param run makes its run, to be built with the directory that it is given; called at once
         * @throws IllegalArgumentException for another name, or one that is taken
         */
        public Builder configuration(String name, Function<Path, ? extends Run<?>> run) {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("the configuration '" + name
                        + "' must be named by letters, digits, '.', '_' and '-', at most 100, not a dot first: it names a"
                        + " directory");
            }
            String folded = name.toLowerCase(Locale.ROOT);
            if (Comparison.FILES.contains(folded) || folded.equals(DirectoryLock.FILE)) {
                throw new IllegalArgumentException("the name '" + name + "' is taken: a file of the sweep has it");
            }
            if (members.stream()
                    .anyMatch(member -> member.name().toLowerCase(Locale.ROOT).equals(folded))) {
                throw new IllegalArgumentException("two configurations are named '" + name + "'");
            }
            members.add(new Member(
                    name,
                    Objects.requireNonNull(
                            run.apply(directory.resolve(name)), "the function gave no run for " + name)));
            return this;
        }

        /**
         * Configurations that run at the same time, at least 1; default 1, one after another in the order in which they were added. What
         * is slow in one then leaves room to the others; times of calls are comparable only one after another.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        public Builder atOnce(int atOnce) {
            this.atOnce = Require.atLeast(1, atOnce, "atOnce");
            return this;
        }

        /** The clock of progress and report, taken when used; default {@link Schedulers#parallel()}. */
        public Builder timer(Supplier<? extends Scheduler> timer) {
            this.timer = Objects.requireNonNull(timer, "timer");
            return this;
        }

        /**
         * @throws IllegalStateException without a configuration
         */
        public Sweep build() {
            if (members.isEmpty()) {
                throw new IllegalStateException("a sweep needs at least one configuration");
            }
            return new Sweep(this);
        }
    }
}
