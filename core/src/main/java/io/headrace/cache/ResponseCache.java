package io.headrace.cache;

import io.headrace.Fingerprint;
import io.headrace.StorageException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A store of answers by fingerprint and sample number. Asynchronous, so that a disk or a shared server can stand behind it;
 * safe for any number of threads. Whoever opened it closes it.
 *
 * <p>Every implementation passes {@code ResponseCacheContract} in the testkit.
 */
public interface ResponseCache extends AutoCloseable {

    /**
     * The stored answer, or empty. A damaged record is logged and read as absent, never as another answer. Lazy; emits on any thread, the
     * subscriber's own included; cancel forgets the result. Fails with {@link StorageException} if the store as a whole cannot be used, now
     * and later.
     *
     * @param sample which of the answers to that fingerprint, from 0
     */
    Mono<CacheEntry> get(Fingerprint fingerprint, int sample);

    /**
     * Whether there surely is no such answer, as far as the store can tell from memory, without waiting: then {@link #get} need not be asked.
     * False if there may be one, or if the store cannot be used. Spares most calls of a run a lookup, for they ask something new.
     */
    default boolean surelyLacks(Fingerprint fingerprint, int sample) {
        return false;
    }

    /**
     * Stores an answer and replaces an earlier one. Completes when the answer survives the death of the process, if the store promises that,
     * and every later {@link #get} sees it. Lazy; cancelling may or may not undo it. Fails with {@link StorageException} in a store that {@link
     * #isReadOnly}.
     */
    Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry);

    /**
     * Does what {@link #put} does if that is possible at once, without waiting; false if not, and then {@link #put} must be called. Spares most
     * answers of a run the way through publishers.
     */
    default boolean putAtOnce(Fingerprint fingerprint, int sample, CacheEntry entry) {
        return false;
    }

    /**
     * Counts an answer that was given to a caller, for {@link #statistics} that outlive the process. Costs next to nothing, never
     * waits and throws nothing; what the last second counted may be lost with the process.
     */
    default void countHit(CacheEntry entry) {}

    /**
     * Whether nothing can be stored here; a call whose answer is missing then fails before it is paid. {@link #put}, {@link #remove}, {@link
     * #clear} and {@link #compact} fail with {@link StorageException}.
     */
    default boolean isReadOnly() {
        return false;
    }

    /**
     * Everything that is stored, in no order. Lazy, and read on demand: few answers are in memory at a time. An answer that was stored before the
     * subscription and stays untouched is emitted once; one that is stored, replaced or removed meanwhile may be seen as before, as after, or
     * not at all. A damaged record is a {@link StoredEntry.Damaged} and ends nothing. Emits on a thread of the store, which must not be blocked.
     * Cancel frees what the reading holds.
     *
     * <p>Fails with {@link StorageException} if the store as a whole cannot be read, and with {@link IllegalStateException} if it is closed
     * meanwhile. This, {@link #remove} and {@link #statistics} are for {@link CacheTools}; a store without them fails with {@link
     * UnsupportedOperationException}.
     */
    default Flux<StoredEntry> entries() {
        return Flux.error(() -> unsupported("list its answers"));
    }

    /**
     * Removes an answer, or its damaged record; emits whether there was one. After that no {@link #get} finds it, in the next process either.
     * Lazy; cancelling may or may not undo it.
     */
    default Mono<Boolean> remove(Fingerprint fingerprint, int sample) {
        return Mono.error(() -> unsupported("remove single answers"));
    }

    /** How much is stored and what it saved. Lazy. */
    default Mono<CacheStatistics> statistics() {
        return Mono.error(() -> unsupported("count its answers"));
    }

    /**
     * Frees the space of answers that were removed or replaced now; otherwise the store does so when it likes. May take as long as writing all
     * answers; calls go on meanwhile. Lazy.
     */
    default Mono<Void> compact() {
        return Mono.empty();
    }

    /** Removes every answer. What was saved so far stays in the {@link #statistics}. */
    Mono<Void> clear();

    /** Writes what is pending and frees threads and files. Later calls fail with {@link IllegalStateException}. */
    @Override
    void close();

    private UnsupportedOperationException unsupported(String what) {
        return new UnsupportedOperationException(getClass().getName() + " cannot " + what);
    }
}
