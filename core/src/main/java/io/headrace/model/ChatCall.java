package io.headrace.model;

import io.headrace.Call;

/**
 * A call to a chat model of one provider.
 *
 * <p>It sends everything that a request says, or nothing: what the provider has no place for ends the call with an
 * {@link io.headrace.ApiException} of kind {@link io.headrace.ErrorKind#INVALID_REQUEST} and
 * {@link io.headrace.Delivery#NOT_SENT}, whose message names provider and field. Left out are only {@link Part.Reasoning} of
 * earlier answers, {@link Part.ToolResult#failed} and {@link Part.CachePoint}, where the provider does not know them: they say
 * nothing that the model would answer.
 *
 * <p>With a {@link DeltaSink} in the subscriber's context it asks for a stream, hands over what comes, and still emits one
 * whole answer: the same as without, for the same request, under the same fingerprint.
 */
public interface ChatCall extends Call<ChatRequest, ChatResponse> {

    /**
     * Whose answers these are, as part of the fingerprint: the normalised base URL, or a name such as {@code simulated}
     * where the address means nothing. Never holds a key.
     */
    String identity();

    /** The provider, as error messages name it; by default its {@link #identity}. */
    default String provider() {
        return identity();
    }

    /**
     * Whether one request may ask for several answers by {@link ChatRequest#n}. Where not, the layers round the call ask for each
     * by itself.
     */
    default boolean answersSeveral() {
        return false;
    }
}
