package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.cache.CallKey;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.SeveralAnswers;
import java.util.Objects;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * A call that takes {@link KeyedRequest}s. The layers that need key and sample stand directly round one another and hand them on by
 * this, so that nothing is added to the Reactor {@code Context}. Asked as a plain call it makes the key itself, and reads the number in
 * the {@link CallOptions}.
 */
abstract class KeyedCall<Q, R> implements Call<Q, R> {

    private final Call<Q, R> next;
    private final KeyFunction<? super Q> keys;
    private final SeveralAnswers<Q, R> several;

    /**
     * @param next the call inside, for requests that ask for several answers at once: those have no sample
     */
    KeyedCall(Call<Q, R> next, KeyFunction<? super Q> keys, SeveralAnswers<Q, R> several) {
        this.next = Objects.requireNonNull(next, "next");
        this.keys = Objects.requireNonNull(keys, "keys");
        this.several = Objects.requireNonNull(several, "several");
    }

    abstract Mono<R> apply(KeyedRequest<Q, R> asked);

    @Override
    public final Mono<R> apply(Q request) {
        return Mono.deferContextual(context -> several.count(request) > 1
                ? next.apply(request)
                : apply(new KeyedRequest<>(request, key(keys, request), sample(context), null)));
    }

    /** {@code next} itself if it knows samples, else as one that finds the number in its options. */
    static <Q, R> KeyedCall<Q, R> of(Call<Q, R> next, KeyFunction<? super Q> keys) {
        if (next instanceof KeyedCall<Q, R> keyed) {
            return keyed;
        }
        return new KeyedCall<>(next, keys, SeveralAnswers.none()) {
            @Override
            Mono<R> apply(KeyedRequest<Q, R> asked) {
                return asked.buy(next).contextWrite(context -> withSample(context, asked.sample()));
            }
        };
    }

    static <Q> CallKey key(KeyFunction<? super Q> keys, Q request) {
        return Objects.requireNonNull(
                keys.key(request), "the key function returned null, it must return a key for every request");
    }

    /** The number in the options of {@code context}, 0 where there is none. */
    static int sample(ContextView context) {
        Integer replicate = CallOptions.from(context).replicate();
        return replicate == null ? 0 : replicate;
    }

    /** {@code context} with the number of the sample in its options. */
    static Context withSample(Context context, int sample) {
        return sample(context) == sample
                ? context
                : CallOptions.from(context).withReplicate(sample).into(context);
    }
}
