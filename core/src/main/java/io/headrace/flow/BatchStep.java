package io.headrace.flow;

import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Require;
import io.headrace.Tally;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A step that answers many items by one call, made by {@link Step#batch}. A batch starts when it is full, when its time is
 * up, or when the items end; the next one fills while it runs. What a batch takes is booked on its first item.
 */
public final class BatchStep<I, O> extends ItemStep<I, O, BatchStep<I, O>> {

    private static final Logger LOG = LoggerFactory.getLogger(BatchStep.class);

    private final int size;
    private final Duration maxWait;
    private final Supplier<? extends Scheduler> timer;
    private final Function<List<Item<I>>, ? extends Flux<Item<O>>> function;

    BatchStep(String name, int size, Function<List<Item<I>>, ? extends Flux<Item<O>>> function) {
        this(
                name,
                Window.of(Math.max(Window.DEFAULT.concurrency(), 4 * size)),
                size,
                Duration.ofMillis(50),
                Schedulers::parallel,
                function);
        if (size < 1) {
            throw new IllegalArgumentException("a batch holds at least 1 item, not " + size);
        }
    }

    private BatchStep(
            String name,
            Window window,
            int size,
            Duration maxWait,
            Supplier<? extends Scheduler> timer,
            Function<List<Item<I>>, ? extends Flux<Item<O>>> function) {
        super(name, window);
        this.size = size;
        this.maxWait = maxWait;
        this.timer = timer;
        this.function = Objects.requireNonNull(function, "function");
    }

    @Override
    BatchStep<I, O> with(Window window) {
        return new BatchStep<>(name(), window, size, maxWait, timer, function);
    }

    /**
     * Longest time that a batch waits to fill, counted from its first item; 50 ms unless told.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public BatchStep<I, O> maxWait(Duration maxWait) {
        Require.positive(maxWait, "maxWait");
        return new BatchStep<>(name(), window(), size, maxWait, timer, function);
    }

    /** Where the waiting is timed; {@link Schedulers#parallel()} unless told. Asked for each batch, never disposed here. */
    public BatchStep<I, O> timer(Supplier<? extends Scheduler> timer) {
        Objects.requireNonNull(timer, "timer");
        return new BatchStep<>(name(), window(), size, maxWait, timer, function);
    }

    /** Batches form per stream. At most {@code concurrency} items are waiting or in work. */
    @Override
    public Flux<Outcome<O>> apply(Flux<Outcome<I>> items) {
        return Flux.defer(() -> {
            Batches batches = new Batches();
            return window().work(name(), items.doOnComplete(batches::startOpen), batches::join, 1);
        });
    }

    /** The batches of one stream: at most one is open and filling. */
    private final class Batches {

        private final AtomicBoolean toldOfExtraAnswers = new AtomicBoolean();
        private @Nullable Batch open;

        Publisher<Outcome<O>> join(Outcome.Ok<I> ok, Slot slot) {
            return Mono.defer(() -> {
                Batch joined;
                boolean full;
                synchronized (this) {
                    if (open == null) {
                        open = new Batch();
                    }
                    joined = open;
                    joined.members.add(ok);
                    joined.slot = slot;
                    full = joined.members.size() == size;
                    if (full) {
                        open = null;
                    }
                }
                if (full) {
                    joined.start();
                } else {
                    joined.startLater();
                }
                return joined.outcomeOf(ok.item());
            });
        }

        void startOpen() {
            Batch last;
            synchronized (this) {
                last = open;
                open = null;
            }
            if (last != null) {
                last.start();
            }
        }

        private void startOnTime(Batch batch) {
            synchronized (this) {
                if (open == batch) {
                    open = null;
                }
            }
            batch.start();
        }

        /** Some items that are answered together. Its members are fixed once it has started. */
        private final class Batch {

            private final List<Outcome.Ok<I>> members = new ArrayList<>();
            private final Sinks.Empty<Void> start = Sinks.empty();
            private final Mono<Map<Member, Outcome<O>>> outcomes = start.asMono()
                    .then(Mono.defer(this::answer))
                    .doOnCancel(this::stopClock)
                    .share();
            private @Nullable Slot slot; // of any member
            private boolean started;
            private @Nullable Disposable clock;
            private @Nullable RuntimeException noClock;

            Mono<Outcome<O>> outcomeOf(Item<I> item) {
                return outcomes.map(all -> Objects.requireNonNull(all.get(Member.of(item))));
            }

            /** A batch whose time nobody can take fails at once. */
            void startLater() {
                try {
                    setClock();
                } catch (RuntimeException e) {
                    noClock = e;
                    startOnTime(this);
                }
            }

            private synchronized void setClock() {
                if (clock == null && !started) {
                    clock = timer.get()
                            .schedule(
                                    () -> startOnTime(this),
                                    TimeUnit.NANOSECONDS.convert(maxWait),
                                    TimeUnit.NANOSECONDS);
                }
            }

            void start() {
                stopClock();
                start.tryEmitEmpty();
            }

            private synchronized void stopClock() {
                started = true;
                if (clock != null) {
                    clock.dispose();
                }
            }

            private Mono<Map<Member, Outcome<O>>> answer() {
                List<Item<I>> items = members.stream().map(Outcome.Ok::item).toList();
                return measure(
                        members.get(0),
                        Objects.requireNonNull(slot).together(members.size()),
                        () -> noClock == null
                                ? answers(items).collect(() -> new Answers(items), Answers::take)
                                : Mono.error(new IllegalStateException(
                                        "the batch step's timer failed: " + noClock, noClock)),
                        this::answered,
                        this::failed);
            }

            private Flux<Item<O>> answers(List<Item<I>> items) {
                return Objects.requireNonNull(
                        function.apply(items), "the function returned null, it must return a Flux of the items");
            }

            private Map<Member, Outcome<O>> answered(Answers answers, Tally tally) {
                return outcomes(tally, (item, itsTally) -> {
                    Item<O> answer = answers.of(item);
                    return answer != null
                            ? new Outcome.Ok<>(item.withValue(answer.value()), itsTally)
                            : new Outcome.Failed<>(
                                    item,
                                    name(),
                                    ErrorKind.STEP_FAILED,
                                    "the batch of " + members.size() + " items brought no answer for this one",
                                    itsTally);
                });
            }

            private Map<Member, Outcome<O>> failed(Outcome.Failed<O> first) {
                return outcomes(
                        first.tally(),
                        (item, itsTally) ->
                                new Outcome.Failed<>(item, name(), first.kind(), first.message(), itsTally));
            }

            private Map<Member, Outcome<O>> outcomes(Tally batch, BiFunction<Item<I>, Tally, Outcome<O>> outcome) {
                Map<Member, Outcome<O>> outcomes = new HashMap<>();
                for (int i = 0; i < members.size(); i++) {
                    Outcome.Ok<I> member = members.get(i);
                    outcomes.put(
                            Member.of(member.item()), outcome.apply(member.item(), i == 0 ? batch : member.tally()));
                }
                return outcomes;
            }
        }

        /** What the function gave for the items of a batch: the first answer to each, and nothing else. */
        private final class Answers {

            private final Map<Member, @Nullable Item<O>> byMember = new HashMap<>();

            Answers(List<Item<I>> items) {
                items.forEach(item -> byMember.put(Member.of(item), null));
            }

            void take(Item<O> answer) {
                Member member = Member.of(answer);
                boolean isFirst = byMember.containsKey(member) && byMember.putIfAbsent(member, answer) == null;
                if (!isFirst && toldOfExtraAnswers.compareAndSet(false, true)) {
                    LOG.warn(
                            "step {}: a batch brought an answer that nobody asked for, or a second one, it is ignored; told"
                                    + " once: {}",
                            name(),
                            answer.id());
                }
            }

            @Nullable
            Item<O> of(Item<I> item) {
                return byMember.get(Member.of(item));
            }
        }
    }

    /** By what an answer finds its item: ids alone may occur twice in a stream that nothing checked. */
    private record Member(long ordinal, String id) {

        static Member of(Item<?> item) {
            return new Member(item.ordinal(), item.id());
        }
    }
}
