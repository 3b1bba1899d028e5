package io.headrace.layer;

import io.headrace.Codec;
import io.headrace.Fingerprint;
import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
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

    final Map<Fingerprint, CacheEntry> entries = new ConcurrentHashMap<>();
    boolean lacksAll;
    boolean keepsAtOnce;
    final AtomicInteger failingReads = new AtomicInteger();
    final AtomicInteger failingWrites = new AtomicInteger();
    final AtomicReference<@Nullable StorageException> unusable = new AtomicReference<>();

    @Override
    public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
        return Mono.fromSupplier(() -> {
            StorageException broken = unusable.get();
            if (broken != null) {
                throw broken;
            }
            if (failingReads.get() > 0 && failingReads.getAndDecrement() > 0) {
                throw new IllegalStateException("cannot read");
            }
            return entries.get(fingerprint);
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
            entries.put(fingerprint, entry);
        });
    }

    @Override
    public boolean putAtOnce(Fingerprint fingerprint, int sample, CacheEntry entry) {
        if (keepsAtOnce) {
            entries.put(fingerprint, entry);
        }
        return keepsAtOnce;
    }

    @Override
    public Mono<Void> clear() {
        return Mono.fromRunnable(entries::clear);
    }

    @Override
    public void close() {}
}
