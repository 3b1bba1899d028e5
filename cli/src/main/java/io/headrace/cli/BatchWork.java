package io.headrace.cli;

import io.headrace.batch.BatchQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Passes over work whose calls go in batches: one, or as many as it takes. Can be stopped between them too.
 *
 * @param <R> what a pass comes to
 */
final class BatchWork<R> {

    private final BatchQueue queue;
    private final boolean waits;
    private final Predicate<R> isWaiting;
    private final Sinks.Empty<Void> stopped = Sinks.empty();
    private final AtomicReference<@Nullable R> last = new AtomicReference<>();
    private volatile boolean inPass;

    /**
     * @param waits whether to go on until a pass says that it does not wait any more
     */
    BatchWork(BatchQueue queue, boolean waits, Predicate<R> isWaiting) {
        this.queue = queue;
        this.waits = waits;
        this.isWaiting = isWaiting;
    }

    BatchQueue queue() {
        return queue;
    }

    /** What the last pass came to; empty if it was stopped before the first. */
    Mono<R> over(Mono<R> pass) {
        Mono<R> watched =
                pass.doOnSubscribe(begun -> inPass = true).doOnNext(last::set).doFinally(end -> inPass = false);
        Mono<R> work = waits ? queue.rounds(watched, isWaiting) : queue.round(watched);
        return work.takeUntilOther(stopped.asMono()).switchIfEmpty(Mono.fromSupplier(last::get));
    }

    /** Whether a pass goes on, and not a wait for the provider or a transfer. */
    boolean isInPass() {
        return inPass;
    }

    /** Stops the pass that goes on, or what comes between passes. */
    void stop(Runnable pass) {
        pass.run();
        if (!inPass) {
            stopped.tryEmitEmpty();
        }
    }
}
