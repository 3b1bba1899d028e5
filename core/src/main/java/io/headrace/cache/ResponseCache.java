package io.headrace.cache;

import io.headrace.Fingerprint;
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
     * Fails with {@link io.headrace.StorageException} if the store as a whole cannot be used, now and later.
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
     * as the store promises that at all, and every later {@link #get} sees it. Lazy; cancelling may or may not undo it.
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
     * Counts an answer that was given to a caller, for {@code statistics} that outlive the process. Costs next to nothing, never waits
     * and throws nothing; what the last second counted may be lost with the process.
     */
    default void countHit(CacheEntry entry) {}

    /** Whether nothing can be stored here, so that a call whose answer is not here must fail before it is paid for. */
    default boolean isReadOnly() {
        return false;
    }

    /** Removes every answer. */
    Mono<Void> clear();

    /** Writes what is pending and frees threads and files. Later calls fail with {@link IllegalStateException}. */
    @Override
    void close();
}
