package io.headrace.provider.http;

import io.netty.buffer.Unpooled;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.NettyOutbound;
import reactor.netty.http.client.HttpClientRequest;

/** What a request says after its head. */
@FunctionalInterface
interface RequestBody {

    RequestBody EMPTY = of(new byte[0], 0);

    /** No body where one is usual: the head says that its length is 0. */
    RequestBody NONE = (head, out, left) -> Mono.fromRunnable(left);

    /**
     * Writes it to a connection, on the event loop of that.
     *
     * @param left to be run when a server may have the whole of it, never later
     */
    Publisher<Void> write(HttpClientRequest head, NettyOutbound out, Runnable left);

    /**
     * Bytes in memory. They count as gone when the operating system took the last of them.
     *
     * @param bytes must not change any more
     * @param length bytes to send, from the start
     */
    static RequestBody of(byte[] bytes, int length) {
        return (head, out, left) -> (length == 0 ? out : out.sendObject(Unpooled.wrappedBuffer(bytes, 0, length)))
                .then()
                .doOnSuccess(nothing -> left.run());
    }

    /** What the body is made of failed, for the reason that is the cause. */
    final class SourceException extends RuntimeException {

        SourceException(Throwable cause) {
            super(null, cause, false, false);
        }
    }
}
