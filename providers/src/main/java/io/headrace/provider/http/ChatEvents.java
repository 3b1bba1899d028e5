package io.headrace.provider.http;

import io.headrace.model.ChatDelta;
import java.util.function.Consumer;

/** Reads the events of one streamed answer. Unknown events and fields are skipped. For one answer; not thread-safe. */
public interface ChatEvents {

    /**
     * Reads the next event; none follows the end marker.
     *
     * @param deltas takes what the event brings, in order; with the end marker a {@link ChatDelta.End} last
     * @return false if the event tells of an error instead
     * @throws IllegalArgumentException if the event lacks what the protocol promises, naming it
     */
    boolean read(SseEvent event, Consumer<ChatDelta> deltas);

    /** Whether the end marker came: only then is the answer whole. */
    boolean isComplete();
}
