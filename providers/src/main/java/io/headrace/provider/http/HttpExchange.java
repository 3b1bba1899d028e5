package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;
import reactor.netty.Connection;
import reactor.netty.NettyOutbound;
import reactor.netty.http.client.HttpClientRequest;
import reactor.netty.http.client.HttpClientResponse;

/**
 * One request and its answer, and the knowledge of how far they got. That a request left is not guessed from the words of an
 * exception: it is noted when the operating system took its last byte. Until then no server can have read it whole, so
 * nothing was done or billed.
 */
final class HttpExchange {

    private final String name;
    private final String about;
    private final RequestBody request;
    private final TimeLimits limits;
    private final long maxBodyBytes;
    private final BodyLimits.Share share;
    private final Caller caller;

    private volatile boolean sent;
    private volatile int status;
    private volatile @Nullable String requestId;
    private volatile @Nullable BodyCollector body;
    private volatile long streamedBytes;
    private volatile @Nullable Connection used;

    HttpExchange(String name, String about, RequestBody request, TimeLimits limits, BodyLimits bodies, Caller caller) {
        this.name = name;
        this.about = about;
        this.request = request;
        this.limits = limits;
        this.maxBodyBytes = bodies.each();
        this.share = bodies.share();
        this.caller = caller;
    }

    Publisher<Void> send(HttpClientRequest head, NettyOutbound out) {
        caller.sign(head);
        out.withConnection(connection -> {
            used = connection;
            ResponseWatch.begin(connection.channel(), limits, caller);
            StreamRefusal.watch(connection.channel());
        });
        return request.write(head, out, () -> sent = true);
    }

    Mono<HttpAnswer> receive(HttpClientResponse head, ByteBufFlux content) {
        begun(head);
        BodyCollector collector = new BodyCollector(
                head.responseHeaders().getInt(HttpHeaderNames.CONTENT_LENGTH, 0), share, maxBodyBytes);
        body = collector;
        Mono<HttpAnswer> whole =
                content.collect(() -> collector, BodyCollector::append).map(c -> answer(head, c));
        // a refusal is one by its status alone: a body that breaks off takes nothing from it
        return status < 400 ? whole : whole.onErrorResume(e -> Mono.just(answer(head, collector)));
    }

    /** Gives a body of events to {@code reader} as it comes, and any other answer whole. */
    <T> Publisher<T> stream(HttpClientResponse head, ByteBufFlux content, StreamReader<T> reader) {
        if (head.status().code() / 100 != 2
                || !reader.takes(head.responseHeaders().get(HttpHeaderNames.CONTENT_TYPE, ""))) {
            return receive(head, content).flatMapMany(reader::whole);
        }
        begun(head);
        HttpAnswer start = new HttpAnswer(head.status().code(), head.responseHeaders(), new byte[0], 0, caller.key());
        return reader.events(start, content.doOnNext(piece -> count(piece, reader)));
    }

    private void begun(HttpClientResponse head) {
        // an answer proves that the request was read, even if the note of its last byte comes later
        sent = true;
        status = head.status().code();
        String id = HttpAnswer.requestId(head.responseHeaders());
        requestId = id == null ? null : caller.strikeFrom(id); // a server may reflect what it gets
        caller.heard(head.responseHeaders());
    }

    private void count(ByteBuf piece, StreamReader<?> reader) {
        long sum = streamedBytes + piece.readableBytes();
        streamedBytes = sum;
        if (!reader.isUnbounded()) {
            share.grow(sum);
        }
    }

    private HttpAnswer answer(HttpClientResponse head, BodyCollector body) {
        return new HttpAnswer(head.status().code(), head.responseHeaders(), body.bytes(), body.length(), caller.key());
    }

    /**
     * Call before a cancel, so that nobody gets the connection. Reactor Netty closes it by a task of its event loop; if the end of
     * the answer came before that task, another exchange could have the connection by then. Of HTTP/2 only the stream is closed.
     */
    void abandon() {
        Connection abandoned = used;
        if (abandoned != null && abandoned.channel().parent() == null) {
            abandoned.markPersistent(false);
        }
    }

    /** Nobody reads the answer from the connection any more. */
    void end() {
        used = null;
        share.end();
    }

    /** What {@code error} means for the caller. */
    Throwable failure(Throwable error) {
        if (error instanceof ApiException) {
            return error;
        }
        if (error instanceof RequestBody.SourceException) {
            return Objects.requireNonNull(error.getCause());
        }
        return failureOf(error);
    }

    /** What broke is read off {@code error} itself, for a short key may be a word of any error, such as the name of the host. */
    private ApiException failureOf(Throwable error) {
        Breakdown breakdown = Breakdown.of(error);
        String message = name + " " + about + ": " + caller.strikeFrom(breakdown.what());
        Throwable cause = caller.strikeFrom(error);
        if (error instanceof StreamRefusal.StreamRefusedException) {
            return failure(breakdown, message, cause).delivery(Delivery.REFUSED).build();
        }
        if (breakdown.isMidway()) {
            message += progress();
        }
        if (!sent) {
            return failure(breakdown, message + " (not sent)", cause)
                    .delivery(Delivery.NOT_SENT)
                    .build();
        }
        return failure(breakdown, message + " (sent, outcome unknown)", cause)
                .delivery(Delivery.UNKNOWN)
                .status(status)
                .requestId(requestId)
                .build();
    }

    private static ApiException.Builder failure(Breakdown breakdown, String message, Throwable cause) {
        return ApiException.builder(breakdown.kind(), message)
                .isTransient(breakdown.isTransient())
                .cause(cause);
    }

    /** How far the answer came, if it began. */
    private String progress() {
        BodyCollector partial = body;
        long came = partial == null ? streamedBytes : partial.length();
        return partial == null && came == 0 ? "" : "; partial answer, " + came + " bytes of its body came";
    }
}
