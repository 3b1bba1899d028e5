package io.headrace.provider.http;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerResponse;

/** A well-behaved HTTP server on loopback that answers from a script and remembers what it was asked. */
public final class LoopbackServer implements AutoCloseable {

    /** What came in. */
    public record Received(String path, HttpHeaders headers, String body) {}

    /** What goes out. */
    public record Reply(int status, String body, List<String> headers) {

        public Reply(int status, String body, String... headers) {
            this(status, body, List.of(headers));
        }
    }

    private final Queue<Reply> script = new ConcurrentLinkedQueue<>();
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final DisposableServer server;
    private volatile Reply otherwise = new Reply(404, "");

    public LoopbackServer() {
        this.server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> request.receive()
                        .aggregate()
                        .asString()
                        .defaultIfEmpty("")
                        .flatMap(body -> {
                            received.add(new Received(
                                    request.uri(), request.requestHeaders().copy(), body));
                            Reply next = script.poll();
                            return send(response, next == null ? otherwise : next);
                        }))
                .bindNow();
    }

    private static Mono<Void> send(HttpServerResponse response, Reply reply) {
        response.status(reply.status());
        for (int i = 0; i < reply.headers().size(); i += 2) {
            response.header(reply.headers().get(i), reply.headers().get(i + 1));
        }
        return response.sendString(Mono.just(reply.body())).then();
    }

    /** Answers the next request so, before {@link #always}. */
    public LoopbackServer next(Reply reply) {
        script.add(reply);
        return this;
    }

    public LoopbackServer always(Reply reply) {
        otherwise = reply;
        return this;
    }

    public String url() {
        return "http://127.0.0.1:" + server.port();
    }

    public List<Received> received() {
        return received;
    }

    @Override
    public void close() {
        server.disposeNow();
    }
}
