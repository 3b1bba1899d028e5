package io.headrace.provider.http;

import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** A chat operation of one provider, whose answers come whole or as server-sent events. Stateless and thread-safe. */
public interface ChatOperation extends JsonOperation<ChatRequest, ChatResponse> {

    /**
     * Writes the request as {@link #write} does, asking for a stream.
     *
     * @throws IllegalArgumentException for what this provider cannot do, naming the field; nothing is sent then
     */
    void writeStreamed(ChatRequest request, JsonGenerator out);

    /**
     * A reader of the events of one answer.
     *
     * @param requestId the provider's id of the request, for the last delta; empty if it gave none
     */
    ChatEvents events(String requestId);

    /** Whether one request may ask for several answers, see {@link io.headrace.model.ChatCall#answersSeveral}. */
    default boolean answersSeveral() {
        return false;
    }

    @Override
    default String about(ChatRequest request) {
        return request.model();
    }

    @Override
    default List<String> prompts(ChatRequest request) {
        return request.prompts();
    }

    @Override
    default ChatResponse withRequestId(ChatResponse answer, String requestId) {
        return answer.withRequestId(requestId);
    }
}
