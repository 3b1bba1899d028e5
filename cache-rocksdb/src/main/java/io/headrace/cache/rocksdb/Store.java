package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;

/**
 * The answers on disk: new ones in two {@link Segment}s that take turns, older ones in the {@link Database}. While one segment
 * takes new answers the other, when it is full, goes to the database as one table, on a thread that lives as long as that
 * takes. So a new answer costs no change of threads, and the database writes large sorted pieces only.
 *
 * <p>For any thread. {@link #append} and {@link #surelyLacks} wait for no disk.
 */
final class Store implements Reader {

    private final List<Path> paths;
    private final Database database;

    /** Held while answers move to the database. */
    private final Object moving = new Object();

    // guarded by this; beside the current one there is a full one or a spare one, or none yet
    private Segment current;
    private @Nullable Segment full;
    private @Nullable Segment spare;
    private long rounds;
    private boolean closed;

    /** Why nothing can be kept any more. */
    private @Nullable IOException lost;

    private Store(List<Path> paths, Database database, Segment current) {
        this.paths = paths;
        this.database = database;
        this.rounds = current.round();
        this.current = current;
    }

    /**
     * Opens the database and the log in {@code folder}. A segment that another process closed is used on. What a process that died
     * has left goes to the database first, and its file is deleted, or its answers would come back after a clear.
     */
    static Store open(CacheFolder folder, Consumer<? super Options> customizer) throws IOException, RocksDBException {
        Database database = Database.open(folder.database(), customizer);
        try {
            long rounds = 0;
            for (Iterator<Segment> segments = leftovers(folder.logs()).iterator(); segments.hasNext(); ) {
                Segment left = segments.next();
                if (left.isWhole() && !segments.hasNext()) { // one that is full to the last byte looks whole too
                    return new Store(folder.logs(), database, left);
                }
                try (left) {
                    database.add(left);
                    rounds = left.round();
                }
                Files.delete(left.path());
            }
            return new Store(
                    folder.logs(), database, Segment.create(folder.logs().get(0), rounds + 1));
        } catch (IOException | RocksDBException | RuntimeException e) {
            database.close();
            throw e;
        }
    }

    /** The older one first. */
    private static List<Segment> leftovers(List<Path> paths) throws IOException {
        List<Segment> left = new ArrayList<>();
        for (Path path : paths) {
            if (Files.exists(path)) {
                left.add(Segment.recover(path));
            }
        }
        left.sort(Comparator.comparingLong(Segment::round));
        return left;
    }

    /** Keeps an answer, in place of one already there; false if that would have to wait for the disk or this is closed. */
    synchronized boolean append(Fingerprint fingerprint, int sample, byte[] value) throws IOException {
        if (closed) {
            return false;
        }
        if (lost != null) {
            throw lost;
        }
        if (!current.hasRoomFor(value.length)) {
            if (full != null || !Segment.canHold(value.length)) {
                return false;
            }
            turn();
            Thread mover = new Thread(this::moveInBackground, "headrace-cache-move");
            mover.setDaemon(true);
            mover.start();
        }
        current.append(fingerprint, sample, value);
        return true;
    }

    /** Keeps an answer, however long that takes. */
    void write(Fingerprint fingerprint, int sample, byte[] value) throws IOException, RocksDBException {
        if (!Segment.canHold(value.length)) {
            moveAll(); // or an older answer would be found first
            database.put(fingerprint, sample, value);
            return;
        }
        while (!append(fingerprint, sample, value)) {
            moveFull();
        }
    }

    /** Removes an answer, also one that is damaged; whether there was any. */
    boolean remove(Fingerprint fingerprint, int sample, byte[] key) throws IOException, RocksDBException {
        if (!isThere(fingerprint, sample, key)) {
            return false;
        }
        write(fingerprint, sample, Segment.REMOVED);
        return true;
    }

    private boolean isThere(Fingerprint fingerprint, int sample, byte[] key) {
        try {
            return read(fingerprint, sample, key) != null;
        } catch (RocksDBException e) {
            return true; // and cannot be read
        }
    }

    @Override
    public boolean surelyLacks(Fingerprint fingerprint, int sample) {
        // segments first: what a look misses there because it was moved, the database was told of before that look
        return !mayBeRecent(fingerprint, sample) && database.surelyLacks(fingerprint, sample);
    }

    @Override
    public byte @Nullable [] read(Fingerprint fingerprint, int sample, byte[] key) throws RocksDBException {
        byte[] recent = recent(fingerprint, sample);
        if (recent == null) {
            return database.get(key);
        }
        return recent.length == 0 ? null : recent;
    }

    /** All goes to the database first, so that it alone has to be read. */
    @Override
    public Scan scan() throws IOException, RocksDBException {
        synchronized (moving) {
            requireOpen();
            moveAll();
            return database.scan(List.of());
        }
    }

    @Override
    public long entries() throws RocksDBException {
        long entries = database.entries();
        synchronized (this) {
            return entries + current.entries() + (full == null ? 0 : full.entries());
        }
    }

    @Override
    public long bytes() throws RocksDBException {
        long bytes = database.bytes();
        synchronized (this) {
            return bytes + current.usedBytes() + (full == null ? 0 : full.usedBytes());
        }
    }

    /** Writes everything anew, without what was removed or replaced. */
    void compact() throws IOException, RocksDBException {
        synchronized (moving) {
            requireOpen();
            moveAll();
        }
        database.compact();
    }

    private synchronized void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the cache is closed");
        }
    }

    private synchronized boolean mayBeRecent(Fingerprint fingerprint, int sample) {
        return closed || current.has(fingerprint, sample) || (full != null && full.has(fingerprint, sample));
    }

    private synchronized byte @Nullable [] recent(Fingerprint fingerprint, int sample) {
        byte[] value = current.get(fingerprint, sample);
        return value == null && full != null ? full.get(fingerprint, sample) : value;
    }

    /**
     * Makes all that is here survive the loss of power.
     *
     * @throws IOException if the files of the log were taken away: from then on nothing is kept
     */
    void force() throws IOException {
        Segment first;
        Segment second;
        synchronized (this) {
            first = full;
            second = current;
        }
        try {
            second.requireInPlace();
        } catch (NoSuchFileException e) {
            synchronized (this) {
                lost = new IOException(
                        e.getFile()
                                + " was deleted, moved, replaced or shortened while it was in use: bring it back if it was moved, and run again",
                        e);
                throw lost;
            }
        }
        if (first != null) {
            first.force();
        }
        second.force();
    }

    void clear() throws IOException, RocksDBException {
        synchronized (moving) {
            synchronized (this) {
                if (full != null) {
                    full.clear(++rounds);
                    spare = full;
                    full = null;
                }
                current.clear(++rounds);
            }
            force();
            database.clear();
        }
    }

    /** Leaves the current segment for the next start; the full one goes to the database, or stays too if that fails. */
    @Override
    public void close() {
        synchronized (moving) {
            try (database) {
                synchronized (this) {
                    closed = true;
                }
                moveFull();
                if (spare != null) {
                    spare.close();
                    Files.delete(spare.path());
                }
                current.keep();
            } catch (IOException | RocksDBException e) {
                RocksDbCache.LOG.warn("the last answers stay in the log of the cache until it is opened again", e);
            }
        }
    }

    private void moveInBackground() {
        synchronized (moving) {
            try {
                if (!closed) {
                    moveFull();
                }
            } catch (IOException | RocksDBException | RuntimeException e) {
                // whoever finds both segments full tries again and is told
                RocksDbCache.LOG.warn("answers stay in the log of the cache for now", e);
            }
        }
    }

    /** Moves at least what is here now. */
    private void moveAll() throws IOException, RocksDBException {
        synchronized (moving) {
            moveFull();
            synchronized (this) {
                if (full == null && !current.isEmpty()) {
                    turn();
                }
            }
            moveFull();
        }
    }

    private void moveFull() throws IOException, RocksDBException {
        synchronized (moving) {
            Segment moved;
            synchronized (this) {
                moved = full;
            }
            if (moved == null) {
                return;
            }
            database.add(moved);
            synchronized (this) {
                moved.clear(++rounds);
                spare = moved;
                full = null;
            }
            moved.force();
        }
    }

    /** The current segment is full from now on, and the spare one takes what comes. */
    private synchronized void turn() throws IOException {
        Segment next = spare == null ? Segment.create(otherPath(), ++rounds) : spare;
        spare = null;
        full = current;
        current = next;
    }

    private Path otherPath() {
        return paths.get(current.path().equals(paths.get(0)) ? 1 : 0);
    }
}
