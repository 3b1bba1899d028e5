package io.headrace.cache.rocksdb;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.Require;
import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheEntryCodec;
import io.headrace.cache.CacheStatistics;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.StoredEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Answers in a folder on disk, for one process at a time; others may read it meanwhile ({@link Builder#readOnly}) or wait for it
 * ({@link Builder#waitUpTo}). A put completes when the operating system has the answer, so it
 * survives the death of the process at any moment; the disk has it within {@link Builder#syncEvery}, so it survives the loss
 * of power from then on.
 *
 * <p>New answers are appended to a log that is mapped into memory, and go to the database in large pieces later. Two daemon threads
 * share the answers between them, look them up in groups and emit what they find: code that follows on them must not block. Outside
 * the heap it takes 32 MB for the log, and about 10 bytes for each stored answer for the filters and indexes of the tables; the
 * answers themselves are left to the file cache of the operating system. On the heap a cache that begins empty takes 2 to 4 bytes for
 * each of its first 4 million answers.
 *
 * <p>The database opens in the background; calls wait for it.
 */
public final class RocksDbCache implements ResponseCache {

    static final Logger LOG = LoggerFactory.getLogger(RocksDbCache.class);

    /** What follows on an answer runs on the lane that brought it: more than one, so that it does not all share one core. */
    private static final int LANES = 2;

    private static final long SAVE_HITS_EVERY_MILLIS = 1_000;
    private static final long LOOK_EVERY_MILLIS = 100;

    private final CacheFolder folder;
    private final Settings settings;
    private final Lane[] lanes = new Lane[LANES];
    private final Sinks.Empty<Void> opened = Sinks.empty();
    private final Sinks.Empty<Void> ended = Sinks.empty();
    private final AtomicInteger running = new AtomicInteger(LANES);
    private final AtomicBoolean syncPlanned = new AtomicBoolean();
    private final AtomicBoolean savePlanned = new AtomicBoolean();
    private final AtomicBoolean started = new AtomicBoolean();
    private final HitFile hits;
    private final ToolThread tools = new ToolThread();

    /** Set by the first lane before it starts the others. Null until then, or if it could not be opened. */
    private volatile @Nullable Reader reader;

    private @Nullable StorageException failure;
    private volatile boolean closed;

    /** What a builder said when the cache was opened. */
    private record Settings(
            Duration syncEvery, Path nativeLibraryFolder, Consumer<? super Options> customizer, boolean readOnly) {}

    private RocksDbCache(CacheFolder folder, Settings settings) {
        this.folder = folder;
        this.settings = settings;
        this.hits = new HitFile(folder.hits());
        for (int i = 0; i < LANES; i++) {
            lanes[i] = new Lane("headrace-cache-" + (i + 1), this, i == 0 ? this::openStore : () -> {});
        }
    }

    /**
     * Opens the cache in {@code folder} with the defaults; see {@link Builder#open}.
     *
     * @throws StorageException if the folder cannot be used
     */
    public static RocksDbCache open(Path folder) {
        return builder(folder).open();
    }

    public static Builder builder(Path folder) {
        return new Builder(folder);
    }

    /** Completes when the database is open, or fails with {@link StorageException}. Does not have to be awaited. */
    public Mono<Void> ready() {
        return opened.asMono();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Fails with {@link StorageException} if the database could not be opened.
     */
    @Override
    public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
        byte[] key = EntryKeys.of(fingerprint, sample);
        return Mono.create(sink -> laneToRead(fingerprint).submit(new Task.Lookup(fingerprint, sample, key, sink)));
    }

    /** {@inheritDoc} From filters that memory holds: wrong about one or two absent answers in a hundred. */
    @Override
    public boolean surelyLacks(Fingerprint fingerprint, int sample) {
        EntryKeys.require(fingerprint, sample);
        Reader open = closed ? null : reader; // a lane refuses what comes after the end
        return open != null && open.surelyLacks(fingerprint, sample);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Fails with {@link StorageException} if the database could not be opened or written. A cancelled put may be stored all the same.
     */
    @Override
    public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        EntryKeys.require(fingerprint, sample);
        Objects.requireNonNull(entry, "entry");
        return writing(sink -> lane(fingerprint)
                .submit(new Task.Put(fingerprint, sample, CacheEntryCodec.encode(fingerprint, sample, entry), sink)));
    }

    /**
     * {@inheritDoc} This cache copies the answer into memory that the operating system owns. It cannot while each group of answers is
     * forced to the disk, nor when answers have come faster than the database takes them for too long.
     *
     * @throws StorageException if the log of new answers cannot be written
     */
    @Override
    public boolean putAtOnce(Fingerprint fingerprint, int sample, CacheEntry entry) {
        EntryKeys.require(fingerprint, sample);
        if (closed || !(reader instanceof Store open) || settings.syncEvery().isZero()) {
            return false;
        }
        try {
            boolean stored = open.append(fingerprint, sample, CacheEntryCodec.encode(fingerprint, sample, entry));
            if (stored) {
                planSync();
            }
            return stored;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    @Override
    public void countHit(CacheEntry entry) {
        if (closed) {
            return;
        }
        hits.add(entry);
        if (!settings.readOnly() && !savePlanned.get() && savePlanned.compareAndSet(false, true)) {
            Schedulers.parallel()
                    .schedule(() -> lanes[0].submit(Task.Upkeep.SAVE_HITS), SAVE_HITS_EVERY_MILLIS, MILLISECONDS);
        }
    }

    @Override
    public boolean isReadOnly() {
        return settings.readOnly();
    }

    /**
     * {@inheritDoc} It shows what was there at the subscription. Answers that are removed or replaced while it lasts take their space
     * until it ends.
     */
    @Override
    public Flux<StoredEntry> entries() {
        return Flux.defer(() -> {
            if (closed) {
                return Flux.error(closed());
            }
            return opened.asMono()
                    .thenMany(Flux.<StoredEntry, Scan>generate(this::scan, RocksDbCache::next, Scan::close)
                            .subscribeOn(tools.scheduler()))
                    .takeUntilOther(ended.asMono()) // an error there would leave the reading running
                    .concatWith(Mono.defer(this::errorIfClosed));
        });
    }

    private Scan scan() {
        Reader open = reader;
        if (closed || open == null) {
            throw closed();
        }
        try {
            return open.scan();
        } catch (IOException | RocksDBException e) {
            throw closed ? closed() : unreadable(e);
        }
    }

    private static Scan next(Scan scan, SynchronousSink<StoredEntry> sink) {
        StoredEntry entry = scan.next();
        if (entry == null) {
            sink.complete();
        } else {
            sink.next(entry);
        }
        return scan;
    }

    @Override
    public Mono<Boolean> remove(Fingerprint fingerprint, int sample) {
        byte[] key = EntryKeys.of(fingerprint, sample);
        return writing(sink -> lane(fingerprint).submit(new Task.Remove(fingerprint, sample, key, sink)));
    }

    /** {@inheritDoc} Answers are estimated from what the tables say of themselves. */
    @Override
    public Mono<CacheStatistics> statistics() {
        return Mono.defer(() -> closed ? Mono.error(closed()) : byTools(this::count));
    }

    private CacheStatistics count(Reader open) throws IOException, RocksDBException {
        return new CacheStatistics(Math.max(0, open.entries()), open.bytes(), hits.hits());
    }

    @Override
    public Mono<Void> compact() {
        return this.<Void>writing(MonoSink::success)
                .then(byTools(open -> {
                    ((Store) open).compact();
                    return true;
                }))
                .then();
    }

    /** Does something on the thread for what takes long, unless this is closed meanwhile. */
    private <T> Mono<T> byTools(ToolWork<T> work) {
        Mono<T> working = Mono.fromCallable(() -> {
            Reader open = reader;
            if (closed || open == null) {
                throw closed();
            }
            try {
                return work.with(open);
            } catch (IOException | RocksDBException e) {
                throw closed ? closed() : unreadable(e);
            }
        });
        return opened.asMono()
                .then(Mono.defer(() -> working.subscribeOn(tools.scheduler())))
                .takeUntilOther(ended.asMono())
                .switchIfEmpty(Mono.error(this::closed));
    }

    private interface ToolWork<T> {
        T with(Reader open) throws IOException, RocksDBException;
    }

    private <T> Mono<T> errorIfClosed() {
        return closed ? Mono.error(closed()) : Mono.empty();
    }

    @Override
    public Mono<Void> clear() {
        return writing(sink -> lanes[0].submit(new Task.Clear(sink)));
    }

    private <T> Mono<T> writing(Consumer<MonoSink<T>> writer) {
        return Mono.create(sink -> {
            if (closed) {
                sink.error(closed());
            } else if (settings.readOnly()) {
                sink.error(CacheFolder.unavailable(
                        folder, "is open for reading only. Open it without readOnly() to change it", null));
            } else {
                writer.accept(sink);
            }
        });
    }

    /**
     * {@inheritDoc}
     *
     * <p>Calls under way get their results first. Returns when the folder is free for another; on one of the cache's own
     * threads it returns at once and the folder is free soon after.
     */
    @Override
    public void close() {
        closed = true;
        ended.tryEmitEmpty();
        for (Lane lane : lanes) {
            lane.end();
        }
        start(); // if the folder was waited for
        if (!(Thread.currentThread() instanceof Lane here && here.belongsTo(this))) {
            for (Lane lane : lanes) {
                joinUninterruptibly(lane);
            }
        }
    }

    /** Null if it could not be opened; asked by lanes, which run when that is known. */
    @Nullable
    Reader reader() {
        return reader;
    }

    void saveHits() {
        savePlanned.set(false);
        hits.save();
    }

    /** Why there is no store. */
    StorageException unavailable() {
        return Objects.requireNonNull(failure);
    }

    StorageException unwritable(Exception e) {
        return CacheFolder.unavailable(folder, "cannot be written (" + ErrorText.message(e) + ")", e);
    }

    StorageException unreadable(Exception e) {
        return CacheFolder.unavailable(folder, "cannot be read (" + ErrorText.message(e) + ")", e);
    }

    IllegalStateException closed() {
        return new IllegalStateException("the cache in " + folder + " is closed");
    }

    /** A group was written and its puts complete next: forces it to the disk now, or plans to. */
    void wrote(Store store) throws IOException {
        if (settings.syncEvery().isZero()) {
            store.force();
        } else {
            planSync();
        }
    }

    /** One sync follows the first write after the last sync, so an idle cache does nothing. */
    private void planSync() {
        if (!syncPlanned.get() && syncPlanned.compareAndSet(false, true)) {
            Schedulers.parallel()
                    .schedule(
                            () -> lanes[0].submit(Task.Upkeep.SYNC),
                            settings.syncEvery().toMillis(),
                            MILLISECONDS);
        }
    }

    /** What is written from now on needs another sync. */
    void syncStarts() {
        syncPlanned.set(false);
    }

    /** The last one frees the database and the folder. */
    void laneEnded() {
        if (running.decrementAndGet() > 0) {
            return;
        }
        try (folder) {
            tools.end();
            Reader open = reader;
            if (open != null) {
                open.close();
            }
            if (open instanceof Store) {
                hits.save();
            }
        } catch (IOException e) {
            LOG.warn("the lock on the cache folder {} could not be released", folder, e);
        }
    }

    /** A lookup that one of the threads makes stays there if nobody waits: waking the other thread takes longer than reading. */
    private Lane laneToRead(Fingerprint fingerprint) {
        return Thread.currentThread() instanceof Lane here && here.belongsTo(this) && here.isFree()
                ? here
                : lane(fingerprint);
    }

    private Lane lane(Fingerprint fingerprint) {
        return lanes[(int) Math.floorMod(fingerprint.c(), (long) LANES)];
    }

    private void start() {
        if (started.compareAndSet(false, true)) {
            lanes[0].start();
        }
    }

    /** Starts when the folder is free, or to tell that it was not in time. */
    private void startWithin(Duration most) {
        Scheduler timer = tools.scheduler();
        long start = timer.now(NANOSECONDS);
        long nanos = MILLISECONDS.toNanos(most.toMillis());
        Disposable.Swap polling = Disposables.swap();
        polling.replace(timer.schedulePeriodically(
                () -> {
                    if (closed || isFree() || timer.now(NANOSECONDS) - start >= nanos) {
                        polling.dispose();
                        start();
                    }
                },
                0,
                LOOK_EVERY_MILLIS,
                MILLISECONDS));
    }

    private boolean isFree() {
        try {
            return folder.tryTake();
        } catch (StorageException e) {
            LOG.warn("the cache is waited for", e);
            return false;
        }
    }

    private void openStore() {
        try {
            if (!settings.readOnly() && !folder.isTaken()) {
                throw folder.inUse();
            }
            hits.load();
            NativeLibrary.load(settings.nativeLibraryFolder());
            reader = settings.readOnly()
                    ? StoreCopy.open(folder, settings.customizer())
                    : Store.open(folder, settings.customizer());
        } catch (StorageException e) {
            failure = e;
        } catch (RocksDBException | IOException e) {
            failure = CacheFolder.unavailable(
                    folder,
                    "cannot be opened (" + ErrorText.message(e) + "). "
                            + (isDamage(e)
                                    ? "It is damaged: name another one, or delete it to start anew"
                                    : "Mend that, such as a full disk, and open it again; its answers stay"),
                    e);
        } catch (RuntimeException | LinkageError e) {
            failure = CacheFolder.unavailable(
                    folder, "cannot be opened: RocksDB does not work here (" + ErrorText.of(e) + ")", e);
        } finally {
            for (int i = 1; i < LANES; i++) {
                lanes[i].start();
            }
        }
        if (failure == null) {
            opened.tryEmitEmpty();
        } else {
            opened.tryEmitError(failure);
        }
    }

    /** Else its answers may all be there, and nobody shall delete them. */
    private static boolean isDamage(Exception e) {
        return e instanceof RocksDBException rocks
                && rocks.getStatus() != null
                && rocks.getStatus().getCode() == Status.Code.Corruption;
    }

    private static void joinUninterruptibly(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Settings of a {@link RocksDbCache}. Not thread-safe. */
    public static final class Builder {

        private final Path folder;
        private Duration syncEvery = Duration.ofSeconds(1);
        private Path nativeLibraryFolder = NativeLibrary.defaultFolder();
        private Consumer<? super Options> customizer = (Object unchanged) -> {};
        private Duration waitUpTo = Duration.ZERO;
        private boolean readOnly;

        private Builder(Path folder) {
            this.folder = Objects.requireNonNull(folder, "folder");
        }

        /**
         * How long a stored answer may wait before it is forced to disk; 1 s by default. 0 forces every group of puts before
         * they complete, at the price of a disk's latency.
         *
         * @throws IllegalArgumentException for a negative duration
         */
        public Builder syncEvery(Duration syncEvery) {
            this.syncEvery = Require.notNegative(syncEvery, "syncEvery");
            return this;
        }

        /**
         * Where RocksDB's native library is unpacked once for all later processes; by default {@code headrace/native} in the
         * user's cache folder. Only the user may have the right to write there, for the library is loaded from it.
         */
        public Builder nativeLibraryFolder(Path folder) {
            this.nativeLibraryFolder = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /** Changes RocksDB's options after they are set and before the database is opened, on one of the cache's threads. */
        public Builder customize(Consumer<Options> customizer) {
            this.customizer = Objects.requireNonNull(customizer, "customizer");
            return this;
        }

        /**
         * Only reads, beside a process that goes on writing: what is durable at the moment it opens, and nothing later. Changes no
         * file. {@link RocksDbCache#isReadOnly} is true; put, remove, clear and compact fail with {@link StorageException}; hits are
         * counted in this object only.
         */
        public Builder readOnly() {
            this.readOnly = true;
            return this;
        }

        /**
         * How long to wait for a folder that is in use; 0 by default, which fails at once. {@link #open} does not wait itself: calls do,
         * and {@link RocksDbCache#ready}. They fail with {@link StorageException} if the folder is still in use then.
         *
         * @throws IllegalArgumentException for a negative duration
         */
        public Builder waitUpTo(Duration waitUpTo) {
            this.waitUpTo = Require.notNegative(waitUpTo, "waitUpTo");
            return this;
        }

        /**
         * Takes the folder, making it if it is missing, and starts to open the database. All that a person can get wrong is
         * checked before this returns; what only the database can tell comes from {@link RocksDbCache#ready} and from every
         * call.
         *
         * @throws StorageException if the folder cannot be made or written, is no cache, is of another version, or
         *     is in use by another process or by this one and is not waited for; if it is only read, also if it is not there
         */
        public RocksDbCache open() {
            Settings settings = new Settings(syncEvery, nativeLibraryFolder, customizer, readOnly);
            if (readOnly) {
                RocksDbCache cache = new RocksDbCache(CacheFolder.look(folder), settings);
                cache.start();
                return cache;
            }
            CacheFolder found = CacheFolder.find(folder);
            boolean free = found.tryTake();
            if (!free && waitUpTo.isZero()) {
                throw found.inUse();
            }
            RocksDbCache cache = new RocksDbCache(found, settings);
            if (free) {
                cache.start();
            } else {
                cache.startWithin(waitUpTo);
            }
            return cache;
        }
    }
}
