package io.headrace.batch;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey.FieldDigest;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * One kind of call that a {@link BatchQueue} takes: where its requests go, and where their answers are kept. Made by {@link
 * io.headrace.layer.CallStack#batches}. Thread-safe.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
public interface BatchLane<Q, R> {

    BatchApi<Q, R> api();

    /** What {@code answer} cost at the price of batches; unknown without a price. */
    Cost cost(R answer);

    /**
     * Keeps an answer in the cache, as the same call would if it went online, and completes when it is durable there.
     *
     * @param namespace that of the call which was parked
     * @param fields digests of what made the fingerprint
     * @return false for an answer that may not be kept; an error if the cache cannot keep it now
     */
    Mono<Boolean> keep(Fingerprint fingerprint, int sample, R answer, String namespace, List<FieldDigest> fields);
}
