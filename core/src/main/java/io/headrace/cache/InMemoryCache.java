package io.headrace.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.headrace.Fingerprint;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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

    private final Cache<EntryKey, CacheEntry> entries;
    private volatile boolean closed;

    private InMemoryCache(long maxBytes) {
        this.entries = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .<EntryKey, CacheEntry>weigher((key, entry) -> weight(entry))
                .executor(Runnable::run)
                .build();
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
        if (maxBytes < 0) {
            throw new IllegalArgumentException("maxBytes must be at least 0, not " + maxBytes);
        }
        return new InMemoryCache(maxBytes);
    }

    @Override
    public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
        EntryKey key = new EntryKey(fingerprint, sample);
        return Mono.fromSupplier(() -> peek(key));
    }

    @Override
    public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        EntryKey key = new EntryKey(fingerprint, sample);
        Objects.requireNonNull(entry, "entry");
        return Mono.fromRunnable(() -> store(key, entry));
    }

    @Override
    public Mono<Void> clear() {
        return Mono.fromRunnable(() -> open().invalidateAll());
    }

    @Override
    public void close() {
        closed = true;
        entries.invalidateAll();
    }

    @Nullable
    CacheEntry peek(EntryKey key) {
        return open().getIfPresent(key);
    }

    void store(EntryKey key, CacheEntry entry) {
        open().put(key, entry);
    }

    void forget(EntryKey key) {
        open().invalidate(key);
    }

    /** Stores what {@code entry} gives, in one step with asking for it, unless there is an entry already. */
    void storeIfAbsent(EntryKey key, Supplier<@Nullable CacheEntry> entry) {
        open().asMap().computeIfAbsent(key, absent -> entry.get());
    }

    private Cache<EntryKey, CacheEntry> open() {
        if (closed) {
            throw new IllegalStateException("the cache is closed");
        }
        return entries;
    }

    private static int weight(CacheEntry entry) {
        long bytes = (long) entry.answer().length
                + ENTRY_BYTES
                + (long) FIELD_BYTES * entry.fields().size();
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }
}
