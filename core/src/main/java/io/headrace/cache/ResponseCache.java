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
     * The stored answer, or empty. A record that is damaged is reported in the log and read as absent, never as another
     * answer. Lazy; emits on a thread of the store's choosing, also on the subscriber's own; cancel forgets the result.
     * Fails with {@link StorageException} if the store as a whole cannot be used, now and later.
     *
     * @param sample which of the answers to that fingerprint, from 0
     */
    Mono<CacheEntry> get(Fingerprint fingerprint, int sample);

    /**
     * Whether there surely is no such answer, so that {@link #get} need not be asked: what a store can tell from memory, without
     * waiting. False also says that it is not known, or that the store cannot be used. Most calls of a run ask for something
     * new; this spares them a lookup.
     */
    default boolean surelyLacks(Fingerprint fingerprint, int sample) {
        return false;
    }

    /**
     * Stores an answer, in place of one already there. Completes when the answer survives the death of the process, as far
     * as the store promises that at all, and every later {@link #get} sees it. Lazy; cancelling may or may not undo it. Fails with
     * {@link StorageException} in a store that {@link #isReadOnly}.
     */
    Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry);

    /**
     * Does what {@link #put} does, if that can be done at once and without waiting; false if not, and then {@link #put} has to.
     * Spares most answers of a run the way through publishers.
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
     * Whether nothing can be stored here, so that a call whose answer is not here must fail before it is paid for. {@link #put},
     * {@link #remove}, {@link #clear} and {@link #compact} then fail with {@link StorageException}.
     */
    default boolean isReadOnly() {
        return false;
    }

    /**
     * Everything that is stored, in an order that means nothing. Lazy, and read as it is demanded: however many answers there
     * are, few are in memory at a time. An answer that is stored before the subscription and stays untouched is emitted once;
     * one that is stored, replaced or removed meanwhile is seen as it was, as it is, or not. A damaged record is told as {@link
     * StoredEntry.Damaged} and ends nothing. Emits on a thread of the store's choosing, which must not be blocked. Cancel, at any
     * moment, frees what the reading holds.
     *
     * <p>Fails with {@link StorageException} if the store as a whole cannot be read, and with {@link IllegalStateException} if it is
     * closed before all is read. This one, {@link #remove} and {@link #statistics} serve the tools for people; a store that does
     * without fails with {@link UnsupportedOperationException}.
     */
    default Flux<StoredEntry> entries() {
        return Flux.error(() -> unsupported("list its answers"));
    }

    /**
     * Removes an answer, or a damaged record of one; tells whether there was any. When it completes no later {@link #get} finds
     * it, also in the next process. Lazy; cancelling may or may not undo it.
     */
    default Mono<Boolean> remove(Fingerprint fingerprint, int sample) {
        return Mono.error(() -> unsupported("remove single answers"));
    }

    /** How much is stored and what it saved. Lazy. */
    default Mono<CacheStatistics> statistics() {
        return Mono.error(() -> unsupported("count its answers"));
    }

    /**
     * Gives back the space of answers that were removed or replaced, which a store may otherwise do when it likes. May take as
     * long as writing all answers anew; calls go on meanwhile. Changes nothing that can be read. Lazy.
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
