package io.headrace.layer;

import io.headrace.Codec;
import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.cache.ResponseCache;
import io.headrace.observe.Meter;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Makes entries of answers and puts them into a cache: of those that a call brought, and of those that a batch did.
 *
 * @param kept which answers are kept
 * @param truncated which are flagged as cut
 * @param meter reads off an answer what it took, at the price of whoever brought it
 */
record AnswerStore<R>(
        ResponseCache cache,
        Codec<R> codec,
        Predicate<? super R> kept,
        Predicate<? super R> truncated,
        Meter<?, ? super R> meter,
        Clock clock) {

    /** What {@link #store} gives where it has nothing to wait for. */
    static final Mono<Void> STORED = Mono.empty();

    AnswerStore<R> with(Meter<?, ? super R> meter) {
        return new AnswerStore<>(cache, codec, kept, truncated, meter, clock);
    }

    boolean keeps(R answer) {
        return kept.test(answer);
    }

    /**
     * Completes when {@code entry} is stored, {@link #STORED} if it is already; a write that fails is tried once more, and then it is a
     * {@link StorageException}.
     */
    Mono<Void> store(Fingerprint fingerprint, int sample, CacheEntry entry) {
        if (putAtOnce(fingerprint, sample, entry)) {
            return STORED;
        }
        return put(fingerprint, sample, entry)
                .onErrorResume(first -> put(fingerprint, sample, entry).onErrorMap(AnswerStore::notStored));
    }

    /**
     * What is kept of {@code answer}; throws what the codec throws.
     *
     * @param namespace that of the call it was asked for by
     * @param fields digests of what made the fingerprint
     */
    CacheEntry entry(R answer, String namespace, List<FieldDigest> fields) {
        return new CacheEntry(
                Objects.requireNonNull(codec.encode(answer), "the codec returned null, it must return bytes"),
                truncated.test(answer),
                meter.usage(answer),
                meter.cost(answer),
                meter.model(answer),
                namespace,
                clock.instant(),
                fields);
    }

    private boolean putAtOnce(Fingerprint fingerprint, int sample, CacheEntry entry) {
        try {
            return cache.putAtOnce(fingerprint, sample, entry);
        } catch (RuntimeException e) {
            return false; // put will tell
        }
    }

    private Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        try {
            return notNull(cache.put(fingerprint, sample, entry), "put");
        } catch (RuntimeException e) {
            return Mono.error(e);
        }
    }

    <T> Mono<T> notNull(@Nullable Mono<T> answer, String method) {
        return Objects.requireNonNull(
                answer, () -> cache.getClass().getName() + "." + method + " returned null, it must return a Mono");
    }

    private static StorageException notStored(Throwable error) {
        return new StorageException(
                "an answer was paid for and cannot be stored, so it is not used: " + ErrorText.message(error), error);
    }
}
