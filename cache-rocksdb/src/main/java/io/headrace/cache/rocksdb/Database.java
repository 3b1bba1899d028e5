package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import java.io.Closeable;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.StampedLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.AbstractNativeReference;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompactRangeOptions;
import org.rocksdb.CompactRangeOptions.BottommostLevelCompaction;
import org.rocksdb.CompressionType;
import org.rocksdb.EnvOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.Logger;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileWriter;
import org.rocksdb.TableProperties;
import org.rocksdb.WriteOptions;

/**
 * The RocksDB database and all native objects that belong to it. For any thread; {@link #close} is for the last to use it, and
 * only {@link #surelyLacks} may come later.
 */
final class Database implements Closeable {

    /** Little goes there: new answers come as whole tables. */
    private static final long MEMTABLE_BYTES = 4L << 20;

    /** A table on its way into the database; what a process that died has left of one is overwritten. */
    private static final String NEW_TABLE = "table.part";

    /** One absent answer in a thousand passes for one that may be there, for each table that is asked. */
    private static final int BLOOM_BITS_PER_KEY = 14;

    /**
     * Each table covers all keys, so merging one with older answers rewrites all of them. Merging at 4 tables, RocksDB's default, was
     * more work than all the rest of storing a million answers. The price is that a lookup asks the filters of more tables, in
     * memory.
     */
    private static final int TABLES_TO_MERGE = 16;

    /** As many lookups in a row that found their answer make it likely that the next one does too. */
    private static final int USUAL_HITS = 32;

    private static final long MANY_ENTRIES = 1_000_000;
    private static final int BACKGROUND_JOBS = 2;
    private static final int MAX_OPEN_FILES = 256;

    private static final byte[] BEFORE_ALL_KEYS = {};
    private static final byte[] AFTER_ALL_KEYS = new byte[EntryKeys.BYTES + 1];

    static {
        Arrays.fill(AFTER_ALL_KEYS, (byte) -1);
    }

    private final Path folder;
    private final Deque<AbstractNativeReference> natives;

    /** Compressed when it is merged with others for the first time: twice would cost a fifth of what it takes to store an answer. */
    private final Options newTable;

    private final RocksDB rocks;
    private final WriteOptions writing;
    private final CompactRangeOptions compaction;
    private final StampedLock inUse = new StampedLock();
    private final Set<Scan> scans = ConcurrentHashMap.newKeySet();
    private final boolean readOnly;

    /** Knows all that is here if there was nothing when this was opened. An answer is added before it is put. */
    private final KeyFilter keys;

    /** Lookups in a row that found their answer, up to {@link #USUAL_HITS}; by several threads, so about. */
    private volatile int hits;

    private Database(
            Path folder, Deque<AbstractNativeReference> natives, Options options, RocksDB rocks, boolean readOnly)
            throws RocksDBException {
        this.folder = folder;
        this.readOnly = readOnly;
        this.natives = natives;
        this.newTable = push(natives, new Options(options).setCompressionType(CompressionType.NO_COMPRESSION));
        this.rocks = rocks;
        this.keys = isEmpty(rocks) ? KeyFilter.empty() : KeyFilter.unknowing();
        this.writing = push(natives, new WriteOptions().setSync(true));
        this.compaction =
                push(natives, new CompactRangeOptions().setBottommostLevelCompaction(BottommostLevelCompaction.kForce));
    }

    /**
     * Opens the database in {@code folder}, making it if it is missing. Uses a file beside the folder too.
     */
    static Database open(Path folder, Consumer<? super Options> customizer) throws RocksDBException {
        return open(folder, customizer, false);
    }

    /** Opens what {@code folder} holds now; another process may go on writing there. */
    static Database openReadOnly(Path folder, Consumer<? super Options> customizer) throws RocksDBException {
        return open(folder, customizer, true);
    }

    private static Database open(Path folder, Consumer<? super Options> customizer, boolean readOnly)
            throws RocksDBException {
        Deque<AbstractNativeReference> natives = new ArrayDeque<>();
        try {
            Options options = push(natives, new Options());
            configure(options, natives);
            if (readOnly) {
                options.setCreateIfMissing(false)
                        .setMaxOpenFiles(-1) // all now: the writer may remove them
                        .setLogger(push(natives, new NoLog()));
            }
            customizer.accept(options);
            RocksDB rocks = push(
                    natives,
                    readOnly
                            ? RocksDB.openReadOnly(options, folder.toString())
                            : RocksDB.open(options, folder.toString()));
            return new Database(folder, natives, options, rocks, readOnly);
        } catch (RocksDBException | RuntimeException e) {
            closeAll(natives);
            throw e;
        }
    }

    private static void configure(Options options, Deque<AbstractNativeReference> natives) {
        options.setCreateIfMissing(true)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                .setWriteBufferSize(MEMTABLE_BYTES)
                .setMaxBackgroundJobs(BACKGROUND_JOBS)
                .setLevel0FileNumCompactionTrigger(TABLES_TO_MERGE)
                .setLevel0SlowdownWritesTrigger(2 * TABLES_TO_MERGE)
                .setLevel0StopWritesTrigger(4 * TABLES_TO_MERGE)
                .setMaxOpenFiles(MAX_OPEN_FILES)
                .setMaxFileOpeningThreads(1)
                .setSkipStatsUpdateOnDbOpen(true)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(2)
                .setTableFormatConfig(new BlockBasedTableConfig()
                        .setNoBlockCache(
                                true) // the system keeps what is read; filters and indexes stay with their tables
                        .setCacheIndexAndFilterBlocks(false)
                        .setFilterPolicy(push(natives, new BloomFilter(BLOOM_BITS_PER_KEY))));
    }

    /** Whether there is nothing at all, not even the word that an answer was removed. */
    private static boolean isEmpty(RocksDB rocks) throws RocksDBException {
        return rocks.getLongProperty("rocksdb.live-sst-files-size") == 0
                && rocks.getLongProperty("rocksdb.num-entries-active-mem-table") == 0
                && rocks.getLongProperty("rocksdb.num-entries-imm-mem-tables") == 0;
    }

    /**
     * Whether there is surely no such answer here, by what memory holds of the tables: reads no disk and never waits. False also says
     * that it is not known: while all lookups find their answers the filters of the tables are not asked, because that makes such a
     * lookup a quarter dearer. It knows every answer whose {@link #put} or {@link #add} happened before.
     */
    boolean surelyLacks(Fingerprint fingerprint, int sample) {
        if (!keys.mayHave(fingerprint, sample)) {
            return true;
        }
        if (hits == USUAL_HITS) {
            return false;
        }
        long stamp = inUse.tryReadLock();
        if (stamp == 0) {
            return false; // closing
        }
        try {
            return !rocks.keyMayExist(EntryKeys.of(fingerprint, sample), null);
        } finally {
            inUse.unlockRead(stamp);
        }
    }

    byte @Nullable [] get(byte[] key) throws RocksDBException {
        byte[] value = rocks.get(key);
        int before = hits;
        if (value == null) {
            hits = 0;
        } else if (before < USUAL_HITS) {
            hits = before + 1;
        }
        return value;
    }

    void put(Fingerprint fingerprint, int sample, byte[] value) throws RocksDBException {
        keys.add(fingerprint, sample);
        rocks.put(writing, EntryKeys.of(fingerprint, sample), value);
    }

    /** Adds the answers of {@code segment} in place of those already here; they survive the loss of power. */
    void add(Segment segment) throws RocksDBException {
        if (segment.isEmpty()) {
            return;
        }
        try (EnvOptions plain = new EnvOptions();
                SstFileWriter table = new SstFileWriter(plain, newTable);
                IngestExternalFileOptions moving = new IngestExternalFileOptions().setMoveFiles(true)) {
            String path = folder.resolveSibling(NEW_TABLE).toString();
            table.open(path);
            for (int at : segment.inOrder()) {
                keys.add(segment.fingerprint(at), segment.sample(at));
                if (segment.isRemoved(at)) {
                    table.delete(segment.keyBytes(at));
                } else {
                    table.put(segment.key(at), segment.value(at));
                }
            }
            table.finish();
            rocks.ingestExternalFile(List.of(path), moving);
        }
    }

    /** Begins to read everything, behind {@code segments} that hold later answers and change no more. */
    Scan scan(List<Segment> segments) {
        long stamp = lockForReading();
        try {
            Scan scan = new Scan(rocks, aboutEntries(), segments, scans::remove);
            scans.add(scan);
            return scan;
        } finally {
            inUse.unlockRead(stamp);
        }
    }

    private long aboutEntries() {
        try {
            return entries();
        } catch (RocksDBException e) {
            return MANY_ENTRIES; // the reading will tell what is wrong
        }
    }

    /** By the properties of the tables: a removal counts against an answer, and one that was replaced counts twice. */
    long entries() throws RocksDBException {
        long stamp = lockForReading();
        try {
            long entries = rocks.getLongProperty("rocksdb.num-entries-active-mem-table");
            for (TableProperties table : rocks.getPropertiesOfAllTables().values()) {
                entries += table.getNumEntries() - 2 * table.getNumDeletions();
            }
            return entries;
        } finally {
            inUse.unlockRead(stamp);
        }
    }

    long bytes() throws RocksDBException {
        long stamp = lockForReading();
        try {
            return rocks.getLongProperty("rocksdb.live-sst-files-size");
        } finally {
            inUse.unlockRead(stamp);
        }
    }

    private long lockForReading() {
        long stamp = inUse.tryReadLock();
        if (stamp == 0) {
            throw new IllegalStateException("the cache is closed");
        }
        return stamp;
    }

    /** Writes everything anew, without what was removed or replaced; fails when this is closed meanwhile. */
    void compact() throws RocksDBException {
        long stamp = lockForReading();
        try {
            rocks.compactRange(rocks.getDefaultColumnFamily(), null, null, compaction);
        } finally {
            inUse.unlockRead(stamp);
        }
    }

    void clear() throws RocksDBException {
        rocks.deleteFilesInRanges(rocks.getDefaultColumnFamily(), List.of(BEFORE_ALL_KEYS, AFTER_ALL_KEYS), true);
        rocks.deleteRange(writing, BEFORE_ALL_KEYS, AFTER_ALL_KEYS);
    }

    /** Writes out the memtable, so that the next start need not read the log, and frees everything. */
    @Override
    public void close() {
        compaction.setCanceled(true);
        inUse.writeLock(); // for good: nobody looks into memory that is freed
        scans.forEach(Scan::close);
        try {
            flush();
        } catch (RocksDBException e) {
            RocksDbCache.LOG.warn("the last answers stay in the log of the cache until it is opened again", e);
        } finally {
            closeAll(natives);
        }
    }

    private void flush() throws RocksDBException {
        if (!readOnly) {
            try (FlushOptions waiting = new FlushOptions().setWaitForFlush(true)) {
                rocks.flush(waiting);
            }
        }
    }

    private static <N extends AbstractNativeReference> N push(Deque<AbstractNativeReference> natives, N object) {
        natives.push(object);
        return object;
    }

    /** The last made is freed first. */
    private static void closeAll(Deque<AbstractNativeReference> natives) {
        for (AbstractNativeReference object : natives) {
            object.close();
        }
    }

    /** Keeps a reader from writing into the writer's log of events. */
    private static final class NoLog extends Logger {

        NoLog() {
            super(InfoLogLevel.FATAL_LEVEL);
        }

        @Override
        protected void log(InfoLogLevel level, String message) {}
    }
}
