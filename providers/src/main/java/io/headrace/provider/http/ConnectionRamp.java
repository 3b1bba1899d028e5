package io.headrace.provider.http;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Lets only so many calls at a time look for a connection, and so bounds the TLS handshakes in progress. If thousands ran at once,
 * each would get so little of the processor that all would time out. The other calls wait in line, without a thread or a connection.
 * A call that finds a pooled connection passes in microseconds.
 *
 * <p>Thread-safe; a lock guards a few fields and is never held while anything else is called.
 */
final class ConnectionRamp {

    private final Queue<Pass> line = new ArrayDeque<>();
    private final AtomicInteger drains = new AtomicInteger();
    private int free;

    /**
     * @param width most calls that look for a connection at a time
     */
    ConnectionRamp(int width) {
        this.free = width;
    }

    /** The right to look for a connection, if it can be had at once. */
    @Nullable
    Pass tryEnter() {
        synchronized (line) {
            if (free == 0 || !line.isEmpty()) {
                return null;
            }
            free--;
            return new Pass(null, Pass.State.IN);
        }
    }

    /** The right to look for a connection, when it is this subscriber's turn; cancel leaves the line. */
    Mono<Pass> enter() {
        return Mono.create(sink -> {
            Pass pass = new Pass(sink, Pass.State.WAITING);
            sink.onCancel(pass::leave);
            synchronized (line) {
                line.add(pass);
            }
            admit();
        });
    }

    /** Admits whom there is room for. One thread at a time, so that a pass that ends at once does not nest the next. */
    private void admit() {
        if (drains.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            for (Pass next = next(); next != null; next = next()) {
                next.admit();
            }
            seen = drains.addAndGet(-seen);
        } while (seen != 0);
    }

    private @Nullable Pass next() {
        synchronized (line) {
            Pass next = free == 0 ? null : line.poll();
            if (next != null) {
                free--;
            }
            return next;
        }
    }

    private void free() {
        synchronized (line) {
            free++;
        }
        admit();
    }

    /** One call's right to look for a connection. */
    final class Pass {

        private enum State {
            WAITING,
            IN,
            LEFT
        }

        private final @Nullable MonoSink<Pass> sink;
        private final AtomicReference<State> state;

        private Pass(@Nullable MonoSink<Pass> sink, State state) {
            this.sink = sink;
            this.state = new AtomicReference<>(state);
        }

        /** The connection is there, or never will be. Idempotent. */
        void leave() {
            if (state.getAndSet(State.LEFT) == State.IN) {
                free();
            }
        }

        private void admit() {
            if (sink != null && state.compareAndSet(State.WAITING, State.IN)) {
                sink.success(this);
            } else {
                free();
            }
        }
    }
}
