package io.headrace.run;

import io.headrace.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler.Worker;
import reactor.util.concurrent.Queues;
import reactor.util.context.Context;

/**
 * Group commit: what arrives while a group is written makes the next group, and a first outcome waits a little for others. So no item
 * costs a system call or a wake-up of its own, neither under load nor without. Emits what is durable.
 */
final class Recorder<O> implements CoreSubscriber<Outcome<O>>, Subscription {

    /** Outcomes in the operator at most. */
    static final int PREFETCH = 1024;

    /** So many outcomes are written without waiting for more. */
    static final int GROUP = 256;

    static final Duration LINGER = Duration.ofMillis(2);

    private enum Wake {
        NONE,
        LATER,
        NOW
    }

    /** What happens at the end of a stream; by default it ends with its subscriber. */
    @FunctionalInterface
    interface Ending {

        /** The stream has ended and all that arrived is durable; what this signals is passed on. */
        Mono<Void> ended(@Nullable Throwable error);

        /** Whether a cancelled subscriber leaves the stream running, unheard, until it ends by itself. */
        default boolean outlivesCancel() {
            return false;
        }

        /** The subscriber is gone. */
        default void cancelled() {}

        /** Nothing more will come of this recorder, and the checkpoint is free for another stream. */
        default void released() {}
    }

    private final CoreSubscriber<? super Outcome<O>> actual;
    private final GroupWriter<O> writer;
    private final Worker worker;
    private final Ending ending;
    private final Runnable release;
    private final Queue<Outcome<O>> arrived = Queues.<Outcome<O>>get(PREFETCH).get();
    private final Queue<Outcome<O>> durable =
            Queues.<Outcome<O>>unbounded(PREFETCH).get();
    private final AtomicInteger backlog = new AtomicInteger();
    private final AtomicLong requested = new AtomicLong();
    private final Sinks.Empty<Void> over = Sinks.empty();
    private final AtomicReference<Wake> wake = new AtomicReference<>(Wake.NONE);
    private volatile @Nullable Subscription upstream;
    private volatile @Nullable Throwable error;
    private volatile boolean done;
    private volatile boolean cancelled;
    private volatile boolean closed;
    private volatile boolean finished;
    private volatile long linger;
    private boolean broken;
    private boolean finishing;
    private boolean terminated;
    private long consumed;

    /** @param release run once, when nothing more will come of this, before {@code ending} hears so */
    Recorder(
            CoreSubscriber<? super Outcome<O>> actual,
            GroupWriter<O> writer,
            Worker worker,
            Ending ending,
            Runnable release) {
        this.actual = actual;
        this.writer = writer;
        this.worker = worker;
        this.ending = ending;
        this.release = release;
    }

    @Override
    public Context currentContext() {
        return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            actual.onSubscribe(this);
            subscription.request(PREFETCH);
        }
    }

    @Override
    public void onNext(Outcome<O> outcome) {
        if (done) {
            Operators.onNextDropped(outcome, currentContext());
            return;
        }
        if (!arrived.offer(outcome)) {
            cancelUpstream();
            onError(new IllegalStateException("the stream before the checkpoint sends more than was asked for"));
            return;
        }
        if (backlog.incrementAndGet() >= GROUP) {
            wakeNow();
        } else if (wake.get() == Wake.NONE && wake.compareAndSet(Wake.NONE, Wake.LATER)) {
            long ticket = linger + 1;
            linger = ticket; // only the stream's own thread writes it
            schedule(() -> drainAfterLinger(ticket), LINGER);
        }
    }

    @Override
    public void onError(Throwable t) {
        if (done) {
            Operators.onErrorDropped(t, currentContext());
            return;
        }
        error = t;
        done = true;
        wakeNow();
    }

    @Override
    public void onComplete() {
        done = true;
        wakeNow();
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n)) {
            requested.accumulateAndGet(n, Operators::addCap);
            if (!durable.isEmpty()) {
                wakeNow();
            }
        }
    }

    @Override
    public void cancel() {
        if (cancelled) {
            return;
        }
        cancelled = true;
        ending.cancelled();
        if (!ending.outlivesCancel()) {
            cancelUpstream();
            done = true;
        }
        wakeNow();
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** Completes when nothing more will come of this recorder, or it was closed. */
    Mono<Void> over() {
        return over.asMono();
    }

    /** Writes what has arrived, on the caller's thread, and ends the stream with {@code reason} if it still runs. */
    void close(RuntimeException reason) throws IOException {
        cancelUpstream();
        try {
            writeArrived();
        } finally {
            closed = true;
            if (!done) {
                onError(reason);
            }
            over.tryEmitEmpty();
        }
    }

    private void wakeNow() {
        if (wake.getAndSet(Wake.NOW) != Wake.NOW) {
            schedule(this::drain, Duration.ZERO);
        }
    }

    private void schedule(Runnable task, Duration delay) {
        try {
            if (delay.isZero()) {
                worker.schedule(task);
            } else {
                worker.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
            }
        } catch (RejectedExecutionException e) {
            // closed: what had arrived was written by close()
            cancelUpstream();
        }
    }

    private void drainAfterLinger(long ticket) {
        if (ticket == linger && wake.get() == Wake.LATER) {
            drain();
        }
    }

    private void drain() {
        wake.set(Wake.NONE);
        boolean last = done; // read first: what arrived before it is in the queue
        try {
            writeArrived();
        } catch (IOException | RuntimeException e) {
            fail(e);
            last = true;
        } catch (Error e) { // no memory, above all: a run that cannot go on ends, and does not wait for ever
            fail(new IllegalStateException("the results cannot be written: " + e, e));
            last = true;
        }
        emit();
        if (last && !finishing) {
            finishing = true;
            finish();
        }
        if (finished && !terminated && (cancelled || closed || durable.isEmpty())) {
            terminated = true;
            release.run();
            ending.released();
            over.tryEmitEmpty();
            Throwable failure = error;
            if (cancelled) {
                return;
            }
            if (failure == null) {
                actual.onComplete();
            } else {
                actual.onError(failure);
            }
        }
    }

    private synchronized void writeArrived() throws IOException {
        if (broken) {
            return;
        }
        Outcome<O> next;
        int taken = 0;
        while ((next = arrived.poll()) != null) {
            if (!writer.add(next)) {
                consumed++;
            }
            if (++taken == GROUP) {
                backlog.addAndGet(-taken);
                taken = 0;
                writer.commit(durable);
            }
        }
        backlog.addAndGet(-taken);
        writer.commit(durable);
    }

    private void emit() {
        long emitted = 0;
        while (true) {
            if (cancelled) {
                while (durable.poll() != null) {
                    consumed++;
                }
                break;
            }
            if (emitted == requested.get()) {
                break;
            }
            Outcome<O> next = durable.poll();
            if (next == null) {
                break;
            }
            actual.onNext(next);
            emitted++;
        }
        if (emitted > 0) {
            long minus = emitted;
            requested.getAndUpdate(left -> left == Long.MAX_VALUE ? left : left - minus);
            consumed += emitted;
            if (requested.get() > 0 && !durable.isEmpty()) {
                wakeNow();
            }
        }
        Subscription from = upstream;
        if (consumed >= PREFETCH / 4 && from != null && !done) {
            long more = consumed;
            consumed = 0;
            from.request(more);
        }
    }

    private void finish() {
        Mono<Void> end;
        try {
            end = ending.ended(error);
        } catch (RuntimeException e) {
            end = Mono.error(e);
        }
        end.subscribeWith(new End());
    }

    private void finished(@Nullable Throwable failure) {
        error = error == null ? failure : error;
        finished = true;
        wakeNow();
    }

    /** Ends the stream with {@code reason}; what has arrived is written, if it can be. */
    void end(RuntimeException reason) {
        cancelUpstream();
        onError(reason);
    }

    /** What is in the queue is given up: it is not durable and will be pending. */
    private void fail(Exception e) {
        cancelUpstream();
        broken = true;
        error = e instanceof IOException io ? writer.failure(io) : e;
        done = true;
    }

    private void cancelUpstream() {
        Subscription from = upstream;
        if (from != null) {
            from.cancel();
        }
    }

    /** Hears how the ending went. */
    private final class End extends BaseSubscriber<Void> {

        @Override
        public Context currentContext() {
            return Recorder.this.currentContext();
        }

        @Override
        protected void hookOnComplete() {
            finished(null);
        }

        @Override
        protected void hookOnError(Throwable failure) {
            finished(failure);
        }
    }
}
