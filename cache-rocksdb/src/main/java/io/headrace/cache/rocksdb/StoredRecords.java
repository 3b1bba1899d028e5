package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import io.headrace.cache.CacheEntryCodec;
import io.headrace.cache.StoredEntry;
import java.nio.ByteBuffer;

/** Makes {@link StoredEntry}s of keys and values. */
final class StoredRecords {

    private StoredRecords() {}

    static StoredEntry of(byte[] key, byte[] value) {
        if (key.length != EntryKeys.BYTES) {
            return new StoredEntry.Damaged(null, 0, "the key has " + key.length + " bytes, not " + EntryKeys.BYTES);
        }
        ByteBuffer from = ByteBuffer.wrap(key);
        return of(
                new Fingerprint(from.getLong(), from.getLong(), from.getLong(), from.getLong()), from.getInt(), value);
    }

    static StoredEntry of(Fingerprint fingerprint, int sample, byte[] value) {
        try {
            return new StoredEntry.Answer(fingerprint, sample, CacheEntryCodec.decode(fingerprint, sample, value));
        } catch (IllegalArgumentException e) {
            return new StoredEntry.Damaged(fingerprint, sample, String.valueOf(e.getMessage()));
        }
    }
}
