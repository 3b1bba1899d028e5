package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import java.nio.ByteBuffer;
import java.util.Objects;

/** The keys of the database: fingerprint, then sample, so that the samples of a request stand together and in order. */
final class EntryKeys {

    /** Bytes in a key. */
    static final int BYTES = Fingerprint.BYTES + Integer.BYTES;

    private EntryKeys() {}

    static byte[] of(Fingerprint fingerprint, int sample) {
        require(fingerprint, sample);
        return ByteBuffer.allocate(BYTES)
                .putLong(fingerprint.a())
                .putLong(fingerprint.b())
                .putLong(fingerprint.c())
                .putLong(fingerprint.d())
                .putInt(sample)
                .array();
    }

    static void require(Fingerprint fingerprint, int sample) {
        Objects.requireNonNull(fingerprint, "fingerprint");
        if (sample < 0) {
            throw new IllegalArgumentException("a sample counts from 0, not " + sample);
        }
    }
}
