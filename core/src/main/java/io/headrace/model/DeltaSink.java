package io.headrace.model;

import java.util.Optional;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Where a streamed call puts the pieces of its answer: whoever wants them puts one into the Reactor {@code Context}, for
 * instance {@code ChatStream}. It serves one call, however many attempts that takes.
 *
 * <p>Once a delta was delivered, no other attempt may begin: {@link #delivered} tells.
 */
public interface DeltaSink {

    /** The sink in {@code context}, if there is one. */
    static Optional<DeltaSink> from(ContextView context) {
        return context.getOrEmpty(DeltaSink.class);
    }

    default Context into(Context context) {
        return context.put(DeltaSink.class, this);
    }

    /**
     * Hands {@code delta} over. Completes when the subscriber has taken it, which is when it asks for one: give it the next
     * after that. Cancelling takes back a delta that was not taken. Deltas come one after another, a {@link ChatDelta.End} last.
     */
    Mono<Void> emit(ChatDelta delta);

    /** Whether the subscriber has got anything. */
    boolean delivered();
}
