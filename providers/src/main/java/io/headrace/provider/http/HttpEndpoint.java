package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Relay;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.AsciiString;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.transport.AddressUtils;
import reactor.util.context.ContextView;

/** One address of a provider, to post to over its {@link HttpTransport}. Thread-safe. */
final class HttpEndpoint {

    private static final AsciiString USER_AGENT = AsciiString.cached("headrace");

    private final Connector connector;
    private final TimeLimits limits;
    private final BodyLimits bodies;
    private final ConnectionRamp ramp;
    private final String name;
    private final URI uri;
    private final InetSocketAddress address;
    private final String path;
    private final @Nullable String query;
    /** As bytes, for they are the same in every request. */
    private final Map<AsciiString, AsciiString> headers;

    private final Credentials credentials;
    private final Clock clock;

    private volatile HttpClient.@Nullable RequestSender sender;

    HttpEndpoint(
            Connector connector,
            TimeLimits limits,
            BodyLimits bodies,
            String name,
            URI uri,
            Map<String, String> headers,
            Credentials credentials,
            Clock clock) {
        this.connector = connector;
        this.limits = limits;
        this.bodies = bodies;
        this.ramp = connector.ramp(uri);
        this.name = name;
        this.uri = uri;
        this.address = AddressUtils.createUnresolved(uri.getHost(), port(uri));
        this.path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        this.query = uri.getRawQuery();
        this.credentials = credentials;
        this.clock = clock;
        Map<AsciiString, AsciiString> all = new LinkedHashMap<>();
        all.put(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
        all.put(HttpHeaderNames.ACCEPT, HttpHeaderValues.APPLICATION_JSON);
        all.put(HttpHeaderNames.USER_AGENT, USER_AGENT);
        all.putAll(Headers.encoded(headers));
        this.headers = all;
    }

    /** The provider, as error messages name it. */
    String name() {
        return name;
    }

    /**
     * Posts JSON, once for each subscription, and emits the answer, whatever its status, on the event loop that read it. Asks by
     * {@code GET} where there is nothing to post. Cancelling closes the connection; the server may still do the work.
     *
     * <p>With a {@link io.headrace.admission.Grant} in the Reactor {@code Context}, it sends the grant's key. It tells the grant of
     * the rate limits in the head of the answer as soon as the head is there, before anything is emitted.
     *
     * <p>Errors are {@link io.headrace.ApiException}s: {@code TIMEOUT} for a time limit once sending has begun, otherwise
     * {@code TRANSPORT}, and {@code MALFORMED_RESPONSE} for what is not HTTP or too long. Delivery is {@code NOT_SENT} if the request
     * did not leave whole, so that no server can have acted on it. It is {@code REFUSED} if an HTTP/2 server said that it did nothing
     * for it. Otherwise it is {@code UNKNOWN}, and the message says whether part of an answer came.
     *
     * @param about what is asked for, such as the model, for error messages
     * @param body is sent as it is and must not change any more
     * @param length bytes of {@code body} to send, from its start; 0 for a {@code GET}
     */
    Mono<HttpAnswer> post(String about, byte[] body, int length) {
        return Mono.deferContextual(context -> post(about, body, length, context));
    }

    /** One subscription of {@link #post(String, byte[], int)} with {@code context}. */
    Mono<HttpAnswer> post(String about, byte[] body, int length, ContextView context) {
        return answer(
                length == 0 ? request(HttpMethod.GET, about) : sender(about),
                exchange(about, RequestBody.of(body, length), context));
    }

    /** Sends {@code body}, which may be empty, as {@link #post} does. */
    Mono<HttpAnswer> send(HttpMethod method, String about, RequestBody body) {
        return Mono.deferContextual(context -> answer(request(method, about), exchange(about, body, context)));
    }

    /**
     * Posts JSON as {@link #post} does, and reads a body of events as it comes: bytes are taken from the socket only as {@code
     * reader} asks for them. Any other answer is read whole.
     */
    <T> Flux<T> stream(String about, byte[] body, int length, StreamReader<T> reader) {
        return Flux.deferContextual(
                context -> events(sender(about), exchange(about, RequestBody.of(body, length), context), reader));
    }

    /** Asks by {@code GET}, and reads the answer as {@link #stream} does. */
    <T> Flux<T> fetch(String about, StreamReader<T> reader) {
        return Flux.deferContextual(
                context -> events(request(HttpMethod.GET, about), exchange(about, RequestBody.EMPTY, context), reader));
    }

    private Mono<HttpAnswer> answer(HttpClient.RequestSender ready, HttpExchange exchange) {
        ConnectionRamp.Pass pass = ramp.tryEnter();
        return pass != null
                ? post(ready, exchange, pass)
                : ramp.enter().flatMap(admitted -> post(ready, exchange, admitted));
    }

    private <T> Flux<T> events(HttpClient.RequestSender ready, HttpExchange exchange, StreamReader<T> reader) {
        ConnectionRamp.Pass pass = ramp.tryEnter();
        return pass != null
                ? stream(ready, exchange, pass, reader)
                : ramp.enter().flatMapMany(admitted -> stream(ready, exchange, admitted, reader));
    }

    private HttpExchange exchange(String about, RequestBody body, ContextView context) {
        Caller caller;
        try {
            caller = credentials.caller(context, clock);
        } catch (IllegalArgumentException e) {
            throw ApiException.builder(
                            ErrorKind.AUTHENTICATION, name + " " + about + ": not sent, because " + e.getMessage())
                    .delivery(Delivery.NOT_SENT)
                    .build();
        }
        return new HttpExchange(name, about, body, limits, bodies, caller);
    }

    private Mono<HttpAnswer> post(HttpClient.RequestSender sender, HttpExchange exchange, ConnectionRamp.Pass pass) {
        return Relay.around(
                Mono.fromDirect(send(sender, exchange, pass).response(exchange::receive)),
                () -> new ExchangeRelay(exchange, pass));
    }

    /** What {@link ExchangeRelay} does, for an answer in pieces. */
    private <T> Flux<T> stream(
            HttpClient.RequestSender sender, HttpExchange exchange, ConnectionRamp.Pass pass, StreamReader<T> reader) {
        return send(sender, exchange, pass)
                .response((head, content) -> exchange.stream(head, content, reader))
                .doOnCancel(exchange::abandon)
                .contextWrite(ExchangeRelay::forTransport)
                .onErrorMap(exchange::failure)
                .doFinally(signal -> {
                    pass.leave();
                    exchange.end();
                });
    }

    /** Sends as soon as there is a connection, and makes room in the ramp then. */
    private HttpClient.ResponseReceiver<?> send(
            HttpClient.RequestSender sender, HttpExchange exchange, ConnectionRamp.Pass pass) {
        return sender.send((head, out) -> {
            pass.leave();
            if (query != null) {
                HiddenQuery.add(out, query);
            }
            return exchange.send(head, out);
        });
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }

    private HttpClient.RequestSender sender(String about) {
        if (connector.isClosed()) {
            throw Connector.closedException(name, about);
        }
        HttpClient.RequestSender made = sender;
        if (made == null) {
            // two first calls may both get here: both clients are good, and they share the pool
            made = request(HttpMethod.POST, about);
            sender = made;
        }
        return made;
    }

    private HttpClient.RequestSender request(HttpMethod method, String about) {
        return connector
                .client(name, about, uri)
                .headers(h -> headers.forEach(h::set))
                .remoteAddress(() -> address)
                .request(method)
                .uri(path); // a path and an address, for a whole URI would be taken apart for every request
    }

    /** Without headers: they hold keys. */
    @Override
    public String toString() {
        return "HttpEndpoint[" + name + "]";
    }
}
