package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.CachePolicy;
import io.headrace.CachePolicy.Mode;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.Layer;
import io.headrace.Relay;
import io.headrace.Require;
import io.headrace.StorageException;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.SeveralAnswers;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallEvent.PaidBefore;
import io.headrace.observe.CallListener;
import io.headrace.observe.CarefulMeter;
import io.headrace.observe.DryRun;
import io.headrace.observe.Meter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Answers from a {@link ResponseCache} what was asked before, and stores new answers there. A hit is told as {@link CacheHit} and does not
 * touch the layers inside. A miss asks the next call and emits the answer once it is stored. Attempts are noted in the attempt log under the
 * {@link CallKey}; an answered one ends there when its answer is stored, so an answer that a crash loses before counts as an attempt of
 * unknown outcome. Adds no thread: it emits where the store and the call emit.
 *
 * <p>A stored answer that the codec cannot read or the validator turns down is a miss, and the new answer takes its place. When the store
 * fails:
 *
 * <ul>
 *   <li>A failed read is logged, once per layer, and is a miss: at worst one answer is bought again. If the store is closed, or fails with
 *       {@link StorageException}, the call fails with that before anything is paid.
 *   <li>A failed write is tried once more, and then the call fails with {@link StorageException}. Its answer is not emitted, for a run must
 *       not go on paying for what it cannot keep. No more is lost than by a crash at that moment: the calls in flight.
 * </ul>
 *
 * <p>An answer that the codec cannot write, or on which a predicate of the builder throws, is emitted but not stored, as if it were not
 * {@linkplain Builder#storable storable}; a warning tells of the first one. What the meter cannot tell about an answer is stored as unknown.
 *
 * <p>A request may have several answers. The layer reads and stores the one that {@link CallOptions#replicate} names, else number 0, as the
 * {@link CachePolicy} of the call says. Under a read-only policy or store, a miss fails with {@link ErrorKind#NOT_CACHED} before anything is
 * sent.
 *
 * <p>An answer from a batch is booked on the call that reads it first, as an attempt that took no time and cost what batches cost; policies
 * on age and refusals do not turn it down then. When the same item reads it again in a later pass, that is told as {@link PaidBefore}.
 *
 * <p>Identical calls at the same time each buy their own answer, unless a {@link SingleFlightLayer} stands outside.
 */
public final class CacheLayer<Q, R> implements Layer<Q, R> {

    private static final Logger LOG = LoggerFactory.getLogger(CacheLayer.class);

    private final ResponseCache cache;
    private final KeyFunction<? super Q> keys;
    private final AnswerStore<R> answers;
    private final Predicate<? super R> refusal;
    private final @Nullable BatchQueue batches;
    private final SeveralAnswers<Q, R> several;
    private final Validator<? super R> validator;
    private final @Nullable Duration maxAge;
    private final Clock clock;
    private final AtomicBoolean warned = new AtomicBoolean();
    private final AtomicBoolean toldOfUnkept = new AtomicBoolean();

    private CacheLayer(Builder<Q, R> builder) {
        this.cache = builder.cache;
        this.keys = builder.keys;
        this.answers = builder.answers();
        this.refusal = builder.refusal;
        this.batches = builder.batches;
        this.several = builder.several;
        this.maxAge = builder.maxAge;
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
        return new KeyedCall<>(Objects.requireNonNull(next, "next"), keys, several) {
            @Override
            Mono<R> apply(KeyedRequest<Q, R> request) {
                return Mono.deferContextual(
                        context -> answer(new Asked<>(request, CallOptions.from(context), next), context));
            }
        };
    }

    /** One subscription. */
    private record Asked<Q, R>(KeyedRequest<Q, R> request, CallOptions options, Call<Q, R> next) {

        Fingerprint fingerprint() {
            return request.fingerprint();
        }

        int sample() {
            return request.sample();
        }

        CachePolicy policy() {
            return options.cachePolicy();
        }
    }

    private Mono<R> answer(Asked<Q, R> asked, ContextView context) {
        CachePolicy.Mode mode = asked.policy().mode();
        if (mode == Mode.BYPASS) {
            return buy(asked, context, false);
        }
        Supplier<Mono<R>> missing = () -> missing(asked, context);
        return (mode == Mode.REFRESH && batches == null) || surelyLacks(asked)
                ? missing.get()
                : lookup(asked).mapNotNull(entry -> read(entry, asked, context)).switchIfEmpty(Mono.defer(missing));
    }

    private Mono<R> missing(Asked<Q, R> asked, ContextView context) {
        boolean readOnly = asked.policy().mode() == Mode.READ_ONLY;
        if (readOnly || cache.isReadOnly()) {
            return Mono.error(notCached(asked, readOnly));
        }
        return isBought(asked, context) ? Mono.error(Parked.inDryRun()) : buy(asked, context, true);
    }

    /** In a dry run, where the answer that another call would have bought is not there to be found. */
    private static boolean isBought(Asked<?, ?> asked, ContextView context) {
        DryRun dryRun = DryRun.from(context).orElse(null);
        return dryRun != null && dryRun.isBought(asked.options(), asked.fingerprint(), asked.sample());
    }

    private static ApiException notCached(Asked<?, ?> asked, boolean byPolicy) {
        return ApiException.builder(
                        ErrorKind.NOT_CACHED,
                        asked.request() + " is not stored, or too old, or turned down, and none may be bought: "
                                + (byPolicy
                                        ? "the cache policy is read-only, CachePolicy.use() buys it"
                                        : "the cache is open for reading only, open it for writing to buy it"))
                .delivery(Delivery.NOT_SENT)
                .build();
    }

    private boolean surelyLacks(Asked<Q, R> asked) {
        try {
            return cache.surelyLacks(asked.fingerprint(), asked.sample());
        } catch (RuntimeException e) {
            return false; // the lookup will tell
        }
    }

    private Mono<CacheEntry> lookup(Asked<Q, R> asked) {
        try {
            return answers.notNull(cache.get(asked.fingerprint(), asked.sample()), "get")
                    .onErrorResume(error -> !(error instanceof StorageException), this::missAfter);
        } catch (RuntimeException e) {
            return missAfter(e);
        }
    }

    private Mono<CacheEntry> missAfter(Throwable error) {
        if (error instanceof IllegalStateException) {
            return Mono.error(new StorageException(
                    "the cache is closed, so nothing was sent: " + ErrorText.message(error), error));
        }
        if (warned.compareAndSet(false, true)) {
            LOG.warn("the cache cannot be read, its answers are bought again; told once", error);
        }
        return Mono.empty();
    }

    /** The stored answer; null if it cannot be used. One from a batch that nobody has read is as good as new. */
    private @Nullable R read(CacheEntry entry, Asked<Q, R> asked, ContextView context) {
        BatchQueue.Claim claim = claim(entry, asked, context);
        boolean isNew = claim == BatchQueue.Claim.NEW;
        if (!isNew && (asked.policy().mode() == Mode.REFRESH || isTooOld(entry, asked.policy()))) {
            return null;
        }
        try {
            R answer = Objects.requireNonNull(
                    answers.codec().decode(entry.answer()), "the codec returned null, it must return an answer");
            if (!isNew && !asked.policy().refusals() && refusal.test(answer)) {
                return null;
            }
            Optional<String> problem = Judgement.of(validator, answer);
            if (problem.isPresent()) {
                LOG.debug("cached answer, {}, is turned down and bought again: {}", asked.request(), problem.get());
                return null;
            }
            if (claim == BatchQueue.Claim.OWN) {
                CallListener.from(context).tell(new PaidBefore(asked.options(), entry.usage(), entry.cost()));
            } else if (!isNew) {
                CallListener.from(context).tell(new CacheHit(asked.options(), entry.usage(), entry.cost()));
                cache.countHit(entry);
            }
            return answer;
        } catch (Judgement.BrokenValidator e) {
            throw e; // it would turn down what is bought in its place too
        } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
            LOG.warn("cached answer, {}, cannot be read and is bought again", asked.request(), ErrorText.forLog(e));
            return null;
        }
    }

    /** Whose account the answer is in; a dry run makes none. */
    private BatchQueue.Claim claim(CacheEntry entry, Asked<Q, R> asked, ContextView context) {
        return batches == null || context.hasKey(DryRun.class)
                ? BatchQueue.Claim.NONE
                : ClaimedAnswer.claim(batches, asked.fingerprint(), asked.sample(), entry, context);
    }

    private boolean isTooOld(CacheEntry entry, CachePolicy policy) {
        Duration age = policy.maxAge() == null ? maxAge : policy.maxAge();
        Instant since = policy.storedSince();
        return (age != null
                        && Duration.between(entry.storedAt(), clock.instant()).compareTo(age) > 0)
                || (since != null && entry.storedAt().isBefore(since));
    }

    private Mono<R> buy(Asked<Q, R> asked, ContextView outside, boolean store) {
        Mono<R> bought = asked.request().buy(asked.next());
        if (store) {
            bought = bought.flatMap(answer -> keep(answer, asked));
        }
        if (KeyedCall.sample(outside) != asked.sample()) {
            bought = bought.contextWrite(context -> KeyedCall.withSample(context, asked.sample()));
        }
        AttemptLog log = AttemptLog.from(outside).orElse(null);
        return log == null
                ? bought
                : Relay.around(bought, () -> new EndsWhenStored<>(log, asked.fingerprint(), asked.sample()));
    }

    private Mono<R> keep(R answer, Asked<Q, R> asked) {
        CacheEntry entry = entry(answer, asked);
        if (entry == null) {
            return Mono.just(answer);
        }
        Mono<Void> stored = answers.store(asked.fingerprint(), asked.sample(), entry);
        return stored == AnswerStore.STORED ? Mono.just(answer) : stored.thenReturn(answer);
    }

    /** Null for an answer that is not kept, or cannot be; the caller gets it all the same. */
    private @Nullable CacheEntry entry(R answer, Asked<Q, R> asked) {
        try {
            return answers.keeps(answer)
                    ? answers.entry(
                            answer,
                            asked.options().namespace().name(),
                            asked.request().key().fields())
                    : null;
        } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
            if (toldOfUnkept.compareAndSet(false, true)) {
                LOG.warn(
                        "an answer, {}, cannot be kept in the cache: it is used, and bought again the next time; told once: {}",
                        asked.request(),
                        ErrorText.of(e));
            }
            return null;
        }
    }

    /** Collects the parts of a {@link CacheLayer}. Not thread-safe. */
    public static final class Builder<Q, R> {

        private final ResponseCache cache;
        private final KeyFunction<? super Q> keys;
        private final Codec<R> codec;
        private Meter<? super Q, ? super R> meter = Meter.free();
        private Predicate<? super R> storable = answer -> true;
        private Predicate<? super R> truncated = answer -> false;
        private Predicate<? super R> refusal = answer -> false;
        private boolean storeRefusals = true;
        private SeveralAnswers<Q, R> several = SeveralAnswers.none();
        private Validator<? super R> validator = Validator.none();
        private @Nullable Duration maxAge;
        private Clock clock = Clock.systemUTC();
        private @Nullable BatchQueue batches;

        private Builder(ResponseCache cache, KeyFunction<? super Q> keys, Codec<R> codec) {
            this.cache = Objects.requireNonNull(cache, "cache");
            this.keys = Objects.requireNonNull(keys, "keys");
            this.codec = Objects.requireNonNull(codec, "codec");
        }

        /** What is kept of an answer's usage, cost and model; default {@link Meter#free()}. */
        public Builder<Q, R> meter(Meter<? super Q, ? super R> meter) {
            this.meter = CarefulMeter.of(meter);
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

        /** Which answers say that the model declined; default none. */
        public Builder<Q, R> refusal(Predicate<? super R> refusal) {
            this.refusal = Objects.requireNonNull(refusal, "refusal");
            return this;
        }

        /** Whether {@linkplain #refusal refusals} are kept, if they are storable at all; default true. */
        public Builder<Q, R> storeRefusals(boolean storeRefusals) {
            this.storeRefusals = storeRefusals;
            return this;
        }

        /** For requests that may ask for several answers at once: those pass, unless a {@link SampleLayer} takes them apart. */
        public Builder<Q, R> several(SeveralAnswers<Q, R> several) {
            this.several = Objects.requireNonNull(several, "several");
            return this;
        }

        /**
         * Older answers are bought again, unless the {@link CachePolicy} of the call states another age; default any age. It is applied when
         * answers are read, so a longer age later makes old ones good again.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder<Q, R> maxAge(Duration maxAge) {
            this.maxAge = Require.positive(maxAge, "maxAge");
            return this;
        }

        /** Judges every stored answer that is read; fresh ones are judged by a {@link ValidateLayer} inside. Default none. */
        public Builder<Q, R> validator(Validator<? super R> validator) {
            this.validator = Objects.requireNonNull(validator, "validator");
            return this;
        }

        /** The clock that dates answers and tells their age; default the system's. */
        public Builder<Q, R> clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** By which answers may come; what it brought is accounted for where it is read first. */
        Builder<Q, R> batches(BatchQueue batches) {
            this.batches = batches;
            return this;
        }

        /** How answers are kept: the same for those that come by a batch. */
        AnswerStore<R> answers() {
            return new AnswerStore<>(
                    cache,
                    codec,
                    answer -> storable.test(answer) && (storeRefusals || !refusal.test(answer)),
                    truncated,
                    meter,
                    clock);
        }

        public CacheLayer<Q, R> build() {
            return new CacheLayer<>(this);
        }
    }
}
