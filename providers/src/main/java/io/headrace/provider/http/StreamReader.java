package io.headrace.provider.http;

import io.netty.buffer.ByteBuf;
import reactor.core.publisher.Flux;

/** Makes something of an answer that may be a stream. */
interface StreamReader<T> {

    /** Whether a success of that content type is a stream. By default server-sent events are. */
    default boolean takes(String contentType) {
        String events = "text/event-stream";
        return contentType.regionMatches(true, 0, events, 0, events.length());
    }

    /** Whether a stream may be of any length. By default it is held to that of any answer. */
    default boolean isUnbounded() {
        return false;
    }

    /** Reads an answer that is no stream: an error, or a whole answer all the same. */
    Flux<T> whole(HttpAnswer answer);

    /**
     * Reads a stream.
     *
     * @param head status and headers, without a body
     * @param pieces of the body, each only to be read while it is handed over
     */
    Flux<T> events(HttpAnswer head, Flux<ByteBuf> pieces);
}
