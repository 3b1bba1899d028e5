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

    /** Removes an answer. */
    final class Remove implements Task {

        final Fingerprint fingerprint;
        final int sample;
        final byte[] key;
        final MonoSink<Boolean> sink;

        /** Whether there was one; set by the lane. */
        boolean removed;

        Remove(Fingerprint fingerprint, int sample, byte[] key, MonoSink<Boolean> sink) {
            this.fingerprint = fingerprint;
            this.sample = sample;
            this.key = key;
            this.sink = sink;
        }

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

    /** What comes by the clock; nobody waits for it. */
    enum Upkeep implements Task {
        /** Forces to disk what was written. */
        SYNC,
        /** Writes down the hits that were counted. */
        SAVE_HITS;

        @Override
        public void fail(RuntimeException error) {}
    }
}
