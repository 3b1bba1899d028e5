package io.headrace.layer;

import io.headrace.FatalErrorHandler;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatDelta.End;
import io.headrace.model.DeltaSink;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;

/**
 * One delta at a time from a call to a subscriber: it waits here until it is asked for. An {@link End} is kept, for only the
 * call's answer says that all is well. For one subscription; thread-safe.
 */
final class Handoff implements DeltaSink {

    /** A delta that was not asked for yet, and whoever waits for that. */
    private record Waiting(ChatDelta delta, MonoSink<Void> taken) {}

    private final Sinks.Empty<Void> asked = Sinks.empty();
    private @Nullable FluxSink<ChatDelta> subscriber;
    private @Nullable Waiting waiting;
    private @Nullable End end;
    private boolean delivered;

    /** What is put in, as it is asked for; never ends by itself. To be subscribed to once. */
    Flux<ChatDelta> deltas() {
        return Flux.create(sink -> {
            synchronized (this) {
                subscriber = sink;
            }
            sink.onRequest(more -> {
                asked.tryEmitEmpty();
                handOver();
            });
        });
    }

    /** Completes when the subscriber asks for a delta. */
    Mono<Void> asked() {
        return asked.asMono();
    }

    @Override
    public Mono<Void> emit(ChatDelta delta) {
        if (delta instanceof End last) {
            return Mono.fromRunnable(() -> keep(last));
        }
        return put(delta);
    }

    /** Hands {@code delta} over, an {@link End} too. */
    Mono<Void> put(ChatDelta delta) {
        return Mono.create(taken -> {
            Waiting next = new Waiting(delta, taken);
            taken.onDispose(() -> withdraw(next));
            synchronized (this) {
                waiting = next;
            }
            handOver();
        });
    }

    @Override
    public synchronized boolean delivered() {
        return delivered;
    }

    /** The end of the stream that was delivered; null if it did not come. */
    synchronized @Nullable End end() {
        return end;
    }

    private synchronized void keep(End last) {
        end = last;
    }

    @SuppressWarnings("ReferenceEquality") // the one that was put, not one like it
    private synchronized void withdraw(Waiting delta) {
        if (waiting == delta) {
            waiting = null;
        }
    }

    private void handOver() {
        FluxSink<ChatDelta> to;
        Waiting next;
        synchronized (this) {
            to = subscriber;
            next = waiting;
            if (to == null || next == null || to.requestedFromDownstream() == 0) {
                return;
            }
            waiting = null;
            delivered = true;
        }
        try {
            to.next(next.delta());
        } catch (Throwable e) {
            FatalErrorHandler.handleOrThrow(e, to.contextView());
        }
        next.taken().success();
    }
}
