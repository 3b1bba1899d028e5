package io.headrace.testkit;

import io.headrace.Call;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A call for tests: each subscription plays the next {@link Reply} of its request's script, else of the common script, else the
 * default; and it counts what it was asked. It remembers every request, so it is not for millions of them.
 *
 * <pre>{@code
 * ScriptedCall<String, String> call = ScriptedCall.answering(String::toUpperCase);
 * call.on("a", Reply.error(overloaded), Reply.<String>answer("A").after(ofSeconds(2)));
 * }</pre>
 *
 * <p>Thread-safe.
 *
 * @param <Q> the request; equal requests share a script
 * @param <R> the answer
 */
public final class ScriptedCall<Q, R> implements Call<Q, R> {

    private final Function<? super Q, Reply<R>> otherwise;
    private final Supplier<Scheduler> scheduler;
    private final Map<Q, Queue<Reply<R>>> scripts = new HashMap<>();
    private final Queue<Reply<R>> common = new ArrayDeque<>();
    private final List<Q> requests = new ArrayList<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicInteger maxInFlight = new AtomicInteger();
    private final LongAdder cancels = new LongAdder();

    private ScriptedCall(Function<? super Q, Reply<R>> otherwise, Supplier<Scheduler> scheduler) {
        this.otherwise = Objects.requireNonNull(otherwise, "otherwise");
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
    }

    /** A call that answers by {@code function} at once where no script says otherwise. */
    public static <Q, R> ScriptedCall<Q, R> answering(Function<? super Q, ? extends R> function) {
        return replying(request -> Reply.answer(function.apply(request)));
    }

    /**
     * A call that plays {@code otherwise} where no script says otherwise. Delays run on {@code Schedulers.parallel()}, taken at
     * the subscription, so virtual time rules them.
     */
    public static <Q, R> ScriptedCall<Q, R> replying(Function<? super Q, Reply<R>> otherwise) {
        return new ScriptedCall<>(otherwise, Schedulers::parallel);
    }

    /** The same default with empty scripts and counts, and with delays on that scheduler, taken at each subscription. */
    public ScriptedCall<Q, R> withScheduler(Supplier<Scheduler> scheduler) {
        return new ScriptedCall<>(otherwise, scheduler);
    }

    /** Adds replies for {@code request}, one a subscription, in order. */
    @SafeVarargs
    public final ScriptedCall<Q, R> on(Q request, Reply<R>... replies) {
        synchronized (scripts) {
            Queue<Reply<R>> script = scripts.computeIfAbsent(request, key -> new ArrayDeque<>());
            for (Reply<R> reply : replies) {
                script.add(reply);
            }
        }
        return this;
    }

    /** Adds replies for the next subscriptions whose request has no script left, in order. */
    @SafeVarargs
    public final ScriptedCall<Q, R> next(Reply<R>... replies) {
        synchronized (scripts) {
            for (Reply<R> reply : replies) {
                common.add(reply);
            }
        }
        return this;
    }

    @Override
    public Mono<R> apply(Q request) {
        Objects.requireNonNull(request, "request");
        return Mono.defer(() -> {
            Reply<R> reply = take(request);
            int now = inFlight.incrementAndGet();
            maxInFlight.accumulateAndGet(now, Math::max);
            AtomicInteger open = new AtomicInteger(1);
            Runnable leave = () -> inFlight.addAndGet(-open.getAndSet(0));
            // left before the signal goes down, so that whoever saw the answer sees the count
            return reply.play(scheduler).doOnTerminate(leave).doOnCancel(() -> {
                cancels.increment();
                leave.run();
            });
        });
    }

    /** How often it was subscribed to. */
    public int subscriptions() {
        synchronized (scripts) {
            return requests.size();
        }
    }

    /** How often {@code request} was subscribed to. */
    public int subscriptions(Q request) {
        synchronized (scripts) {
            return (int) requests.stream().filter(request::equals).count();
        }
    }

    /** The requests in the order of the subscriptions. */
    public List<Q> requests() {
        synchronized (scripts) {
            return List.copyOf(requests);
        }
    }

    /** Subscriptions that have neither ended nor been cancelled. */
    public int inFlight() {
        return inFlight.get();
    }

    /** The most subscriptions that were open at once. */
    public int maxInFlight() {
        return maxInFlight.get();
    }

    /** Subscriptions that were cancelled before their end. */
    public long cancels() {
        return cancels.sum();
    }

    private Reply<R> take(Q request) {
        synchronized (scripts) {
            requests.add(request);
            Queue<Reply<R>> own = scripts.get(request);
            Reply<R> reply = own == null ? null : own.poll();
            reply = reply == null ? common.poll() : reply;
            if (reply != null) {
                return reply;
            }
        }
        return otherwise.apply(request);
    }

    /**
     * What one subscription gets. Immutable.
     *
     * @param <R> the answer
     */
    public static final class Reply<R> {

        private final Mono<R> signal;
        private final @Nullable Duration delay;

        private Reply(Mono<R> signal, @Nullable Duration delay) {
            this.signal = signal;
            this.delay = delay;
        }

        public static <R> Reply<R> answer(R answer) {
            return new Reply<>(Mono.just(answer), null);
        }

        public static <R> Reply<R> error(Throwable error) {
            return new Reply<>(Mono.error(error), null);
        }

        /** Completes without an answer, which no good call does. */
        public static <R> Reply<R> empty() {
            return new Reply<>(Mono.empty(), null);
        }

        /** Never ends. */
        public static <R> Reply<R> never() {
            return new Reply<>(Mono.never(), null);
        }

        /** The same reply after {@code delay}. */
        public Reply<R> after(Duration delay) {
            return new Reply<>(signal, Objects.requireNonNull(delay, "delay"));
        }

        private Mono<R> play(Supplier<Scheduler> scheduler) {
            return delay == null ? signal : Mono.delay(delay, scheduler.get()).then(signal);
        }
    }
}
