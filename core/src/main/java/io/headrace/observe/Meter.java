package io.headrace.observe;

import io.headrace.Cost;
import io.headrace.Usage;

/**
 * Reads off requests and answers what they use and cost. Pure and thread-safe.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
public interface Meter<Q, R> {

    /** The most that one attempt of {@code request} may cost; unknown without a price or without a bound on the answer. */
    Cost ceiling(Q request);

    /** What {@code request} costs if it takes {@code usage}; unknown without a price, and unless told otherwise. */
    default Cost price(Q request, Usage usage) {
        return Cost.UNKNOWN;
    }

    /** What {@code answer} reports to have used. */
    Usage usage(R answer);

    /** What {@code answer} cost. */
    Cost cost(R answer);

    /** The model that really answered, empty where that means nothing. */
    String model(R answer);

    /** The provider's name for the exchange that gave {@code answer}, which its support asks for; empty if there is none. */
    default String requestId(R answer) {
        return "";
    }

    /** The same at the price of the provider's batch endpoint; by default its prices are unknown. */
    default Meter<Q, R> batch() {
        return new Unpriced<>(this);
    }

    /** For calls that use nothing countable: no tokens, no money. */
    static <Q, R> Meter<Q, R> free() {
        return new Meter<>() {
            @Override
            public Meter<Q, R> batch() {
                return this;
            }

            @Override
            public Cost ceiling(Q request) {
                return Cost.ZERO;
            }

            @Override
            public Cost price(Q request, Usage usage) {
                return Cost.ZERO;
            }

            @Override
            public Usage usage(R answer) {
                return Usage.ZERO;
            }

            @Override
            public Cost cost(R answer) {
                return Cost.ZERO;
            }

            @Override
            public String model(R answer) {
                return "";
            }
        };
    }
}
