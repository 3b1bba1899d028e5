package io.headrace.model;

import io.headrace.Call;

/** A call to a chat model of one provider. */
public interface ChatCall extends Call<ChatRequest, ChatResponse> {

    /**
     * Whose answers these are, as part of the fingerprint: the normalised base URL, or a name such as {@code simulated}
     * where the address means nothing. Never holds a key.
     */
    String identity();
}
