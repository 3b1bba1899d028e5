package io.headrace;

/**
 * Turns a {@link Call} into a call that does one thing more: retries, caches, observes.
 *
 * <p>A layer is immutable and may go round any number of calls. What it keeps for a request is made per subscription.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
@FunctionalInterface
public interface Layer<Q, R> {

    /** The call that passes this layer and then {@code next}. */
    Call<Q, R> around(Call<Q, R> next);
}
