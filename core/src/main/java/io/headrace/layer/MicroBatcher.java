package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Require;
import io.headrace.admission.Budget;
import io.headrace.cache.KeyFunction;
import io.headrace.layer.MicroBatchMember.Caller;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.model.TokenEstimator;
import io.headrace.observe.AttemptLog;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.ContextView;

/**
 * Micro-batching: a call for single requests over one that answers many at once, such as a local model or an embedding endpoint.
 * All who call it fill the same batches: items of any step, services, an algorithm that calls in loops and branches.
 *
 * <pre>{@code
 * Call<BatchRequest<String>, BatchResponse<Label>> batches = CallStack.of(model).gate(gate).build();
 * try (MicroBatcher<String, Label> single = MicroBatcher.builder(batches).count(32).build()) {
 *     Call<String, Label> labels = CallStack.batched(single).key(keys).codec(codec).cache(cache).build();
 * }
 * }</pre>
 *
 * <p>The recommended order. Layers that answer without the model stand outside, for single requests. Layers for requests that are sent stand
 * inside, once for each batch:
 *
 * <pre>
 *   observe                    ends of single calls
 *     fallback
 *       sample, single-flight
 *         cache                each request under its own key
 *           MICRO-BATCHER
 *             retry            the whole batch again
 *               validate
 *                 admission    one grant for a batch
 *                   attempt    noted and paid once
 *                     timeout
 *                       call for batches
 * </pre>
 *
 * <p><b>A batch leaves</b> when it reaches {@link Builder#count} or {@link Builder#weight}, or {@link Builder#maxWait} after its first element
 * came; the next one fills meanwhile. If {@link Builder#concurrency} is limited, it waits for its turn, and one whose time is up goes on
 * filling. An element that is heavier than a whole batch goes alone. With a {@link Builder#key}, equal requests with the same sample number
 * ({@link CallOptions#replicate}, else 0) are sent once. Elements are ordered by the ids of their items, with numbers by value, then by their
 * keys, so that the same elements always make the same batch.
 *
 * <p><b>Answers</b> find their callers by id. An element whose result is missing or a failure fails alone; unknown ids are ignored and logged
 * once. A batch that is refused as {@link ErrorKind#INVALID_REQUEST} or {@link ErrorKind#REFUSED} is sent again in halves, one after the
 * other, until only the faulty elements fail. Any other error fails all elements; each may come again in another batch.
 *
 * <p><b>Costs</b> of a batch are booked once: its call runs in the context of the first caller in the batch, with the highest priority of all
 * its callers. The listeners, attempt log and budget of that caller hear of the attempts. Only callers of one run, budget and tenant share a
 * batch. The usage in a single answer is its share, as the call for batches gives it; {@link BatchMeter} adds the shares up, and a cache
 * outside counts them as saved later.
 *
 * <p><b>Cancel.</b> Before the batch leaves, the element is taken out; an empty batch is not sent. After that a cancel affects nobody else, and
 * that of the last caller cancels the call. An item of a step keeps its place until its answer, also while the batch waits at a gate or before
 * a retry, so batches never wait for each other's places. A step with fewer places than a batch has elements sends smaller batches, when their
 * time is up.
 *
 * <p>Answers are emitted on the thread that brings the batch's answer, one caller after another. Thread-safe; a lock guards the batches and
 * is never held while a call, a caller or a function of the builder runs.
 *
 * @param <Q> the single request
 * @param <R> the single answer
 */
public final class MicroBatcher<Q, R> implements Call<Q, R>, AutoCloseable {

    private final Call<BatchRequest<Q>, BatchResponse<R>> call;
    private final int count;
    private final long maxWeight;
    private final ToLongFunction<? super Q> weigher;
    private final Duration maxWait;
    private final int concurrency;
    private final @Nullable KeyFunction<? super Q> keys;
    private final Function<? super Q, ?> groups;
    private final Supplier<? extends Scheduler> timer;

    private final Object lock = new Object();
    private final Map<Object, MicroBatch<Q, R>> filling = new HashMap<>();
    private final ArrayDeque<MicroBatch<Q, R>> ready = new ArrayDeque<>();
    private final Set<MicroBatch<Q, R>> due = new LinkedHashSet<>();
    private final Map<MicroBatch<Q, R>, MicroBatchWork<Q, R>> atWork = new HashMap<>();
    private boolean closed;
    private final Sinks.Empty<Void> idle = Sinks.empty();
    private final ThreadLocal<Boolean> sending = new ThreadLocal<>();
    private final AtomicBoolean toldOfExtraIds = new AtomicBoolean();

    private MicroBatcher(Builder<Q, R> builder) {
        this.call = builder.call;
        this.count = builder.count;
        this.maxWeight = builder.maxWeight;
        this.weigher = builder.weigher;
        this.maxWait = builder.maxWait;
        this.concurrency = builder.concurrency;
        this.keys = builder.keys;
        this.groups = builder.groups;
        this.timer = builder.timer;
    }

    /**
     * Starts a batcher.
     *
     * @param batches answers many requests at once, each by its id; it may retry, wait at a gate and so on
     */
    public static <Q, R> Builder<Q, R> builder(Call<BatchRequest<Q>, BatchResponse<R>> batches) {
        return new Builder<>(batches);
    }

    /**
     * Starts a batcher that merges embedding requests of one model, of equal dimensions and extra fields. Each answer has the vectors of
     * its own inputs and a share of the tokens by their estimated number; the shares add up to what the call reported. A batch has
     * at most 256 requests and 100,000 estimated tokens unless told.
     *
     * @param embeddings takes requests of many inputs, such as {@link CallStack#embeddings} round a provider, without a cache
     */
    public static Builder<EmbeddingRequest, EmbeddingResponse> embeddings(
            Call<EmbeddingRequest, EmbeddingResponse> embeddings) {
        TokenEstimator estimator = TokenEstimator.create();
        return builder(new EmbeddingBatches(embeddings, estimator))
                .count(256)
                .weight(100_000, estimator::promptTokens)
                .groupBy(EmbeddingBatches::group);
    }

    /**
     * The answer to {@code request}, which joins a batch at the subscription. Fails with the error of the batch, with what the key function,
     * the weigher or the grouping throws, and with {@link IllegalStateException} once the batcher is closed.
     */
    @Override
    public Mono<R> apply(Q request) {
        Objects.requireNonNull(request, "request");
        return Mono.deferContextual(context -> {
            MicroBatchMember<Q, R> member = member(request, context);
            Object group = group(request, context);
            return Mono.create(sink -> join(member, group, sink));
        });
    }

    /** Sends what is waiting, and refuses later calls. Does not wait for the answers. A second call does nothing. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            List.copyOf(filling.values()).forEach(this::makeReady);
        }
        send();
        tellIfIdle();
    }

    /** Closes at the subscription, and completes when the last batch has ended. Cancelling changes nothing. */
    public Mono<Void> closeLater() {
        return Mono.defer(() -> {
            close();
            return idle.asMono();
        });
    }

    private MicroBatchMember<Q, R> member(Q request, ContextView context) {
        MicroBatchMember.Key key = null;
        if (keys != null) {
            key = new MicroBatchMember.Key(KeyedCall.key(keys, request).fingerprint(), KeyedCall.sample(context));
        }
        long weight = weigher.applyAsLong(request);
        if (weight < 0) {
            throw new IllegalArgumentException("the weigher gave a negative weight: " + weight);
        }
        return new MicroBatchMember<>(request, key, weight);
    }

    /** Who may share a batch. */
    private record Group(
            Object of,
            String tenant,
            @Nullable Budget budget,
            @Nullable AttemptLog log) {}

    private Object group(Q request, ContextView context) {
        return new Group(
                Objects.requireNonNull(groups.apply(request), "groupBy gave null, it must give a value to compare by"),
                CallOptions.from(context).tenant(),
                context.getOrDefault(Budget.class, null),
                AttemptLogOfCall.behindAll(context));
    }

    private void join(MicroBatchMember<Q, R> member, Object group, MonoSink<R> sink) {
        Caller<R> caller = Caller.of(sink);
        MicroBatch<Q, R> joined;
        MicroBatchMember<Q, R> as;
        boolean isNew;
        synchronized (lock) {
            joined = closed ? null : batchFor(member, group);
            if (joined == null) {
                as = member;
                isNew = false;
            } else {
                MicroBatchMember<Q, R> like = joined.like(member);
                as = like == null ? member : like;
                if (like == null) {
                    joined.add(member);
                }
                as.callers().add(caller);
                isNew = joined.size() == 1 && as.callers().size() == 1;
                if (joined.size() == count || joined.weight() >= maxWeight) {
                    makeReady(joined);
                }
            }
        }
        if (joined == null) {
            sink.error(new IllegalStateException("the micro-batcher is closed: it takes no more calls"));
            return;
        }
        sink.onCancel(() -> leave(joined, as, caller));
        if (isNew) {
            startClock(joined);
        }
        send();
    }

    /** The batch that {@code member} fits in. Under the lock. */
    private MicroBatch<Q, R> batchFor(MicroBatchMember<Q, R> member, Object group) {
        MicroBatch<Q, R> open = filling.get(group);
        if (open != null && open.like(member) != null) {
            return open;
        }
        if (member.weight() > maxWeight) {
            return new MicroBatch<>(group); // goes alone, and the open one fills on
        }
        if (open != null && open.weight() + member.weight() > maxWeight) {
            makeReady(open);
            open = null;
        }
        return open != null ? open : filling.compute(group, (g, none) -> new MicroBatch<>(g));
    }

    /** Nobody joins it any more. Under the lock. */
    private void makeReady(MicroBatch<Q, R> batch) {
        filling.remove(batch.group(), batch);
        due.remove(batch);
        batch.stopClock();
        ready.add(batch);
    }

    /** A batch whose time nobody can take fails at once. */
    private void startClock(MicroBatch<Q, R> batch) {
        try {
            Disposable clock = timer.get()
                    .schedule(() -> timeIsUp(batch), TimeUnit.NANOSECONDS.convert(maxWait), TimeUnit.NANOSECONDS);
            synchronized (lock) {
                if (isFilling(batch)) {
                    batch.clock(clock);
                    return;
                }
            }
            clock.dispose();
        } catch (RuntimeException e) {
            List<Caller<R>> callers = List.of();
            synchronized (lock) {
                if (isFilling(batch)) {
                    forget(batch);
                    callers = batch.takeAll();
                }
            }
            IllegalStateException failure =
                    new IllegalStateException("the micro-batcher's timer failed: " + ErrorText.of(e), e);
            callers.forEach(caller -> caller.fail(failure));
        }
    }

    private boolean isFilling(MicroBatch<Q, R> batch) {
        return filling.get(batch.group()) == batch;
    }

    private void timeIsUp(MicroBatch<Q, R> batch) {
        synchronized (lock) {
            if (isFilling(batch)) {
                due.add(batch);
            }
        }
        send();
    }

    /** Nobody is in it any more. Under the lock. */
    private void forget(MicroBatch<Q, R> batch) {
        filling.remove(batch.group(), batch);
        due.remove(batch);
        ready.remove(batch);
        batch.stopClock();
    }

    private void leave(MicroBatch<Q, R> batch, MicroBatchMember<Q, R> member, Caller<R> caller) {
        MicroBatchWork<Q, R> work = null;
        synchronized (lock) {
            if (batch.remove(member, caller)) {
                forget(batch);
                work = atWork.get(batch);
            }
        }
        if (work != null) {
            work.stop();
        }
    }

    /**
     * Starts what may go, one after another and never one inside another, else loops of calls that answer at once would overflow the stack.
     */
    private void send() {
        if (sending.get() != null) {
            return;
        }
        sending.set(true);
        try {
            for (MicroBatchWork<Q, R> next = next(); next != null; next = next()) {
                next.start();
            }
        } finally {
            sending.remove();
        }
    }

    private @Nullable MicroBatchWork<Q, R> next() {
        synchronized (lock) {
            if (atWork.size() >= concurrency) {
                return null;
            }
            if (ready.isEmpty() && !due.isEmpty()) {
                makeReady(due.iterator().next());
            }
            MicroBatch<Q, R> batch = ready.poll();
            if (batch == null) {
                return null;
            }
            MicroBatchWork<Q, R> work = new MicroBatchWork<>(call, batch, lock, toldOfExtraIds, () -> ended(batch));
            atWork.put(batch, work);
            return work;
        }
    }

    private void ended(MicroBatch<Q, R> batch) {
        synchronized (lock) {
            atWork.remove(batch);
        }
        send();
        tellIfIdle();
    }

    private void tellIfIdle() {
        boolean isIdle;
        synchronized (lock) {
            isIdle = closed && atWork.isEmpty() && ready.isEmpty();
        }
        if (isIdle) {
            idle.tryEmitEmpty();
        }
    }

    /** Collects the parts of a {@link MicroBatcher}. Not thread-safe. */
    public static final class Builder<Q, R> {

        private final Call<BatchRequest<Q>, BatchResponse<R>> call;
        private int count = 64;
        private long maxWeight = Long.MAX_VALUE;
        private ToLongFunction<? super Q> weigher = request -> 0;
        private Duration maxWait = Duration.ofMillis(10);
        private int concurrency = Integer.MAX_VALUE;
        private @Nullable KeyFunction<? super Q> keys;
        private Function<? super Q, ?> groups = request -> "";
        private Supplier<? extends Scheduler> timer = Schedulers::parallel;

        private Builder(Call<BatchRequest<Q>, BatchResponse<R>> call) {
            this.call = Objects.requireNonNull(call, "batches");
        }

        /**
         * Most elements of a batch, at least 1; default 64. A batch that has as many leaves at once.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        public Builder<Q, R> count(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("a batch holds at least 1 element, not " + count);
            }
            this.count = count;
            return this;
        }

        /**
         * Most that the elements of a batch weigh together; default no bound.
         *
         * @param max in the weigher's unit, at least 1. An element that weighs more goes alone
         * @param weigher such as {@code TokenEstimator::promptTokens}; quick, pure, and never negative
         * @throws IllegalArgumentException if {@code max} is below 1
         */
        public Builder<Q, R> weight(long max, ToLongFunction<? super Q> weigher) {
            this.maxWeight = Require.atLeast(1, max, "the weight of a batch");
            this.weigher = Objects.requireNonNull(weigher, "weigher");
            return this;
        }

        /**
         * The longest time that a batch fills, from its first element; default 10 ms. A call waits that long if too few others come.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder<Q, R> maxWait(Duration maxWait) {
            this.maxWait = Require.positive(maxWait, "maxWait");
            return this;
        }

        /**
         * Most batches at work at once, such as 1 for a model that takes one at a time; default no bound.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        public Builder<Q, R> concurrency(int concurrency) {
            this.concurrency = Require.atLeast(1, concurrency, "concurrency");
            return this;
        }

        /** Which requests are equal and so sent once, and their order within an item; default: none are, and as they come. */
        public Builder<Q, R> key(KeyFunction<? super Q> keys) {
            this.keys = Objects.requireNonNull(keys, "keys");
            return this;
        }

        /**
         * Lets only requests with equal values share a batch, such as those of one model; default all may. One batch of each group fills at a
         * time.
         */
        public Builder<Q, R> groupBy(Function<? super Q, ?> groups) {
            this.groups = Objects.requireNonNull(groups, "groups");
            return this;
        }

        /** Where the filling is timed; default {@link Schedulers#parallel()}. Asked for each batch, never disposed here. */
        public Builder<Q, R> timer(Supplier<? extends Scheduler> timer) {
            this.timer = Objects.requireNonNull(timer, "timer");
            return this;
        }

        public MicroBatcher<Q, R> build() {
            return new MicroBatcher<>(this);
        }
    }
}
