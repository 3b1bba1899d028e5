package io.headrace.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The files and batches of one simulated provider. What they hold is in a folder for temporary files, which is made when it is needed
 * and deleted on close. Methods block on files; {@link #scheduler} is for that. Thread-safe.
 */
final class BatchStore implements AutoCloseable {

    private static final int THREADS = 4;

    private final Simulation simulation;
    private final BatchWorker worker;
    private final @Nullable BatchLog log;
    private final SplittableRandom random;
    private final Map<String, StoredFile> files = new LinkedHashMap<>();
    private final Map<String, Batch> batches = new LinkedHashMap<>();
    private final List<Batch> late = new ArrayList<>();
    private SimulatedBatches plan;
    private @Nullable Path folder;
    private @Nullable Scheduler scheduler;
    private int counter;

    BatchStore(Simulation simulation, SimulatedBatches plan, @Nullable BatchLog log, long seed) {
        this.simulation = simulation;
        this.plan = plan;
        this.log = log;
        this.random = new SplittableRandom(seed);
        this.worker = new BatchWorker(simulation, this, seed);
    }

    /** For what blocks on files. */
    synchronized Scheduler scheduler() {
        if (scheduler == null) {
            scheduler = Schedulers.newBoundedElastic(THREADS, 100_000, "headrace-simulator-batches", 60, true);
        }
        return scheduler;
    }

    synchronized SimulatedBatches plan() {
        return plan;
    }

    synchronized void plan(SimulatedBatches next) {
        plan = next;
    }

    Instant now() {
        return simulation.now();
    }

    /** A new, empty path for a file. */
    synchronized Path newPath() {
        try {
            if (folder == null) {
                folder = Files.createTempDirectory("headrace-simulator-");
            }
            return folder.resolve("f" + ++counter);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a folder for batches: " + e.getMessage(), e);
        }
    }

    synchronized String newId(String prefix) {
        return prefix + HexFormat.of().toHexDigits(random.nextLong());
    }

    synchronized StoredFile add(String filename, String purpose, Path path, long offset, long length) {
        StoredFile file = new StoredFile(newId("file-"), filename, purpose, now(), path, offset, length, null);
        files.put(file.id(), file);
        return file;
    }

    /** The file of that id, null if there is none. */
    synchronized @Nullable StoredFile file(String id) {
        StoredFile file = files.get(id);
        return file == null || !file.isThere(now()) ? null : file;
    }

    synchronized List<StoredFile> files() {
        Instant now = now();
        return files.values().stream().filter(file -> file.isThere(now)).toList();
    }

    synchronized void delete(StoredFile file) {
        advance();
        files.put(file.id(), file.deleted(now()));
    }

    /** Makes a batch, {@code after} from now; then only if its input file is still there. */
    synchronized Batch create(BatchWire wire, String idPrefix, Batch.Draft draft, Duration after) {
        Batch batch = new Batch(newId(idPrefix), now().plus(after), plan, wire, draft);
        if (after.isZero()) {
            exists(batch);
        } else {
            late.add(batch);
            scheduler().schedule(this::advance, after.toNanos(), TimeUnit.NANOSECONDS);
        }
        return batch;
    }

    /** The batch of that id, null if there is none. */
    synchronized @Nullable Batch batch(String id) {
        advance();
        return batches.get(id);
    }

    /** Those of a wire, the newest first. */
    synchronized List<Batch> batches(BatchWire wire) {
        return batches(batch -> batch.wire == wire);
    }

    synchronized void remove(Batch batch) {
        batches.remove(batch.id);
    }

    synchronized List<SimulatedBatch> snapshot() {
        List<Batch> newest = batches(batch -> true);
        return newest.stream()
                .map(batch -> new SimulatedBatch(
                        batch.id,
                        batch.createdAt,
                        batch.wire.status(batch.state(now())),
                        batch.input.size(),
                        batch.digest,
                        batch.metadata))
                .toList();
    }

    /** Batches that have not ended, of a wire. */
    synchronized List<Batch> open(BatchWire wire) {
        return batches(batch -> batch.wire == wire && !batch.state(now()).isEnd());
    }

    /** What a batch left that has ended; works it out the first time. */
    synchronized Batch.Outcome outcome(Batch batch) {
        Batch.Outcome known = batch.outcome;
        if (known == null) {
            known = worker.work(batch, batch.state(now()));
            batch.outcome = known;
        }
        return known;
    }

    private List<Batch> batches(Predicate<Batch> which) {
        advance();
        List<Batch> found = new ArrayList<>();
        for (Batch batch : batches.values()) {
            if (which.test(batch)) {
                found.add(0, batch);
            }
        }
        return found;
    }

    private synchronized void advance() {
        Instant now = now();
        late.removeIf(batch -> {
            boolean isDue = !batch.createdAt.isAfter(now);
            StoredFile input = files.get(batch.inputFile);
            if (isDue && (input == null || input.isThere(batch.createdAt))) {
                exists(batch);
            }
            return isDue;
        });
    }

    private void exists(Batch batch) {
        if (log != null) {
            log.append(new BatchLog.Entry(batch.createdAt, batch.id, batch.input.size(), batch.digest, batch.metadata));
        }
        batches.put(batch.id, batch);
    }

    @Override
    public synchronized void close() {
        if (scheduler != null) {
            scheduler.dispose();
        }
        if (folder == null) {
            return;
        }
        try (Stream<Path> all = Files.list(folder)) {
            for (Path each : all.toList()) {
                Files.delete(each);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete the folder of batches " + folder + ": " + e.getMessage(), e);
        }
    }
}
