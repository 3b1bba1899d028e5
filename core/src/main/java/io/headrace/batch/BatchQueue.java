package io.headrace.batch;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import reactor.core.publisher.Mono;

/**
 * Calls that wait for batches, on disk: those of a run, or of all runs that share it. What is parked survives the process, goes into
 * batches that are submitted exactly once, and ends as a stored answer, as an error, or online. One process works on a directory at a time.
 */
public abstract class BatchQueue implements AutoCloseable {

    BatchQueue() {}

    /** Takes calls of that kind from now on; needed before their results can be collected. Once for each operation of a provider. */
    public abstract <Q, R> void serve(BatchLane<Q, R> lane);

    /**
     * How a call stands for which no answer is stored. One that is not known is written down first. Emits on a thread of the queue.
     *
     * @param lane one that the queue serves
     */
    public abstract <Q, R> Mono<Standing> park(BatchLane<Q, R> lane, ParkedCall<Q> call);

    /**
     * Whether that call is parked, has ended as an error, or shall be asked for online: {@link #park} then costs nothing more. Quick,
     * called from any thread.
     */
    public abstract boolean knows(Fingerprint fingerprint, int sample);

    /**
     * Whether that stored answer was bought by a batch of this queue and nobody has asked so before: whoever is told so accounts for it,
     * as for an attempt of its own. Quick, called from any thread.
     */
    public abstract boolean claim(Fingerprint fingerprint, int sample);

    /** What the queue may still cost beyond what was {@linkplain #claim claimed}: ceilings of what waits and is out, and what came back unclaimed. */
    public abstract Cost outstanding();

    /** Makes what ended as an error unknown again, so that it may be parked anew. */
    public abstract Mono<Void> retryFailed();

    /**
     * Collects batches that have ended, lets {@code pass} go over the dataset, submits what it parked, and emits what it came to: all
     * that can be done without waiting for a provider's work.
     */
    public abstract <T> Mono<T> round(Mono<T> pass);

    /** Rounds, each as soon as batches have ended, until a pass leaves nothing in the queue. Emits what the last pass came to. */
    public abstract <T> Mono<T> rounds(Mono<T> pass);

    @Override
    public abstract void close();
}
