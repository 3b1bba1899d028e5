package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/** The answers in a folder, to be read. For any thread. */
interface Reader extends Closeable {

    /** Whether there surely is no such answer, by what memory holds of the disk; false also says that it is not known. */
    boolean surelyLacks(Fingerprint fingerprint, int sample);

    /** The bytes of an answer; null if there is none. */
    byte @Nullable [] read(Fingerprint fingerprint, int sample, byte[] key) throws RocksDBException;

    /** Begins to read everything. */
    Scan scan() throws IOException, RocksDBException;

    /** How many answers there are, by estimate: replaced and removed ones may count. */
    long entries() throws RocksDBException;

    /** What they take on the disk. */
    long bytes() throws RocksDBException;

    @Override
    void close();
}
