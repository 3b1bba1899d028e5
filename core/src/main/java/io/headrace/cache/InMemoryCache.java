package io.headrace.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.headrace.Fingerprint;
import io.headrace.Require;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Answers in memory, bounded in bytes: the least useful ones give way. Everything happens inline on the subscriber's thread.
 * Nothing survives the process.
 */
public final class InMemoryCache implements ResponseCache {

    /** The default bound: 64 MB. */
    public static final long DEFAULT_MAX_BYTES = 64L << 20;

    /** What an entry costs beside its answer: key, table node, the entry's own objects. */
    private static final int ENTRY_BYTES = 450;

    private static final int FIELD_BYTES = 32;

    private final long maxBytes;

    /** Null until there is something to keep: in a run of new requests that is never. */
    private volatile @Nullable Cache<EntryKey, CacheEntry> entries;

    private final AtomicReference<CacheHits> hits = new AtomicReference<>(CacheHits.NONE);

    private volatile boolean closed;

    private InMemoryCache(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** A cache of at most 64 MB. */
    public static InMemoryCache create() {
        return ofMaxBytes(DEFAULT_MAX_BYTES);
    }

    /**
     * A cache of at most {@code maxBytes} of heap, by estimate. 0 keeps nothing.
     *
     * @throws IllegalArgumentException for a negative bound
     */
    public static InMemoryCache ofMaxBytes(long maxBytes) {
        Require.atLeast(0, maxBytes, "maxBytes");
        return new InMemoryCache(maxBytes);
    }

    @Override
    public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
        EntryKey key = new EntryKey(fingerprint, sample);
        return Mono.fromSupplier(() -> peek(key));
    }

    @Override
    public boolean surelyLacks(Fingerprint fingerprint, int sample) {
        Cache<EntryKey, CacheEntry> kept = entries;
        return !closed && (kept == null || kept.getIfPresent(new EntryKey(fingerprint, sample)) == null);
    }

    @Override
    public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        EntryKey key = new EntryKey(fingerprint, sample);
        Objects.requireNonNull(entry, "entry");
        return Mono.fromRunnable(() -> store(key, entry));
    }

    @Override
    public void countHit(CacheEntry entry) {
        hits.updateAndGet(before -> before.plus(entry));
    }

    @Override
    public Flux<StoredEntry> entries() {
        return Flux.defer(() -> {
                    Cache<EntryKey, CacheEntry> kept = kept();
                    return kept == null
                            ? Flux.empty()
                            : Flux.fromIterable(kept.asMap().entrySet());
                })
                .<StoredEntry>map(entry -> new StoredEntry.Answer(
                        entry.getKey().fingerprint(), entry.getKey().sample(), entry.getValue()))
                .concatWith(Mono.fromRunnable(this::kept)); // or what a close took away would be missing without a word
    }

    @Override
    public Mono<Boolean> remove(Fingerprint fingerprint, int sample) {
        EntryKey key = new EntryKey(fingerprint, sample);
        return Mono.fromSupplier(() -> {
            Cache<EntryKey, CacheEntry> kept = kept();
            return kept != null && kept.asMap().remove(key) != null;
        });
    }

    @Override
    public Mono<CacheStatistics> statistics() {
        return Mono.fromSupplier(() -> {
            Cache<EntryKey, CacheEntry> kept = kept();
            if (kept == null) {
                return new CacheStatistics(0, 0, Objects.requireNonNull(hits.get()));
            }
            kept.cleanUp();
            long bytes = kept.policy()
                    .eviction()
                    .map(bound -> bound.weightedSize().orElse(0))
                    .orElse(0L);
            return new CacheStatistics(kept.estimatedSize(), bytes, Objects.requireNonNull(hits.get()));
        });
    }

    @Override
    public Mono<Void> clear() {
        return Mono.fromRunnable(() -> {
            Cache<EntryKey, CacheEntry> kept = kept();
            if (kept != null) {
                kept.invalidateAll();
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        Cache<EntryKey, CacheEntry> kept = entries;
        if (kept != null) {
            kept.invalidateAll();
        }
    }

    @Nullable
    CacheEntry peek(EntryKey key) {
        Cache<EntryKey, CacheEntry> kept = kept();
        return kept == null ? null : kept.getIfPresent(key);
    }

    void store(EntryKey key, CacheEntry entry) {
        toKeep().put(key, entry);
    }

    void forget(EntryKey key) {
        Cache<EntryKey, CacheEntry> kept = kept();
        if (kept != null) {
            kept.invalidate(key);
        }
    }

    /** Stores what {@code entry} gives, in one step with asking for it, unless there is an entry already. */
    void storeIfAbsent(EntryKey key, Supplier<@Nullable CacheEntry> entry) {
        toKeep().asMap().computeIfAbsent(key, absent -> entry.get());
    }

    private @Nullable Cache<EntryKey, CacheEntry> kept() {
        if (closed) {
            throw new IllegalStateException("the cache is closed");
        }
        return entries;
    }

    private Cache<EntryKey, CacheEntry> toKeep() {
        Cache<EntryKey, CacheEntry> kept = kept();
        return kept == null ? make() : kept;
    }

    private synchronized Cache<EntryKey, CacheEntry> make() {
        Cache<EntryKey, CacheEntry> made = entries;
        if (made == null) {
            made = Caffeine.newBuilder()
                    .maximumWeight(maxBytes)
                    .<EntryKey, CacheEntry>weigher((key, entry) -> weight(entry))
                    .executor(Runnable::run)
                    .build();
            entries = made;
        }
        return made;
    }

    private static int weight(CacheEntry entry) {
        long bytes = (long) entry.answer().length
                + ENTRY_BYTES
                + (long) FIELD_BYTES * entry.fields().size();
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }
}
