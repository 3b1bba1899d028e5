package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;

/**
 * The answers in a folder as they were when it was opened, also beside a process that goes on writing there: a copy of the log,
 * and the database as it was just after.
 */
final class StoreCopy implements Reader {

    /** A writer may remove files between the moment their names are read and the moment they are opened. */
    private static final int ATTEMPTS = 10;

    private final Database database;

    /** The later ones first. */
    private final List<Segment> recent;

    private StoreCopy(Database database, List<Segment> recent) {
        this.database = database;
        this.recent = recent;
    }

    static StoreCopy open(CacheFolder folder, Consumer<? super Options> customizer)
            throws IOException, RocksDBException {
        for (int attempt = 1; ; attempt++) {
            List<Segment> recent = copies(folder.logs()); // first: what leaves the log then is in the database
            try {
                return new StoreCopy(Database.openReadOnly(folder.database(), customizer), recent);
            } catch (RocksDBException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static List<Segment> copies(List<Path> paths) throws IOException {
        List<Segment> copies = new ArrayList<>();
        for (Path path : paths) {
            try {
                copies.add(Segment.copy(path));
            } catch (NoSuchFileException e) {
                // not made yet, or gone with the writer
            }
        }
        copies.sort(Comparator.comparingLong(Segment::round).reversed());
        return copies;
    }

    @Override
    public boolean surelyLacks(Fingerprint fingerprint, int sample) {
        return recent.stream().noneMatch(segment -> segment.has(fingerprint, sample))
                && database.surelyLacks(fingerprint, sample);
    }

    @Override
    public byte @Nullable [] read(Fingerprint fingerprint, int sample, byte[] key) throws RocksDBException {
        for (Segment segment : recent) {
            byte[] value = segment.get(fingerprint, sample);
            if (value != null) {
                return value.length == 0 ? null : value;
            }
        }
        return database.get(key);
    }

    @Override
    public Scan scan() {
        return database.scan(recent);
    }

    @Override
    public long entries() throws RocksDBException {
        return database.entries() + recent.stream().mapToLong(Segment::entries).sum();
    }

    @Override
    public long bytes() throws RocksDBException {
        return database.bytes() + recent.stream().mapToLong(Segment::usedBytes).sum();
    }

    @Override
    public void close() {
        database.close();
    }
}
