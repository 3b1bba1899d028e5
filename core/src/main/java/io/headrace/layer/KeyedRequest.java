package io.headrace.layer;

import io.headrace.Call;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey;
import io.headrace.layer.Purchase.Part;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A request for one of its samples: what the layers that know samples hand to one another, so that a key is made once.
 *
 * @param request asks for one answer
 * @param sample the number of that answer
 * @param part buys it together with others if it is missing; null to buy it alone
 */
record KeyedRequest<Q, R>(
        Q request, CallKey key, int sample, @Nullable Part<Q, R> part) {

    Fingerprint fingerprint() {
        return key.fingerprint();
    }

    /** It is missing: the answer of {@code seller}, who is asked for it alone or with the other parts of its purchase. */
    Mono<R> buy(Call<Q, R> seller) {
        return part == null ? seller.apply(request) : part.answer(seller, request);
    }

    /** As people know it; the request is a prompt. */
    @Override
    public String toString() {
        return "sample " + sample + " of " + key.fingerprint();
    }
}
