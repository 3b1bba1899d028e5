package io.headrace.provider.openai;

import io.headrace.model.ChatDelta;
import io.headrace.provider.http.ChatEvents;
import io.headrace.provider.http.SseEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.core.JsonParser;

/** Reads a streamed chat completion: chunks, and {@code [DONE]} at the end. */
final class ChatCompletionEvents implements ChatEvents {

    private static final String DONE = "[DONE]";

    private final String requestId;
    private final List<ChatDelta> read = new ArrayList<>();
    private final ChatCompletionReader reader = ChatCompletionReader.ofChunks(read::add);
    private boolean isComplete;

    ChatCompletionEvents(String requestId) {
        this.requestId = requestId;
    }

    @Override
    public boolean read(SseEvent event, Consumer<ChatDelta> deltas) {
        if (event.is(DONE)) {
            reader.endStream(requestId);
            isComplete = true;
        } else {
            try (JsonParser in = event.json()) {
                if (!reader.object(in) || event.name().equals("error")) {
                    return false;
                }
            }
        }
        read.forEach(deltas);
        read.clear();
        return true;
    }

    @Override
    public boolean isComplete() {
        return isComplete;
    }
}
