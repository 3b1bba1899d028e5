package io.headrace.run;

import io.headrace.ErrorText;
import io.headrace.files.DirectoryLock;
import io.headrace.files.FileScheduler;
import io.headrace.run.RunReport.End;
import io.headrace.run.Sweep.Member;
import io.headrace.run.SweepReport.Configuration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/** A sweep while it runs: once through its configurations. Thread-safe. */
final class SweepExecution implements Current.Watched<SweepProgress> {

    private static final Logger LOG = LoggerFactory.getLogger(SweepExecution.class);

    private final Path directory;
    private final List<Member> members;
    private final int atOnce;
    private final Scheduler clock;
    private final long startNanos;
    private final Instant startedAt;
    private final Set<Member> running = ConcurrentHashMap.newKeySet();
    private final Map<String, Configuration> ended = new ConcurrentHashMap<>();
    private final Map<String, Configuration> finishedBefore;
    private final Map<String, Progress> latest = new ConcurrentHashMap<>();
    private final Sinks.Empty<Void> closed = Sinks.empty();
    private volatile boolean over;
    private volatile @Nullable Ending ending;

    /** Why it ends early, and how. */
    private record Ending(String reason, Consumer<Run<?>> end) {}

    /**
     * @param before the last one of this sweep: where it left configurations that wait for batches, this one runs only those that are
     *     not finished
     */
    SweepExecution(Path directory, List<Member> members, int atOnce, Scheduler clock, @Nullable SweepExecution before) {
        this.directory = directory;
        this.members = members;
        this.atOnce = atOnce;
        this.clock = clock;
        this.startNanos = clock.now(TimeUnit.NANOSECONDS);
        this.startedAt = Instant.ofEpochMilli(clock.now(TimeUnit.MILLISECONDS));
        this.finishedBefore = before == null ? Map.of() : before.finishedIfWaiting();
    }

    @Override
    public boolean isClosed() {
        return over;
    }

    @Override
    public Mono<Void> closed() {
        return closed.asMono();
    }

    /** The configurations that need not be run again, if others wait for batches. */
    private Map<String, Configuration> finishedIfWaiting() {
        Map<String, Configuration> finished = new HashMap<>(ended);
        finished.values().removeIf(configuration -> !isWhole(configuration));
        return ended.values().stream().anyMatch(Configuration::waitsForBatches) ? finished : Map.of();
    }

    private static boolean isWhole(Configuration configuration) {
        return configuration.end() == End.FINISHED
                && configuration
                        .report()
                        .map(report -> report.failedReductions().isEmpty())
                        .orElse(false);
    }

    Mono<SweepReport> report() {
        return Mono.using(FileScheduler::new, this::report, Scheduler::dispose)
                .doOnTerminate(this::close) // before anybody hears of it, who may run it again
                .doOnCancel(this::close);
    }

    /** With the directory locked: each run locks its own, but which runs there are would be another sweep's too. */
    private Mono<SweepReport> report(Scheduler files) {
        return Mono.usingWhen(
                Mono.fromCallable(this::lock).subscribeOn(files),
                lock -> Flux.fromIterable(members)
                        .flatMap(this::run, atOnce, 1)
                        .doOnNext(configuration -> ended.put(configuration.name(), configuration))
                        .collectSortedList(Comparator.comparingInt(result -> names().indexOf(result.name())))
                        .map(all -> new SweepReport(directory, startedAt, elapsed(), all))
                        .publishOn(files)
                        .doOnNext(Comparison::write),
                lock -> Mono.fromRunnable(() -> unlock(lock)).subscribeOn(files));
    }

    private DirectoryLock lock() {
        try {
            Files.createDirectories(directory);
            return DirectoryLock.take(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot work in " + directory + ": " + ErrorText.message(e), e);
        }
    }

    private void unlock(DirectoryLock lock) {
        try {
            lock.close();
        } catch (IOException e) {
            LOG.warn("the lock of {} was not closed: {}", directory, ErrorText.message(e));
        }
    }

    private void close() {
        over = true;
        closed.tryEmitEmpty();
    }

    private List<String> names() {
        return members.stream().map(Member::name).toList();
    }

    private Mono<Configuration> run(Member member) {
        Configuration finished = finishedBefore.get(member.name());
        if (finished != null) {
            return Mono.just(finished);
        }
        return Mono.defer(() -> {
                    Ending early = ending;
                    return early != null
                            ? Mono.just(Configuration.notBegun(member.name(), early.reason()))
                            : execute(member);
                })
                .doFinally(end -> running.remove(member));
    }

    private Mono<Configuration> execute(Member member) {
        return member.run()
                .execute()
                .doOnSubscribe(begun -> began(member)) // it can be stopped from here on
                .map(report -> Configuration.of(member.name(), report))
                .defaultIfEmpty(Configuration.notBegun(member.name(), "stopped before it began"))
                .onErrorResume(error -> Mono.just(
                        Configuration.broken(member.name(), member.run().report(), ErrorText.message(error))));
    }

    private void began(Member member) {
        Ending early;
        synchronized (this) {
            running.add(member);
            early = ending;
        }
        if (early != null) {
            early.end().accept(member.run());
        }
    }

    /** Each run hears of it once. */
    void end(String reason, Consumer<Run<?>> end) {
        List<Member> begun;
        synchronized (this) {
            Ending first = ending;
            ending = new Ending(first == null ? reason : first.reason(), end);
            begun = List.copyOf(running);
        }
        begun.forEach(member -> end.accept(member.run()));
    }

    @Override
    public Optional<SweepProgress> progress() {
        List<SweepProgress.Configuration> all = members.stream()
                .map(member -> new SweepProgress.Configuration(member.name(), state(member), latest(member)))
                .toList();
        return Optional.of(
                new SweepProgress(elapsed(), all, Optional.ofNullable(ending).map(Ending::reason)));
    }

    private SweepProgress.State state(Member member) {
        if (ended.containsKey(member.name())) {
            return SweepProgress.State.ENDED;
        }
        return running.contains(member) ? SweepProgress.State.RUNNING : SweepProgress.State.WAITING;
    }

    /** A run that cannot say where it stands is where it stood before. */
    private Optional<Progress> latest(Member member) {
        member.run().progress().ifPresent(now -> latest.put(member.name(), now));
        return Optional.ofNullable(latest.get(member.name()));
    }

    private Duration elapsed() {
        return Duration.ofNanos(clock.now(TimeUnit.NANOSECONDS) - startNanos);
    }
}
