package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Fingerprint;
import io.headrace.Layer;
import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallListener;
import io.headrace.observe.Meter;
import java.time.Clock;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Answers from a {@link ResponseCache} what was asked before, and stores what was not. A hit is told as {@link CacheHit}
 * and goes no further: the layers inside are not even put together. A miss asks the next call and emits
 * the answer once it is stored. Attempts are noted in the attempt log under the {@link CallKey}, and an answered one ends there
 * when its answer is stored: what a crash loses in between counts as an attempt of unknown outcome. Adds no thread: it goes on where the store and the
 * call emit.
 *
 * <p>A stored answer that its codec cannot read or its validator turns down is a miss; what is bought then takes its
 * place. When the store fails:
 *
 * <ul>
 *   <li>a read that fails is logged, once per layer, and is a miss: at worst one answer is bought again. If it fails with
 *       {@link StorageException}, no answer can be read or kept: the call fails with it before anything is paid;
 *   <li>a write that fails is tried once more, and then the call fails with {@link StorageException}. The answer in hand is
 *       not emitted: a run must not go on paying for what it cannot keep. What is lost is at most what a crash at that moment
 *       would lose, the calls in flight.
 * </ul>
 *
 * <p>What the codec or the meter throws about an answer is the error of that call, and no failure of the store.
 *
 * <p>Identical calls at the same time each buy their answer.
 */
public final class CacheLayer<Q, R> implements Layer<Q, R> {

    private static final Logger LOG = LoggerFactory.getLogger(CacheLayer.class);
    private static final int SAMPLE = 0;

    private final ResponseCache cache;
    private final KeyFunction<? super Q> keys;
    private final Codec<R> codec;
    private final Meter<? super Q, ? super R> meter;
    private final Predicate<? super R> storable;
    private final Predicate<? super R> truncated;
    private final Validator<? super R> validator;
    private final Clock clock;
    private final AtomicBoolean warned = new AtomicBoolean();

    private CacheLayer(Builder<Q, R> builder) {
        this.cache = builder.cache;
        this.keys = builder.keys;
        this.codec = builder.codec;
        this.meter = builder.meter;
        this.storable = builder.storable;
        this.truncated = builder.truncated;
        this.validator = builder.validator;
        this.clock = builder.clock;
    }

    /**
     * @param cache stays open: whoever opened it closes it
     * @param keys which requests are the same
     * @param codec how answers are kept
     */
    public static <Q, R> Builder<Q, R> builder(ResponseCache cache, KeyFunction<? super Q> keys, Codec<R> codec) {
        return new Builder<>(cache, keys, codec);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.deferContextual(context -> {
            CallKey key = Objects.requireNonNull(
                    keys.key(request), "the key function returned null, it must return a key for every request");
            if (surelyLacks(key.fingerprint())) {
                return buy(next, request, key, context);
            }
            return lookup(key.fingerprint())
                    .mapNotNull(entry -> read(entry, key.fingerprint(), context))
                    .switchIfEmpty(Mono.defer(() -> buy(next, request, key, context)));
        });
    }

    private boolean surelyLacks(Fingerprint fingerprint) {
        try {
            return cache.surelyLacks(fingerprint, SAMPLE);
        } catch (RuntimeException e) {
            return false; // the lookup will tell
        }
    }

    private Mono<CacheEntry> lookup(Fingerprint fingerprint) {
        try {
            return notNull(cache.get(fingerprint, SAMPLE), "get")
                    .onErrorResume(error -> !(error instanceof StorageException), this::missAfter);
        } catch (RuntimeException e) {
            return missAfter(e);
        }
    }

    private Mono<CacheEntry> missAfter(Throwable error) {
        if (warned.compareAndSet(false, true)) {
            LOG.warn("the cache cannot be read, its answers are bought again; told once", error);
        }
        return Mono.empty();
    }

    /** The stored answer, or null where it is of no use. */
    private @Nullable R read(CacheEntry entry, Fingerprint fingerprint, ContextView context) {
        try {
            R answer = Objects.requireNonNull(
                    codec.decode(entry.answer()), "the codec returned null, it must return an answer");
            Optional<String> problem = Judgement.of(validator, answer);
            if (problem.isPresent()) {
                LOG.debug("cached answer {} is turned down and bought again: {}", fingerprint, problem.get());
                return null;
            }
            CallListener.from(context).tell(new CacheHit(CallOptions.from(context), entry.usage(), entry.cost()));
            return answer;
        } catch (Judgement.BrokenValidator e) {
            throw e; // it would turn down what is bought in its place too
        } catch (RuntimeException | StackOverflowError | LinkageError e) {
            LOG.warn("cached answer {} cannot be read and is bought again", fingerprint, e);
            return null;
        }
    }

    private Mono<R> buy(Call<Q, R> next, Q request, CallKey key, ContextView outside) {
        Mono<R> bought = next.apply(request).flatMap(answer -> keep(answer, key));
        AttemptLog log = AttemptLog.from(outside).orElse(null);
        return log == null ? bought : bought.tap(() -> new EndsWhenStored<>(log, key.fingerprint()));
    }

    private Mono<R> keep(R answer, CallKey key) {
        try {
            return storable.test(answer) ? store(answer, key) : Mono.just(answer);
        } catch (StackOverflowError | LinkageError e) { // Reactor would rethrow these and signal nothing
            return Mono.error(new IllegalStateException("the answer cannot be encoded for the cache: " + e, e));
        }
    }

    private Mono<R> store(R answer, CallKey key) {
        CacheEntry entry = entry(answer, key);
        if (putAtOnce(key, entry)) {
            return Mono.just(answer);
        }
        return put(key, entry)
                .onErrorResume(first -> put(key, entry).onErrorMap(CacheLayer::notStored))
                .thenReturn(answer);
    }

    private boolean putAtOnce(CallKey key, CacheEntry entry) {
        try {
            return cache.putAtOnce(key.fingerprint(), SAMPLE, entry);
        } catch (RuntimeException e) {
            return false; // put will tell
        }
    }

    private Mono<Void> put(CallKey key, CacheEntry entry) {
        try {
            return notNull(cache.put(key.fingerprint(), SAMPLE, entry), "put");
        } catch (RuntimeException e) {
            return Mono.error(e);
        }
    }

    private <T> Mono<T> notNull(@Nullable Mono<T> answer, String method) {
        return Objects.requireNonNull(
                answer, () -> cache.getClass().getName() + "." + method + " returned null, it must return a Mono");
    }

    private static StorageException notStored(Throwable error) {
        return new StorageException(
                "an answer was paid for and cannot be stored, so it is not used: " + error.getMessage(), error);
    }

    private CacheEntry entry(R answer, CallKey key) {
        return new CacheEntry(
                Objects.requireNonNull(codec.encode(answer), "the codec returned null, it must return bytes"),
                truncated.test(answer),
                meter.usage(answer),
                meter.cost(answer),
                meter.model(answer),
                "",
                clock.instant(),
                key.fields());
    }

    /** Collects the parts of a {@link CacheLayer}. Not thread-safe. */
    public static final class Builder<Q, R> {

        private final ResponseCache cache;
        private final KeyFunction<? super Q> keys;
        private final Codec<R> codec;
        private Meter<? super Q, ? super R> meter = Meter.free();
        private Predicate<? super R> storable = answer -> true;
        private Predicate<? super R> truncated = answer -> false;
        private Validator<? super R> validator = Validator.none();
        private Clock clock = Clock.systemUTC();

        private Builder(ResponseCache cache, KeyFunction<? super Q> keys, Codec<R> codec) {
            this.cache = Objects.requireNonNull(cache, "cache");
            this.keys = Objects.requireNonNull(keys, "keys");
            this.codec = Objects.requireNonNull(codec, "codec");
        }

        /** What is kept of an answer's usage, cost and model; default {@link Meter#free()}. */
        public Builder<Q, R> meter(Meter<? super Q, ? super R> meter) {
            this.meter = Objects.requireNonNull(meter, "meter");
            return this;
        }

        /** Which answers are kept; default all. The others are emitted and bought again next time. */
        public Builder<Q, R> storable(Predicate<? super R> storable) {
            this.storable = Objects.requireNonNull(storable, "storable");
            return this;
        }

        /** Which answers are flagged as cut at the length limit; default none. */
        public Builder<Q, R> truncated(Predicate<? super R> truncated) {
            this.truncated = Objects.requireNonNull(truncated, "truncated");
            return this;
        }

        /** Runs on every stored answer that is read; a fresh one is judged by a {@link ValidateLayer} inside. Default none. */
        public Builder<Q, R> validator(Validator<? super R> validator) {
            this.validator = Objects.requireNonNull(validator, "validator");
            return this;
        }

        /** Whose time is kept with an answer; default UTC. */
        public Builder<Q, R> clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        public CacheLayer<Q, R> build() {
            return new CacheLayer<>(this);
        }
    }
}
