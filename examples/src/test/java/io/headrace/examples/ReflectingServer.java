package io.headrace.examples;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** A server that says in all its errors which keys it got, in every place where a client might pick it up. */
final class ReflectingServer implements AutoCloseable {

    private static final List<String> CREDENTIALS = List.of("Authorization", "x-api-key", "x-team-secret");

    private static final String ANSWER = """
            {"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"fine"},\
            "finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""";
    private static final String MESSAGE = """
            {"id":"1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"fine"}],\
            "stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}""";

    private final AtomicInteger requests = new AtomicInteger();
    private final DisposableServer server =
            HttpServer.create().host("127.0.0.1").port(0).handle(this::answer).bindNow();

    String url() {
        return "http://127.0.0.1:" + server.port();
    }

    int requests() {
        return requests.get();
    }

    @Override
    public void close() {
        server.disposeNow();
    }

    private Publisher<Void> answer(HttpServerRequest request, HttpServerResponse response) {
        String keys = CREDENTIALS.stream()
                .map(name -> request.requestHeaders().get(name, "none"))
                .collect(Collectors.joining(" ", request.uri() + " ", ""));
        return request.receive()
                .aggregate()
                .asString()
                .defaultIfEmpty("")
                .flatMap(body -> Mono.from(
                        body.contains("\"stream\":true") ? streamed(response, keys) : whole(request, response, keys)));
    }

    private Publisher<Void> whole(HttpServerRequest request, HttpServerResponse response, String keys) {
        String error =
                "{\"error\":{\"message\":\"what is %s\",\"type\":\"%s\",\"code\":\"%s\",\"param\":\"%s\"},\"request_id\":\"%s\"}"
                        .replace("%s", keys);
        int number = requests.getAndIncrement();
        response.header("x-request-id", keys).header("request-id", keys);
        return switch (number % 13) {
            case 0 -> say(response, 401, "application/json", error);
            case 1 -> say(response.header("retry-after", keys), 429, "application/json", error);
            case 2 -> say(response, 500, "text/plain", "y".repeat(480) + keys);
            case 3 -> say(response, 503, "text/html", "<html><head><title>" + keys + "</title></head></html>");
            case 4 ->
                say(
                        response,
                        200,
                        keys.replace(' ', '/'),
                        "{\"id\":\"" + keys + "\",\"choices\":[{\"message\":\"" + keys);
            case 5 ->
                say(response, 200, "application/json", "{\"choices\":\"" + keys + "\",\"content\":\"" + keys + "\"}");
            case 6 -> say(response, 200, "application/json", error);
            case 7 ->
                say(
                        response.header("location", "http://127.0.0.1/?key=" + keys.replace(' ', '+')),
                        302,
                        "text/plain",
                        keys);
            case 8 ->
                say(
                        response,
                        400,
                        "application/json",
                        "{\"detail\":[{\"loc\":[\"" + keys + "\"],\"msg\":\"" + keys + "\"}]}");
            case 9 -> response.withConnection(Connection::dispose).then();
            case 10 -> say(response, 404, "text/plain", keys);
            case 11 -> sayWhatIsNotHttp(response, keys);
            default -> say(response, 200, "application/json", request.uri().contains("messages") ? MESSAGE : ANSWER);
        };
    }

    private Publisher<Void> streamed(HttpServerResponse response, String keys) {
        int number = requests.getAndIncrement();
        String begun =
                "event: message\ndata: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"fi\"}}]}\n\n";
        String error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"" + keys
                + "\"}}\n\n";
        return switch (number % 4) {
            case 0 -> say(response, 200, "text/event-stream", error);
            case 1 -> say(response, 200, "text/event-stream", "event: " + keys + "\ndata: {\"" + keys + "\n\n");
            case 2 -> say(response, 200, "text/event-stream", begun + error);
            default -> say(response, 200, "text/event-stream", begun + "data: " + keys);
        };
    }

    private static Publisher<Void> sayWhatIsNotHttp(HttpServerResponse response, String keys) {
        return response.withConnection(connection -> connection
                        .channel()
                        .pipeline()
                        .firstContext() // the codec stands behind it
                        .writeAndFlush(Unpooled.copiedBuffer(
                                "HTTP/1.1 200 OK\r\n" + keys + ": x\r\n\r\n", StandardCharsets.US_ASCII))
                        .addListener(ChannelFutureListener.CLOSE))
                .then();
    }

    private static Publisher<Void> say(HttpServerResponse response, int status, String type, String body) {
        return response.status(status).header("content-type", type).sendString(Mono.just(body));
    }
}
