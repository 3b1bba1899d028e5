package io.headrace.layer;

import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Layer;
import io.headrace.Require;
import io.headrace.admission.Budget;
import io.headrace.admission.ChatDemand;
import io.headrace.admission.DemandEstimator;
import io.headrace.admission.EmbeddingDemand;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.cache.ChatAnswers;
import io.headrace.cache.ChatKeys;
import io.headrace.cache.EmbeddingKeys;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.SeveralAnswers;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatCodec;
import io.headrace.model.ChatMeter;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.EmbeddingCall;
import io.headrace.model.EmbeddingCodec;
import io.headrace.model.EmbeddingMeter;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.model.PriceTable;
import io.headrace.model.TokenEstimator;
import io.headrace.observe.CallListener;
import io.headrace.observe.Meter;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Puts layers round a call in the recommended order, from the outermost to the innermost:
 *
 * <pre>
 *   observe               one end per call, for listeners
 *     fallback            another call after the first has failed for good
 *       sample            which of the independent answers is due here; with a cache
 *         single flight   the same sample, asked for at the same time, is one call; with a cache
 *           cache         a hit ends here: no retry, no permit, no price
 *             park        what is missing is left to a batch, at half the price; in batch mode only
 *             retry       the only layer that tries again
 *               stream    no retry once a subscriber has a part of it; chat only
 *                 validate    a bad answer is an error that retry sees
 *                 hedge       another attempt for a slow one
 *                 admission   every attempt waits for its own grant
 *                   attempt   noted once it may go, just before bytes leave
 *                     timeout starts with the attempt, not with the wait
 *                       call
 * </pre>
 *
 * <p>Observation, retries and the attempt timeout are on by default; the other layers are added by their setters. Not thread-safe; the call
 * that it builds is.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
public final class CallStack<Q, R> {

    /** Long, for long answers are slow, and an attempt that was cut off may have been billed. */
    public static final Duration DEFAULT_ATTEMPT_TIMEOUT = Duration.ofMinutes(5);

    private final Call<Q, R> call;
    private Meter<? super Q, ? super R> meter = Meter.free();
    private @Nullable KeyFunction<? super Q> keys;
    private @Nullable Codec<R> codec;
    private BiPredicate<List<FieldDigest>, ? super R> isAsAsked = (fields, answer) -> true;
    private Predicate<? super R> storable = answer -> true;
    private Predicate<? super R> truncated = answer -> false;
    private Predicate<? super R> refusal = answer -> false;
    private boolean storeRefusals = true;
    private SeveralAnswers<Q, R> several = SeveralAnswers.none();
    private boolean severalAtOnce;
    private @Nullable ResponseCache cache;
    private @Nullable String identity;
    private @Nullable Batches<Q, R> batches;
    private @Nullable Duration maxAge;
    private Clock clock = Clock.systemUTC();
    private @Nullable RetrySpec retry = RetrySpec.standard();
    private @Nullable Duration attemptTimeout = DEFAULT_ATTEMPT_TIMEOUT;
    private Supplier<Scheduler> scheduler = Schedulers::parallel;
    private @Nullable Validator<? super R> validator;
    private @Nullable Gate gate;
    private @Nullable HedgeSpec hedge;
    private Function<? super Q, String> about = request -> "";
    private DemandEstimator<? super Q> demand = DemandEstimator.requests();
    private final List<FallbackLayer<Q, R>> fallbacks = new ArrayList<>();
    private boolean streams;
    private boolean attempts = true;
    private CallListener listener = CallListener.noop();

    /** Batch mode: where calls wait, and who answers them there. */
    private record Batches<Q, R>(BatchQueue queue, BatchApi<Q, R> api) {

        Batches {
            Objects.requireNonNull(queue, "queue");
            Objects.requireNonNull(api, "batches");
        }
    }

    private CallStack(Call<Q, R> call) {
        Objects.requireNonNull(call, "call");
        this.call = request -> Objects.requireNonNull(
                call.apply(request),
                () -> call.getClass().getName() + ".apply returned null, a call must return a Mono");
    }

    /** A stack round {@code call}, which must not retry by itself. */
    public static <Q, R> CallStack<Q, R> of(Call<Q, R> call) {
        return new CallStack<>(call);
    }

    /**
     * A stack round a chat model, with key, codec, meter (at the prices that ship with the library) and storable answers set. Answers are
     * kept once there is a {@link #cache}.
     */
    public static CallStack<ChatRequest, ChatResponse> chat(ChatCall call) {
        CallStack<ChatRequest, ChatResponse> stack = of(call);
        stack.streams = true;
        stack.identity = call.identity();
        return stack.about(request -> call.provider() + " " + request.model())
                .key(ChatKeys.of(call.identity()))
                .codec(ChatCodec.instance())
                .meter(ChatMeter.of(PriceTable.shipped()))
                .demand(ChatDemand.of(TokenEstimator.create()))
                .storable(ChatAnswers::storable)
                .truncated(ChatAnswers::truncated)
                .refusal(ChatAnswers::refused)
                .several(ChatAnswers.several(), call.answersSeveral());
    }

    /** The same round an embedding model. One call with all its inputs has one key and one stored answer. */
    public static CallStack<EmbeddingRequest, EmbeddingResponse> embeddings(EmbeddingCall call) {
        return forEmbeddings(of(call), call.identity()).about(request -> call.provider() + " " + request.model());
    }

    /**
     * A stack for single calls to {@code batcher}: the layers that stand outside a {@link MicroBatcher}. The gate, hedging, the attempt
     * timeout and retries belong to the stack of the batches. Only {@link #retry} may be given here instead, for elements that fail in
     * batches that succeed; turn it off there then.
     */
    public static <Q, R> CallStack<Q, R> batched(MicroBatcher<Q, R> batcher) {
        CallStack<Q, R> stack = of(batcher);
        stack.attempts = false;
        stack.retry = null;
        return stack;
    }

    /**
     * The same for {@link MicroBatcher#embeddings}, with key, codec and meter set as by {@link #embeddings}: each request has its own
     * key and stored answer, whatever batch it went with.
     *
     * @param identity whose answers these are, see {@link EmbeddingCall#identity}
     */
    public static CallStack<EmbeddingRequest, EmbeddingResponse> batchedEmbeddings(
            MicroBatcher<EmbeddingRequest, EmbeddingResponse> batcher, String identity) {
        return forEmbeddings(batched(batcher), identity);
    }

    private static CallStack<EmbeddingRequest, EmbeddingResponse> forEmbeddings(
            CallStack<EmbeddingRequest, EmbeddingResponse> stack, String identity) {
        stack.identity = identity;
        stack.key(EmbeddingKeys.of(identity));
        stack.isAsAsked = EmbeddingLength::isAsAsked;
        return stack.codec(EmbeddingCodec.instance())
                .meter(EmbeddingMeter.of(PriceTable.shipped()))
                .demand(EmbeddingDemand.of(TokenEstimator.create()));
    }

    /** Reads usage and cost off requests and answers; default {@link Meter#free()}. */
    public CallStack<Q, R> meter(Meter<? super Q, ? super R> meter) {
        this.meter = Objects.requireNonNull(meter, "meter");
        return this;
    }

    /**
     * How errors of the layers, such as a timeout, name the request: provider and model, never a prompt. Default: not at all; {@link #chat}
     * and {@link #embeddings} set it.
     */
    public CallStack<Q, R> about(Function<? super Q, String> about) {
        this.about = Objects.requireNonNull(about, "about");
        return this;
    }

    /** Says which requests are the same; the cache needs it. */
    public CallStack<Q, R> key(KeyFunction<? super Q> keys) {
        this.keys = Objects.requireNonNull(keys, "keys");
        this.isAsAsked = (fields, answer) -> true; // it went by the fields of the key that was there
        return this;
    }

    /** Writes and reads stored answers; the cache needs it. */
    public CallStack<Q, R> codec(Codec<R> codec) {
        this.codec = Objects.requireNonNull(codec, "codec");
        return this;
    }

    /** Which answers are stored; default all. */
    public CallStack<Q, R> storable(Predicate<? super R> storable) {
        this.storable = Objects.requireNonNull(storable, "storable");
        return this;
    }

    /**
     * Which answers are cut off at their length limit. They are stored with a flag, and are not asked for again if the validator turns them
     * down. Default none.
     */
    public CallStack<Q, R> truncated(Predicate<? super R> truncated) {
        this.truncated = Objects.requireNonNull(truncated, "truncated");
        return this;
    }

    /** Which answers say that the model declined; default none. */
    public CallStack<Q, R> refusal(Predicate<? super R> refusal) {
        this.refusal = Objects.requireNonNull(refusal, "refusal");
        return this;
    }

    /**
     * Whether {@linkplain #refusal refusals} are kept; default true, for they were paid. Calls with {@link CachePolicy#withRefusals
     * withRefusals(false)} do not get them in any case.
     */
    public CallStack<Q, R> storeRefusals(boolean storeRefusals) {
        this.storeRefusals = storeRefusals;
        return this;
    }

    /**
     * Splits requests for several answers into samples; default: no request asks for several.
     *
     * @param atOnce whether the call can give several answers to one request; if not, each is asked for by itself
     */
    public CallStack<Q, R> several(SeveralAnswers<Q, R> several, boolean atOnce) {
        this.several = Objects.requireNonNull(several, "several");
        this.severalAtOnce = atOnce;
        return this;
    }

    /**
     * Where answers are kept; default nowhere. It stays open. With a cache, a call reads the next sample of its {@link
     * io.headrace.Namespace}, and a sample is bought once however many calls ask for it at a time, over all stacks with this cache.
     */
    public CallStack<Q, R> cache(ResponseCache cache) {
        this.cache = Objects.requireNonNull(cache, "cache");
        return this;
    }

    /**
     * Batch mode: requests that the cache cannot answer go to the provider's batch endpoint, at half the price and within about a day. Keys,
     * samples and stored answers are the same as online, so each way reads the other's answers for free. A call that waits for a batch gives
     * no answer: its item ends as {@link ErrorKind#PARKED}, and the next run finds the answer in the cache. Outside any item the call ends
     * with an {@link io.headrace.ApiException} of that kind; asking again later is free.
     *
     * <p>The queue decides what happens to calls that batches do not answer; it may have them asked for online, through the layers inside. An
     * answer that the {@link #validator} turns down is not stored, and a later batch asks for it again. A call that bypasses the cache fails,
     * since a later answer could not reach it. A request for n answers goes as n requests for one, each of which pays for the prompt.
     *
     * @param queue where calls wait; stays open. Stacks that share it must share the cache
     * @param batches the batch endpoint of the same provider, model and kind as the call
     */
    public CallStack<Q, R> batches(BatchQueue queue, BatchApi<Q, R> batches) {
        this.batches = new Batches<>(queue, batches);
        return this;
    }

    /**
     * Stored answers that are older are bought again, unless the policy of a call states another age; default any age.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public CallStack<Q, R> maxAge(Duration maxAge) {
        this.maxAge = Require.positive(maxAge, "maxAge");
        return this;
    }

    /** Whose time is kept with stored answers, and tells their age; default UTC. */
    public CallStack<Q, R> clock(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
        return this;
    }

    /** Which failures are tried again; default {@link RetrySpec#standard()}. */
    public CallStack<Q, R> retry(RetrySpec retry) {
        this.retry = Objects.requireNonNull(retry, "retry");
        return this;
    }

    /** Turns retries off. */
    public CallStack<Q, R> noRetry() {
        this.retry = null;
        return this;
    }

    /** The most that one attempt may take, positive and at most 10,000 days; default {@link #DEFAULT_ATTEMPT_TIMEOUT}. */
    public CallStack<Q, R> attemptTimeout(Duration attemptTimeout) {
        this.attemptTimeout = Objects.requireNonNull(attemptTimeout, "attemptTimeout");
        return this;
    }

    /** Sets no limit: the call itself must see to it that attempts end. */
    public CallStack<Q, R> noAttemptTimeout() {
        this.attemptTimeout = null;
        return this;
    }

    /**
     * The clock of timeouts and listeners, taken at each subscription; default {@code Schedulers::parallel}. Retries have {@linkplain
     * RetrySpec#scheduler(Supplier) their own}.
     */
    public CallStack<Q, R> scheduler(Supplier<Scheduler> scheduler) {
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
        return this;
    }

    /** Judges answers, fresh and stored; default none. */
    public CallStack<Q, R> validator(Validator<? super R> validator) {
        this.validator = Objects.requireNonNull(validator, "validator");
        return this;
    }

    /** Lets attempts through {@code gate}, which other stacks may share; default none: every attempt goes at once. */
    public CallStack<Q, R> gate(Gate gate) {
        this.gate = Objects.requireNonNull(gate, "gate");
        return this;
    }

    /** At most {@code max} attempts at a time over all calls of this stack: a gate of its own. */
    public CallStack<Q, R> concurrency(int max) {
        return gate(Gate.builder("concurrency")
                .concurrency(max)
                .scheduler(() -> scheduler.get())
                .build());
    }

    /** Asks again when an attempt is slow; default never, since it may cost. */
    public CallStack<Q, R> hedge(HedgeSpec hedge) {
        this.hedge = Objects.requireNonNull(hedge, "hedge");
        return this;
    }

    /** What requests ask of the gate; default one request each, and their tokens for {@link #chat} and {@link #embeddings}. */
    public CallStack<Q, R> demand(DemandEstimator<? super Q> demand) {
        this.demand = Objects.requireNonNull(demand, "demand");
        return this;
    }

    /**
     * Asks {@code other}, a stack of its own, after a failure of one of these kinds. Several fallbacks are tried in the order in which they
     * are added, each after a failure of its kinds by any call before it. Listeners and reports see one call; an answer names the model that
     * gave it.
     */
    public CallStack<Q, R> fallback(Set<ErrorKind> kinds, Call<Q, R> other) {
        return fallback(FallbackLayer.on(kinds, other));
    }

    public CallStack<Q, R> fallback(FallbackLayer<Q, R> fallback) {
        this.fallbacks.add(Objects.requireNonNull(fallback, "fallback"));
        return this;
    }

    /** Tells {@code listener} too, after those already given and before the one in the {@code Context}. */
    public CallStack<Q, R> listener(CallListener listener) {
        this.listener = this.listener.and(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /**
     * The call inside its layers.
     *
     * @throws IllegalStateException for a cache without {@link #key} or {@link #codec}, for {@link #batches} without a cache or of another
     *     provider, and for a gate or hedging in a stack of {@link #batched single calls}
     * @throws IllegalArgumentException for an attempt timeout that is not positive
     */
    public Call<Q, R> build() {
        if (!attempts && (gate != null || hedge != null)) {
            throw new IllegalStateException("single calls of a batcher make no attempts: give "
                    + (gate != null ? "the gate" : "hedging") + " to the stack of its batches");
        }
        Call<Q, R> stack = attempts ? attempt() : call;
        if (validator != null) {
            stack = stack.with(ValidateLayer.<Q, R>of(validator, meter)
                    .several(several)
                    .truncated(truncated)
                    .about(about));
        }
        if (streams) {
            stack = stack.with(StreamLayer.create());
        }
        if (retry != null) {
            stack = stack.with(RetryLayer.of(retry));
        }
        if (batches != null) {
            checkBatches(batches.api());
        }
        stack = cache == null ? dry(stack).with(new SplitLayer<>(several, severalAtOnce)) : cached(stack, cache);
        for (FallbackLayer<Q, R> fallback : fallbacks) {
            stack = stack.with(fallback);
        }
        return stack.with(ObserveLayer.of(listener, scheduler));
    }

    /** The call with what happens to each attempt. */
    private Call<Q, R> attempt() {
        Call<Q, R> stack = call;
        if (attemptTimeout != null) {
            stack = stack.with(TimeoutLayer.<Q, R>of(attemptTimeout, scheduler).about(about));
        }
        stack = stack.with(AttemptLayer.of(meter, scheduler));
        stack = stack.with(gate != null ? gate.layer(demand, meter) : withinBudget());
        return hedge == null ? stack : stack.with(HedgeLayer.of(hedge, scheduler));
    }

    /** Without a gate attempts go at once; only where there is a budget, they pass a gate that holds them to it. */
    private Layer<Q, R> withinBudget() {
        Layer<Q, R> held = Gate.builder("budget")
                .notAdaptive()
                .noBreaker()
                .scheduler(scheduler)
                .build()
                .layer(demand, meter);
        return next -> {
            Call<Q, R> within = held.around(next);
            return request -> Mono.deferContextual(
                    context -> context.hasKey(Budget.class) ? within.apply(request) : next.apply(request));
        };
    }

    private void checkBatches(BatchApi<Q, R> batches) {
        if (cache == null) {
            throw new IllegalStateException(
                    "batches need a cache(...): an answer comes hours after it was asked for, and is found there then");
        }
        if (identity != null && !identity.equals(batches.identity())) {
            throw new IllegalStateException("these batches are answered by '" + batches.identity()
                    + "' and the call by '" + identity
                    + "': answers of one would be filed where the other's are looked for; give both the same base URL or"
                    + " identity");
        }
    }

    private Call<Q, R> cached(Call<Q, R> inside, ResponseCache cache) {
        if (keys == null || codec == null) {
            throw new IllegalStateException("a cache needs key(...) to file answers and codec(...) to keep them, "
                    + (keys == null ? "key" : "codec") + " is missing");
        }
        Validator<? super R> judge = validator == null ? Validator.none() : validator;
        CacheLayer.Builder<Q, R> layer = CacheLayer.<Q, R>builder(cache, keys, codec)
                .meter(meter)
                .storable(storable)
                .truncated(truncated)
                .refusal(refusal)
                .storeRefusals(storeRefusals)
                .several(several)
                .validator(judge)
                .clock(clock);
        if (maxAge != null) {
            layer.maxAge(maxAge);
        }
        Call<Q, R> bought = inside;
        if (batches != null) {
            Meter<? super Q, ? super R> half = meter.batch();
            StoredLane<Q, R> lane =
                    new StoredLane<>(batches.api(), half, layer.answers().with(half), judge, isAsAsked);
            batches.queue().serve(lane);
            layer.batches(batches.queue());
            bought = bought.with(new ParkLayer<>(batches.queue(), lane, keys, demand));
        }
        return dry(bought)
                .with(layer.build())
                .with(SingleFlightLayer.<Q, R>of(cache, keys, meter).several(several))
                .with(SampleLayer.<Q, R>of(keys).several(several, severalAtOnce && batches == null));
    }

    private Call<Q, R> dry(Call<Q, R> call) {
        return call.with(new DryRunLayer<>(demand, meter));
    }
}
