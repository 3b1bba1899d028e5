package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.admission.Budget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

/**
 * Processes, one after another, that put the same requests through a queue, in virtual time and on one thread: a provider that errs, a
 * cache that outlives them, and a check of what came of it. Not thread-safe.
 */
final class Simulation {

    static final Instant START = Instant.parse("2026-11-22T12:00:00Z");

    final VirtualTimeScheduler time;
    final ModelProvider provider;
    final Map<String, String> answers = new ConcurrentHashMap<>();
    final Map<String, String> ends = new LinkedHashMap<>();
    final Map<String, Integer> claims = new HashMap<>();
    final List<String> requests;
    UnaryOperator<BatchQueue.Builder> settings = builder -> builder;
    BatchLimits limits = new BatchLimits(5, 1_000_000);
    int passes;
    /** The most that a request may cost. */
    BigDecimal ceiling = BigDecimal.ONE;
    /** The most that all may cost; null for no end. */
    BigDecimal cap;
    /** The same as a call finds it in its context, of one process; null for none. */
    Budget budget;
    /** What was claimed. */
    BigDecimal spent = BigDecimal.ZERO;
    /** By how much the clocks of the processes are ahead of the provider's. */
    Duration ahead = Duration.ZERO;

    private final Path root;
    private Path directory;
    private int generation;
    private Killer killer = new Killer(0);
    private BatchQueue queue;
    private MapLane lane;

    Simulation(Path root, boolean keepsTags, long seed, List<String> requests) {
        this.root = root;
        this.directory = root.resolve("0");
        this.time = VirtualTimeScheduler.create();
        this.provider = new ModelProvider(keepsTags, new Random(seed), this::now);
        this.requests = requests;
    }

    /** Another queue at the provider of {@code beside}, at the same time. */
    Simulation(Path root, Simulation beside, List<String> requests) {
        this.root = root;
        this.directory = root.resolve("0");
        this.time = beside.time;
        this.provider = beside.provider;
        this.requests = requests;
    }

    /** So many, of which each eleventh is bad; to be added to. */
    static List<String> requests(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> (i % 11 == 10 ? "bad " : "") + "request " + i)
                .collect(Collectors.toCollection(ArrayList::new));
    }

    Instant now() {
        return START.plusMillis(time.now(TimeUnit.MILLISECONDS));
    }

    /** Starts a process; a death of the one before leaves its files as they are at this moment. */
    BatchQueue start(long killedAt) {
        Path copy = root.resolve(Integer.toString(++generation));
        copy(directory, copy);
        directory = copy;
        killer = new Killer(killedAt);
        ModelProvider.Api api = provider.connect(killer);
        api.limits = limits;
        lane = new MapLane(api, answers);
        queue = settings.apply(BatchQueue.builder(directory)
                        .clock(new MortalClock(killer))
                        .timer(() -> time)
                        .deterministic(new SplittableRandom(7), new MortalScheduler(killer)))
                .open();
        queue.serve(lane);
        return queue;
    }

    BatchQueue queue() {
        return queue;
    }

    MapLane lane() {
        return lane;
    }

    Path directory() {
        return directory;
    }

    boolean isDead() {
        return killer.isDead();
    }

    long steps() {
        return killer.steps();
    }

    /** One pass over the requests: what is answered is claimed, what is not is parked. */
    Mono<Integer> pass() {
        return Mono.defer(() -> {
                    passes++;
                    ends.clear();
                    return Flux.fromIterable(requests).concatMap(this::item).then(Mono.fromSupplier(() -> ends.size()));
                })
                .contextWrite(context -> budget == null ? context : budget.into(context));
    }

    private Mono<Void> item(String request) {
        String key = MapLane.key(Calls.fingerprint(request), 0);
        return Mono.defer(() -> {
            String answer = answers.get(key);
            if (answer != null) {
                assertThat(answer).isEqualTo("answer of " + request);
                if (queue.claim(Calls.fingerprint(request), 0, request) == BatchQueue.Claim.NEW) {
                    claims.merge(request, 1, Integer::sum);
                    spent = spent.add(lane.cost(answer).usd());
                    if (budget != null) {
                        budget.charge(lane.cost(answer).usd(), 0);
                    }
                }
                ends.put(request, "answered");
                return Mono.empty();
            }
            return standing(request)
                    .doOnNext(standing -> {
                        if (standing instanceof Standing.Failed failed) {
                            ends.put(request, "failed " + failed.error().kind().label());
                        } else if (standing instanceof Standing.Online) {
                            ends.put(request, "online");
                        }
                    })
                    .then();
        });
    }

    /** As a layer with a budget would have it. */
    private Mono<Standing> standing(String request) {
        return Mono.deferContextual(context -> {
            Budget.from(context).ifPresent(budget -> queue.under(budget, context));
            return queue.standing(Calls.fingerprint(request), 0)
                    .switchIfEmpty(Mono.defer(
                            () -> hasRoom() ? queue.park(lane, Calls.of(request, 0, Cost.of(ceiling))) : Mono.empty()));
        });
    }

    private boolean hasRoom() {
        return (cap == null || most().add(ceiling).compareTo(cap) <= 0)
                && (budget == null || budget.balance().usd().free().compareTo(ceiling) >= 0);
    }

    /** What may have been spent. */
    BigDecimal most() {
        return spent.add(queue.outstanding().usd()).add(queue.wasted().usd());
    }

    /** What the provider may ask to be paid: for answers, and for batches that it may work on. */
    BigDecimal atMost() {
        return provider.made.stream()
                .filter(batch -> batch.worked() && batch.results == null)
                .map(batch -> ceiling.multiply(BigDecimal.valueOf(batch.lines.size())))
                .reduce(provider.bill, BigDecimal::add);
    }

    /** One round with the pass; gives what {@link #run} does. */
    String round() {
        return run(queue().round(pass()), Duration.ofMinutes(1));
    }

    /** Rounds for as long as two months. */
    String rounds() {
        return run(queue().rounds(pass()), Duration.ofDays(60));
    }

    String cancel() {
        return run(queue().cancel(), Duration.ofMinutes(1));
    }

    /** Of the batches that have requests. */
    List<BatchStatus.State> states() {
        return queue().snapshot().block().batches().stream()
                .filter(batch -> batch.requests() > 0)
                .map(BatchStatus::state)
                .toList();
    }

    /** Another process, so much later. */
    void later(Duration passed) {
        queue().close();
        time.advanceTimeBy(passed);
        start(0);
    }

    /** The provider lists no batch that it has by now. */
    void hideAll() {
        provider.made.forEach(batch -> provider.hidden.add(batch.id));
    }

    /** Lets time pass until {@code work} ends, the process dies, or so much time is over; gives the error, or "done", "dead", "hangs". */
    String run(Mono<?> work, Duration longest) {
        AtomicReference<String> outcome = new AtomicReference<>("hangs");
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Disposable running = work.subscribe(
                value -> outcome.set("done"),
                error -> {
                    thrown.set(error);
                    outcome.set(error instanceof Killer.Killed ? "dead" : error.toString());
                },
                () -> outcome.set("done"));
        Instant end = now().plus(longest);
        while (!running.isDisposed() && !killer.isDead() && now().isBefore(end)) {
            time.advanceTimeBy(Duration.ofHours(1));
        }
        if (thrown.get() instanceof AssertionError failure) {
            throw failure;
        }
        running.dispose();
        return killer.isDead() ? "dead" : outcome.get();
    }

    /** No batch twice, every request with one end, nothing outstanding. */
    void checkAllIsDone() {
        checkNothingTwice();
        assertThat(ends.keySet()).containsExactlyInAnyOrderElementsOf(requests);
        QueueSnapshot snapshot = queue.snapshot().block();
        assertThat(snapshot.isIdle()).as(snapshot.toString()).isTrue();
        assertThat(BatchQueue.read(directory))
                .usingRecursiveComparison()
                .ignoringFields("batches.counts", "batches.inputTokens") // of what is collected the totals are kept
                .isEqualTo(snapshot);
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
        assertThat(claims.values()).allMatch(times -> times == 1);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString())
                            .filter(name ->
                                    name.endsWith(".jsonl") || name.endsWith(".keys") || name.endsWith(".ends.tmp"))
                            .filter(name -> !isFilling(snapshot, name)))
                    .isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isFilling(QueueSnapshot snapshot, String file) {
        return snapshot.batches().stream()
                .anyMatch(batch -> batch.state() == BatchStatus.State.FILLING && file.startsWith(batch.number() + "."));
    }

    /** A pack is worked on once, whatever happened on the way. */
    void checkNothingTwice() {
        Map<String, Long> workedOn = provider.made.stream()
                .filter(ModelProvider.Made::worked)
                .collect(Collectors.groupingBy(batch -> batch.lines.get(0).split(" ")[0], Collectors.counting()));
        assertThat(workedOn.values()).as("batches of one pack").allMatch(count -> count == 1);
        provider.made.forEach(batch -> {
            Set<String> seen = new HashSet<>();
            batch.lines.forEach(line -> {
                int end = line.indexOf(' ');
                assertThat(seen.add(line.substring(0, end))).as(line).isTrue();
                assertThat(seen.add(line.substring(end))).as(line).isTrue();
            });
        });
    }

    private static void copy(Path from, Path to) {
        try {
            Files.createDirectories(to);
            if (Files.isDirectory(from)) {
                try (Stream<Path> files = Files.list(from)) {
                    for (Path file : files.filter(Files::isRegularFile).toList()) {
                        Files.copy(file, to.resolve(file.getFileName()));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs at once, for a process that lives. */
    private static final class MortalScheduler implements Scheduler {

        private final Killer killer;

        private MortalScheduler(Killer killer) {
            this.killer = killer;
        }

        @Override
        public Disposable schedule(Runnable task) {
            if (killer.isDead()) {
                return () -> {};
            }
            killer.step();
            task.run();
            return () -> {};
        }

        @Override
        public Worker createWorker() {
            return Schedulers.immediate().createWorker();
        }
    }

    /** The virtual time, for a process that lives. */
    private final class MortalClock extends Clock {

        private final Killer killer;

        private MortalClock(Killer killer) {
            this.killer = killer;
        }

        @Override
        public Instant instant() {
            killer.step();
            return now().plus(ahead);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    /** The same batch, of which the provider counts something else. */
    static BatchJob counted(BatchJob job, BatchJob.Counts counts) {
        return new BatchJob(
                job.id(),
                job.tag(),
                job.state(),
                job.createdAt(),
                job.expiresAt(),
                counts,
                job.problem(),
                job.handles());
    }
}
