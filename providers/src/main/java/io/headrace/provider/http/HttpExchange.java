package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.compression.DecompressionException;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.proxy.ProxyConnectException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.timeout.ReadTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
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

    /** Netty's words for an answer that is not HTTP/2. */
    private static final String NO_HTTP2 = "First received frame was not SETTINGS";

    /** How Netty names the system call that failed, before the system's own words. */
    private static final Pattern SYSTEM_CALL = Pattern.compile("^\\w+\\(\\.\\.\\) failed with error\\(-\\d+\\): ");

    /** What a proxy said, at the end of Netty's words. */
    private static final Pattern PROXY_STATUS = Pattern.compile(", status: (\\d{3}.*)$");

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
     * It is about to be cancelled, for which Reactor Netty closes the connection: by a task of its event loop, before which the end of the
     * answer may come and give the connection to another exchange, unless it is known by then that nobody may have it. A stream of
     * HTTP/2 is closed alone.
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
        return failureOf(caller.strikeFrom(error));
    }

    private ApiException failureOf(Throwable error) {
        if (error instanceof ResponseWatch.ResponseTimeoutException || error instanceof ReadTimeoutException) {
            return failure(ErrorKind.TIMEOUT, withProgress(words(error)), error);
        }
        if (error instanceof TimeoutException) {
            return failure(
                    ErrorKind.TRANSPORT,
                    "no connection was free in time: maxConnections is below the concurrency",
                    error);
        }
        if (error instanceof StreamRefusal.StreamRefusedException) {
            return ApiException.builder(ErrorKind.TRANSPORT, name + " " + about + ": " + words(error))
                    .delivery(Delivery.REFUSED)
                    .cause(error)
                    .build();
        }
        if (error instanceof BodyLimits.BodyTooLongException tooLong) {
            return failureBuilder(ErrorKind.MALFORMED_RESPONSE, error.getMessage(), error)
                    .isTransient(tooLong.isTransient())
                    .build();
        }
        if (isUntrusted(error)) {
            return failureBuilder(
                            ErrorKind.TRANSPORT,
                            "the server's certificate is not trusted: " + words(error)
                                    + "; check the base URL, or trust it by HttpTransport.Builder.trust",
                            error)
                    .isTransient(false)
                    .build();
        }
        if (causedBy(NotSslRecordException.class, error)) { // its message is the server's bytes
            return failureBuilder(
                            ErrorKind.TRANSPORT,
                            "the server does not speak TLS on this port: check the base URL, https or http",
                            error)
                    .isTransient(false)
                    .build();
        }
        if (error instanceof Http2Exception && words(error).startsWith(NO_HTTP2)) { // the rest is the server's bytes
            return failureBuilder(
                            ErrorKind.TRANSPORT,
                            "the server does not speak HTTP/2 without TLS: leave http2WithoutTls out, or check the base URL",
                            error)
                    .isTransient(false)
                    .build();
        }
        if (error instanceof ProxyConnectException) {
            Matcher status = PROXY_STATUS.matcher(words(error));
            String why = status.find() ? status.group(1) : words(error);
            return failureBuilder(ErrorKind.TRANSPORT, "the proxy does not connect: " + why, error)
                    .isTransient(!why.startsWith("4")) // such as 407: it wants other credentials
                    .build();
        }
        if (error instanceof UnresolvedAddressException) { // of any other host it is told by name
            return failure(ErrorKind.TRANSPORT, "the name of the proxy is unknown", error);
        }
        if (causedBy(DecompressionException.class, error)) {
            return failure(ErrorKind.MALFORMED_RESPONSE, "the answer cannot be unpacked: " + words(error), error);
        }
        if ((error instanceof DecoderException && !(error.getCause() instanceof SSLException))
                || error instanceof IllegalArgumentException) {
            return failure(
                    ErrorKind.MALFORMED_RESPONSE,
                    "the answer is not HTTP: " + words(error) + "; check the base URL, its port and http or https",
                    error);
        }
        String what = error instanceof UnknownHostException ? "unknown host: " + words(error) : words(error);
        if (FileDescriptors.areUsedUp(error)) {
            what += "; raise the limit of file descriptors (ulimit -n), lower the concurrency, or use HTTP/2";
        }
        return failure(ErrorKind.TRANSPORT, withProgress(what), error);
    }

    private ApiException failure(ErrorKind kind, @Nullable String what, Throwable cause) {
        return failureBuilder(kind, what, cause).build();
    }

    private ApiException.Builder failureBuilder(ErrorKind kind, @Nullable String what, Throwable cause) {
        String message = name + " " + about + ": " + what;
        if (!sent) {
            return ApiException.builder(kind, message + " (not sent)")
                    .delivery(Delivery.NOT_SENT)
                    .cause(cause);
        }
        return ApiException.builder(kind, message + " (sent, outcome unknown)")
                .delivery(Delivery.UNKNOWN)
                .status(status)
                .requestId(requestId)
                .cause(cause);
    }

    private @Nullable String withProgress(@Nullable String what) {
        BodyCollector partial = body;
        long came = partial == null ? streamedBytes : partial.length();
        return partial == null && came == 0 ? what : what + "; partial answer, " + came + " bytes of its body came";
    }

    private static boolean isUntrusted(Throwable error) {
        return causedBy(CertificateException.class, error)
                || causedBy(CertPathValidatorException.class, error)
                || causedBy(CertPathBuilderException.class, error);
    }

    private static boolean causedBy(Class<? extends Throwable> type, Throwable error) {
        for (Throwable t = error; t != null; t = t.getCause()) {
            if (type.isInstance(t)) {
                return true;
            }
        }
        return false;
    }

    private static String words(Throwable error) {
        String message = error.getMessage();
        return message == null || message.isBlank()
                ? error.getClass().getSimpleName()
                : SYSTEM_CALL.matcher(message).replaceFirst("").trim();
    }
}
