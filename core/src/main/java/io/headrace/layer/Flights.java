package io.headrace.layer;

import io.headrace.CachePolicy;
import io.headrace.Fingerprint;
import io.headrace.cache.ResponseCache;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The calls that are in flight for one cache, whichever stacks make them. Holds nothing else: an entry goes with its call. */
final class Flights {

    /** Of the caches that are in use: few, and looked through when a stack is built. */
    private static final List<OfCache> OF_CACHES = new ArrayList<>();

    private static final class OfCache extends WeakReference<ResponseCache> {

        private final Flights flights = new Flights();

        OfCache(ResponseCache cache) {
            super(cache);
        }
    }

    /** What calls share to be one. Those of another policy may have to read or buy another answer. */
    record Id(Fingerprint fingerprint, int sample, CachePolicy policy) {

        @Override
        public int hashCode() {
            return fingerprint.hashCode() + sample;
        }
    }

    final ConcurrentMap<Id, Flight<?>> inFlight = new ConcurrentHashMap<>();

    /** By the identity of the cache. */
    static Flights of(ResponseCache cache) {
        synchronized (OF_CACHES) {
            OF_CACHES.removeIf(known -> known.refersTo(null));
            for (OfCache known : OF_CACHES) {
                if (known.refersTo(cache)) {
                    return known.flights;
                }
            }
            OfCache added = new OfCache(cache);
            OF_CACHES.add(added);
            return added.flights;
        }
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
