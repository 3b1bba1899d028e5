package io.headrace.layer;

import io.headrace.Codec;
import io.headrace.Fingerprint;
import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** A cache in a map, with breakable reads and writes. */
final class MapCache implements ResponseCache {

    static final KeyFunction<String> KEYS = request ->
            new CallKey(new Fingerprint(request.hashCode(), 0, 0, 0), List.of(new CallKey.FieldDigest("q", 1)));

    static final Codec<String> CODEC = new Codec<>() {
        @Override
        public byte[] encode(String value) {
            return value.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String decode(byte[] bytes) {
            if (bytes.length == 0) {
                throw new IllegalArgumentException("no bytes");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    };

    /** Where an entry stands. */
    record Place(Fingerprint fingerprint, int sample) {}

    final Map<Place, CacheEntry> entries = new ConcurrentHashMap<>();
    final AtomicInteger reads = new AtomicInteger();
    final AtomicInteger hits = new AtomicInteger();
    boolean lacksAll;
    boolean keepsAtOnce;
    boolean readOnly;
    final AtomicInteger failingReads = new AtomicInteger();
    final AtomicInteger failingWrites = new AtomicInteger();
    final AtomicReference<@Nullable StorageException> unusable = new AtomicReference<>();

    @Override
    public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
        return Mono.fromSupplier(() -> {
            reads.incrementAndGet();
            StorageException broken = unusable.get();
            if (broken != null) {
                throw broken;
            }
            if (failingReads.get() > 0 && failingReads.getAndDecrement() > 0) {
                throw new UncheckedIOException(new IOException("cannot read"));
            }
            return entries.get(new Place(fingerprint, sample));
        });
    }

    @Override
    public boolean surelyLacks(Fingerprint fingerprint, int sample) {
        return lacksAll;
    }

    @Override
    public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        return Mono.fromRunnable(() -> {
            if (failingWrites.get() > 0 && failingWrites.getAndDecrement() > 0) {
                throw new IllegalStateException("cannot write");
            }
            entries.put(new Place(fingerprint, sample), entry);
        });
    }

    @Override
    public boolean putAtOnce(Fingerprint fingerprint, int sample, CacheEntry entry) {
        if (keepsAtOnce) {
            entries.put(new Place(fingerprint, sample), entry);
        }
        return keepsAtOnce;
    }

    /** The answer to {@code request} of that number, or null. */
    @Nullable
    String stored(String request, int sample) {
        CacheEntry entry = entries.get(new Place(KEYS.key(request).fingerprint(), sample));
        return entry == null ? null : CODEC.decode(entry.answer());
    }

    @Override
    public void countHit(CacheEntry entry) {
        hits.incrementAndGet();
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public Mono<Void> clear() {
        return Mono.fromRunnable(entries::clear);
    }

    @Override
    public void close() {}
}
