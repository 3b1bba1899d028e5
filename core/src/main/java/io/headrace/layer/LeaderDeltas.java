package io.headrace.layer;

import io.headrace.model.ChatDelta;
import io.headrace.model.DeltaSink;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The deltas of a call in flight on their way to its leader's subscriber. While the leader is alone, the call waits until it has taken each
 * delta. When others wait for the answer too, the leader holds nobody up: deltas that it has not taken are kept for it, at most the answer,
 * which the call collects anyway. When it has left, deltas are dropped. For one flight; thread-safe.
 */
final class LeaderDeltas implements DeltaSink {

    /** A delta in the queue. */
    private record Piece(ChatDelta delta, Sinks.Empty<Void> taken, Sinks.Empty<Void> withdrawn) {}

    private final DeltaSink leader;
    private final Sinks.Many<Piece> queue = Sinks.many().unicast().onBackpressureBuffer();
    private final Sinks.Empty<Void> free = Sinks.empty();
    private volatile boolean gone;
    private volatile boolean promised;

    LeaderDeltas(DeltaSink leader) {
        this.leader = leader;
    }

    /** {@code answer} for the leader, which gets it after all deltas. */
    <R> Mono<R> before(Mono<R> answer) {
        Mono<Boolean> all = queue.asFlux().concatMap(this::handOver, 1).then(Mono.just(true));
        return Mono.zip(answer.doOnTerminate(queue::tryEmitComplete), all, (got, taken) -> got);
    }

    private Mono<Void> handOver(Piece piece) {
        return leader.emit(piece.delta)
                .takeUntilOther(piece.withdrawn.asMono())
                .doOnTerminate(piece.taken::tryEmitEmpty);
    }

    /** Others wait for the answer too. */
    void holdUpNobody() {
        free.tryEmitEmpty();
    }

    void leave() {
        gone = true;
        free.tryEmitEmpty();
    }

    @Override
    public Mono<Void> emit(ChatDelta delta) {
        return Mono.defer(() -> {
            if (gone) {
                return Mono.empty();
            }
            promised = true;
            Piece piece = new Piece(delta, Sinks.empty(), Sinks.empty());
            queue.tryEmitNext(piece);
            return Mono.firstWithSignal(piece.taken.asMono(), free.asMono()).doOnCancel(piece.withdrawn::tryEmitEmpty);
        });
    }

    /** A delta in the queue is as good as delivered, unless nobody is there to get it. */
    @Override
    public boolean delivered() {
        return !gone && (leader.delivered() || promised);
    }
}
