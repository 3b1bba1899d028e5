package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import io.headrace.cache.CacheEntry;
import reactor.core.publisher.MonoSink;

/** What a {@link Lane} is asked to do. */
sealed interface Task {

    /** Ends it with {@code error}. */
    void fail(RuntimeException error);

    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Lookup(Fingerprint fingerprint, int sample, byte[] key, MonoSink<CacheEntry> sink) implements Task {

        @Override
        public void fail(RuntimeException error) {
            sink.error(error);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Put(Fingerprint fingerprint, int sample, byte[] value, MonoSink<Void> sink) implements Task {

        @Override
        public void fail(RuntimeException error) {
            sink.error(error);
        }
    }

    record Clear(MonoSink<Void> sink) implements Task {

        @Override
        public void fail(RuntimeException error) {
            sink.error(error);
        }
    }

    /** Forces to disk what was written; nobody waits for it. */
    enum Sync implements Task {
        SYNC;

        @Override
        public void fail(RuntimeException error) {}
    }
}
