package io.headrace.testkit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Lets a bounded number of requests be worked on at once; the others wait in the order of their coming. Waiting takes no thread.
 * Thread-safe.
 */
final class Workers {

    /** One request that waits for a worker or has one. */
    private static final class Turn {

        private final MonoSink<Workers> sink;
        private final Executor loop;
        private boolean hasWorker;

        private Turn(MonoSink<Workers> sink, Executor loop) {
            this.sink = sink;
            this.loop = loop;
        }
    }

    private final Deque<Turn> line = new ArrayDeque<>();
    private volatile int limit;
    private int busy;

    /** So many from now on, 0 for as many as come. */
    synchronized void limit(int limit) {
        this.limit = limit;
        serve();
    }

    /**
     * Runs {@code work} with a worker, who is free again when it ends. What begins while there is no limit needs none.
     *
     * @param loop where a request that had to wait goes on, and on which it is cancelled
     */
    <T> Mono<T> run(Executor loop, Mono<T> work) {
        if (limit == 0) {
            return work;
        }
        Mono<Workers> worker = Mono.create(sink -> take(new Turn(sink, loop)));
        return Mono.usingWhen(worker, any -> work, any -> Mono.fromRunnable(this::release));
    }

    private void take(Turn turn) {
        turn.sink.onCancel(() -> giveUp(turn));
        synchronized (this) {
            if (limit > 0 && (busy >= limit || !line.isEmpty())) {
                line.add(turn);
                return;
            }
            busy++;
            turn.hasWorker = true;
        }
        turn.sink.success(this);
    }

    private synchronized void giveUp(Turn turn) {
        if (turn.hasWorker) { // but had not heard of it
            release();
        } else {
            line.remove(turn);
        }
    }

    private synchronized void release() {
        busy--;
        serve();
    }

    private void serve() {
        while (!line.isEmpty() && (limit == 0 || busy < limit)) {
            Turn next = line.remove();
            busy++;
            next.hasWorker = true;
            next.loop.execute(() -> next.sink.success(this));
        }
    }
}
