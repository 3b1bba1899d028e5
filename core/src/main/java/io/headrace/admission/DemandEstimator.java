package io.headrace.admission;

import io.headrace.Usage;

/**
 * Says what a request will ask of a gate. Thread-safe, quick, and pure but for what it learns.
 *
 * @param <Q> the request
 */
@FunctionalInterface
public interface DemandEstimator<Q> {

    /** The demand of one attempt; a gate takes the ceiling on its cost from the meter. */
    Demand demand(Q request);

    /** Learns from what an answer to {@code request} used. */
    default void answered(Q request, Usage usage) {}

    /** Every request counts as one and nothing else. */
    static <Q> DemandEstimator<Q> requests() {
        return request -> Demand.REQUEST;
    }
}
