package io.headrace.layer;

import io.headrace.Cost;
import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchLane;
import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.observe.Meter;
import java.util.List;
import java.util.function.BiPredicate;
import reactor.core.publisher.Mono;

/**
 * Keeps the answers of batches where the {@link CacheLayer} of the same calls looks for them, as that would keep them: a bad answer
 * is not kept.
 *
 * @param meter at the price of batches
 * @param answers kept at that price
 * @param isAsAsked whether an answer is to a request whose key has these fields
 */
record StoredLane<Q, R>(
        BatchApi<Q, R> api,
        Meter<? super Q, ? super R> meter,
        AnswerStore<R> answers,
        Validator<? super R> validator,
        BiPredicate<List<FieldDigest>, ? super R> isAsAsked)
        implements BatchLane<Q, R> {

    @Override
    public Cost cost(R answer) {
        return meter.cost(answer);
    }

    @Override
    public Mono<Boolean> keep(
            Fingerprint fingerprint, int sample, R answer, String namespace, List<FieldDigest> fields) {
        return Mono.defer(() -> {
            try {
                return answers.keeps(answer)
                                && isAsAsked.test(fields, answer)
                                && Judgement.of(validator, answer).isEmpty()
                        ? answers.store(fingerprint, sample, answers.entry(answer, namespace, fields))
                                .thenReturn(true)
                        : Mono.just(false);
            } catch (StackOverflowError | LinkageError e) { // Reactor would rethrow these and signal nothing
                return Mono.error(new IllegalStateException(
                        "the answer of a batch cannot be encoded for the cache: " + ErrorText.of(e), e));
            }
        });
    }
}
