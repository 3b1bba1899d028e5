package io.headrace.cache;

import io.headrace.Fingerprint;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerArray;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Memory in front of a slower store, which it owns: an answer that was read from the store twice is given inline from then on.
 * A new answer, and one read for the first time, stay in the store only; most answers of a run are never asked for again, and
 * keeping them would fill the heap for nothing.
 */
public final class TieredCache implements ResponseCache {

    private static final int STRIPES = 1024;
    private static final int READS_REMEMBERED = 1 << 16;

    private final InMemoryCache memory;
    private final ResponseCache store;

    /** Counts changes by fingerprint, so that a value read before a change is not kept after it. */
    private final AtomicIntegerArray changes = new AtomicIntegerArray(STRIPES);

    /** Marks of the answers that the store gave last, each in the place of an older one: by chance a first read may pass for a second. */
    private final AtomicIntegerArray read = new AtomicIntegerArray(READS_REMEMBERED);

    private TieredCache(InMemoryCache memory, ResponseCache store) {
        this.memory = memory;
        this.store = store;
    }

    /** Both stores as one, which closes both. */
    public static TieredCache of(InMemoryCache memory, ResponseCache store) {
        return new TieredCache(Objects.requireNonNull(memory, "memory"), Objects.requireNonNull(store, "store"));
    }

    @Override
    public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
        EntryKey key = new EntryKey(fingerprint, sample);
        return Mono.defer(() -> {
            CacheEntry entry = memory.peek(key);
            return entry != null ? Mono.just(entry) : fromStore(key);
        });
    }

    @Override
    public boolean surelyLacks(Fingerprint fingerprint, int sample) {
        return memory.surelyLacks(fingerprint, sample) && store.surelyLacks(fingerprint, sample);
    }

    private Mono<CacheEntry> fromStore(EntryKey key) {
        int seen = changes.get(stripe(key));
        return store.get(key.fingerprint(), key.sample()).doOnNext(entry -> {
            if (wasReadBefore(key)) {
                memory.storeIfAbsent(key, () -> changes.get(stripe(key)) == seen ? entry : null);
            }
        });
    }

    private boolean wasReadBefore(EntryKey key) {
        Fingerprint fingerprint = key.fingerprint();
        int mark = (int) fingerprint.c() + key.sample();
        return mark == read.getAndSet((int) fingerprint.a() & (READS_REMEMBERED - 1), mark);
    }

    @Override
    public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        EntryKey key = new EntryKey(fingerprint, sample);
        Objects.requireNonNull(entry, "entry");
        return Mono.defer(() -> {
            forget(key);
            return store.put(fingerprint, sample, entry).doOnTerminate(() -> forget(key));
        });
    }

    @Override
    public boolean putAtOnce(Fingerprint fingerprint, int sample, CacheEntry entry) {
        EntryKey key = new EntryKey(fingerprint, sample);
        forget(key);
        try {
            return store.putAtOnce(fingerprint, sample, entry);
        } finally {
            forget(key);
        }
    }

    @Override
    public void countHit(CacheEntry entry) {
        store.countHit(entry);
    }

    @Override
    public boolean isReadOnly() {
        return store.isReadOnly();
    }

    /** {@inheritDoc} What memory holds stands in the store too. */
    @Override
    public Flux<StoredEntry> entries() {
        return store.entries();
    }

    @Override
    public Mono<Boolean> remove(Fingerprint fingerprint, int sample) {
        EntryKey key = new EntryKey(fingerprint, sample);
        return Mono.defer(() -> {
            forget(key);
            return store.remove(fingerprint, sample).doOnTerminate(() -> forget(key));
        });
    }

    /** {@inheritDoc} Of the store alone. */
    @Override
    public Mono<CacheStatistics> statistics() {
        return store.statistics();
    }

    @Override
    public Mono<Void> compact() {
        return store.compact();
    }

    private void forget(EntryKey key) {
        changes.incrementAndGet(stripe(key));
        memory.forget(key);
    }

    @Override
    public Mono<Void> clear() {
        return store.clear().then(Mono.defer(() -> {
            for (int stripe = 0; stripe < STRIPES; stripe++) {
                changes.incrementAndGet(stripe);
            }
            return memory.clear();
        }));
    }

    @Override
    public void close() {
        try (memory) {
            store.close();
        }
    }

    private static int stripe(EntryKey key) {
        return (int) key.fingerprint().b() & (STRIPES - 1);
    }
}
