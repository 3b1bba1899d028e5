package io.headrace.layer;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.headrace.CachePolicy;
import io.headrace.Fingerprint;
import io.headrace.cache.ResponseCache;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The calls that are in flight for one cache, whichever stacks make them. Holds nothing else: an entry goes with its call. */
final class Flights {

    /** By the identity of the cache, for as long as that is used. */
    private static final LoadingCache<ResponseCache, Flights> OF_CACHES =
            Caffeine.newBuilder().weakKeys().executor(Runnable::run).build(cache -> new Flights());

    /** What calls share to be one. Those of another policy may have to read or buy another answer. */
    record Id(Fingerprint fingerprint, int sample, CachePolicy policy) {

        @Override
        public int hashCode() {
            return fingerprint.hashCode() + sample;
        }
    }

    final ConcurrentMap<Id, Flight<?>> inFlight = new ConcurrentHashMap<>();

    static Flights of(ResponseCache cache) {
        return OF_CACHES.get(cache);
    }

    @Nullable
    Flight<?> get(Id id) {
        return inFlight.get(id);
    }

    boolean add(Id id, Flight<?> flight) {
        return inFlight.putIfAbsent(id, flight) == null;
    }

    void remove(Id id, Flight<?> flight) {
        inFlight.remove(id, flight);
    }
}
