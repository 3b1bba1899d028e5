package io.headrace.model;

import io.headrace.Call;

/**
 * A call to an embedding model of one provider. What the provider has no place for, and more inputs than it takes, ends the
 * call as {@link ChatCall} says, before anything is sent. An answer whose vectors do not match the inputs in number is an
 * error of kind {@link io.headrace.ErrorKind#MALFORMED_RESPONSE}.
 */
public interface EmbeddingCall extends Call<EmbeddingRequest, EmbeddingResponse> {

    /** Whose answers these are, see {@link ChatCall#identity}. */
    String identity();

    /** The provider, see {@link ChatCall#provider}. */
    default String provider() {
        return identity();
    }
}
