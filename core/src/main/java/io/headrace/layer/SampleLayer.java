package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Layer;
import io.headrace.Namespace;
import io.headrace.cache.CallKey;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.SeveralAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/**
 * Chooses which of the independent answers to a request a call reads: the next one that its {@link Namespace} has not had, the one that {@link
 * CallOptions#replicate} names, or number 0 outside any namespace. The layers inside find the number in the options.
 *
 * <p>A sample is reserved at the subscription, so that equal calls at the same time get different ones. It is given back when the call fails,
 * is cancelled or ends empty, and the next call takes it; an answer after a cancel is dropped. A second subscription reads the next sample;
 * retries inside keep theirs. A stated replicate reserves nothing.
 *
 * <p>A request for n answers reads n samples in a row. Missing ones are bought by one call if the call inside can give several answers at once,
 * else by one call each, all at the same time; their usage is added up. When one fails, the others go on, so that paid answers are stored, and
 * then the call fails. Such an answer is streamed only when it is whole.
 */
public final class SampleLayer<Q, R> implements Layer<Q, R> {

    private final KeyFunction<? super Q> keys;
    private final SeveralAnswers<Q, R> several;
    private final boolean atOnce;

    private SampleLayer(KeyFunction<? super Q> keys, SeveralAnswers<Q, R> several, boolean atOnce) {
        this.keys = Objects.requireNonNull(keys, "keys");
        this.several = Objects.requireNonNull(several, "several");
        this.atOnce = atOnce;
    }

    /**
     * @param keys which requests are the same
     */
    public static <Q, R> SampleLayer<Q, R> of(KeyFunction<? super Q> keys) {
        return new SampleLayer<>(keys, SeveralAnswers.none(), false);
    }

    /**
     * For requests that may ask for several answers.
     *
     * @param atOnce whether the call inside can answer several at once
     */
    public SampleLayer<Q, R> several(SeveralAnswers<Q, R> several, boolean atOnce) {
        return new SampleLayer<>(keys, several, atOnce);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        KeyedCall<Q, R> inside = KeyedCall.of(Objects.requireNonNull(next, "next"), keys);
        return request -> new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super R> actual) {
                try {
                    SampleLayer.this.subscribe(inside, request, actual);
                } catch (RuntimeException e) {
                    Operators.error(actual, Operators.onOperatorError(e, actual.currentContext()));
                }
            }
        };
    }

    private void subscribe(KeyedCall<Q, R> inside, Q request, CoreSubscriber<? super R> actual) {
        CallOptions options = CallOptions.from(actual.currentContext());
        Namespace namespace = options.namespace();
        int count = several.count(request);
        Q single = count == 1 ? request : several.withCount(request, 1);
        CallKey key = KeyedCall.key(keys, single);
        Integer replicate = options.replicate();
        if (replicate != null || namespace == Namespace.NONE) {
            int sample = replicate == null ? 0 : replicate;
            answer(inside, single, key, sample, count).subscribe(actual);
            return;
        }
        int sample = namespace.take(key.fingerprint(), count);
        Reservation<R> reservation = new Reservation<>(actual, namespace, key.fingerprint(), sample, count);
        Mono<R> answer;
        try {
            answer = answer(inside, single, key, sample, count);
        } catch (RuntimeException e) {
            answer = Mono.error(e);
        }
        answer.subscribe(reservation);
    }

    private Mono<R> answer(KeyedCall<Q, R> inside, Q single, CallKey key, int sample, int count) {
        if (count == 1) {
            return inside.apply(new KeyedRequest<>(single, key, sample, null));
        }
        Purchase<Q, R> purchase = atOnce ? new Purchase<>(several, count) : null;
        List<Mono<R>> samples = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            samples.add(
                    purchase == null
                            ? inside.apply(new KeyedRequest<>(single, key, sample + i, null))
                            : purchase.sample(
                                    i,
                                    part -> inside.apply(
                                            new KeyedRequest<>(single, key, sample + part.index(), part))));
        }
        return GatheredHits.of(SplitLayer.joined(several, samples), count);
    }
}
