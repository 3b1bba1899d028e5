package io.headrace.provider.openai;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** Answers every request with the same stream, cut into pieces that go out one by one. */
final class StreamServer implements AutoCloseable {

    private volatile List<byte[]> pieces = List.of();
    private volatile boolean breaksOff;
    private volatile boolean holdsOn;
    private volatile String received = "";

    private final DisposableServer server = HttpServer.create()
            .host("127.0.0.1")
            .port(0)
            .handle((request, response) -> request.receive()
                    .aggregate()
                    .asString()
                    .doOnNext(body -> received = body)
                    .then(response.header("content-type", "text/event-stream; charset=utf-8")
                            .header("x-request-id", "req_7")
                            .send(
                                    Flux.fromIterable(pieces)
                                            .concatWith(holdsOn ? Flux.never() : Flux.empty())
                                            .map(Unpooled::wrappedBuffer),
                                    piece -> true)
                            .then()
                            .then(
                                    breaksOff
                                            ? Mono.fromRunnable(() -> request.withConnection(Connection::dispose))
                                            : Mono.empty())))
            .bindNow();

    String url() {
        return "http://127.0.0.1:" + server.port() + "/v1";
    }

    /** The body of the last request. */
    String received() {
        return received;
    }

    void answer(String stream, int pieceBytes) {
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        List<byte[]> cut = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += Math.min(pieceBytes, bytes.length - at)) {
            cut.add(Arrays.copyOfRange(bytes, at, at + Math.min(pieceBytes, bytes.length - at)));
        }
        pieces = cut;
    }

    /** Closes the connection behind the pieces, without the end of the body. */
    void breakOff(boolean breaksOff) {
        this.breaksOff = breaksOff;
    }

    /** Never ends the body behind the pieces. */
    void holdOn() {
        this.holdsOn = true;
    }

    @Override
    public void close() {
        server.disposeNow();
    }
}
