package io.headrace;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Values of objects, equal ones told apart, for as long as those objects are in use. A value must not refer to its own key.
 * Nothing else is bounded or counted, so that one more row costs little. Thread-safe.
 */
final class WeakIdentityMap<K, V> {

    /** By a {@link Key}, which a {@link Probe} finds without making another reference. */
    private final ConcurrentMap<Object, V> values = new ConcurrentHashMap<>();

    private final ReferenceQueue<K> gone = new ReferenceQueue<>();

    /** The value of {@code key}; null for none. */
    @Nullable
    V get(K key) {
        return values.get(new Probe(key));
    }

    /** The value of {@code key}, made by {@code first} where there is none; of two that race one is kept. */
    V get(K key, Supplier<V> first) {
        V known = get(key);
        if (known != null) {
            return known;
        }
        forgetGone();
        V made = first.get();
        V other = values.putIfAbsent(new Key<>(key, gone), made);
        return other == null ? made : other;
    }

    /** Forgets the value of {@code key}, if there is one. */
    void remove(K key) {
        values.remove(new Probe(key));
    }

    /** How many objects have a value, those included whose end has not been noticed yet. */
    int size() {
        forgetGone();
        return values.size();
    }

    private void forgetGone() {
        for (Reference<? extends K> key = gone.poll(); key != null; key = gone.poll()) {
            values.remove(key);
        }
    }

    private static final class Key<K> extends WeakReference<K> {

        private final int hash;

        Key(K object, ReferenceQueue<K> gone) {
            super(object, gone);
            this.hash = System.identityHashCode(object);
        }

        /** Another key is equal only while both know their object; one that is gone finds itself. */
        @Override
        public boolean equals(Object other) {
            if (this == other) {
                return true;
            }
            K object = get();
            return object != null && other instanceof Key<?> key && key.get() == object;
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    /** Stands for a key in a lookup. */
    private record Probe(Object object) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Key<?> key && key.get() == object;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(object);
        }
    }
}
