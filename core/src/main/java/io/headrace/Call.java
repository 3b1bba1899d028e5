package io.headrace;

import reactor.core.publisher.Mono;

/**
 * One request that is answered once: a chat completion, an embedding, a local model, a test's script.
 *
 * <p>A call is safe for any number of threads, and keeps no state of a request between subscriptions.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
@FunctionalInterface
public interface Call<Q, R> {

    /**
     * The answer to {@code request}. Nothing happens before the subscription; each subscription asks anew. Emits exactly
     * one answer or an error, for a remote call an {@link ApiException}. Cancelling before the answer abandons the
     * request and frees what it held; the server may still have worked and billed.
     */
    Mono<R> apply(Q request);

    /** This call inside {@code layer}: {@code call.with(a).with(b)} passes b first, then a, then the call. */
    default Call<Q, R> with(Layer<Q, R> layer) {
        return layer.around(this);
    }
}
