package io.headrace.provider.http;

import io.headrace.model.ChatCall;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.DeltaSink;
import io.netty.buffer.ByteBuf;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A chat call of one provider. Without a {@link DeltaSink} it is a {@link JsonCall}; with one it asks for a stream.
 *
 * <p>A stream is read from the socket only as its subscriber asks for deltas: what the provider sends meanwhile waits in the
 * buffers of the connection. Cancelling closes the connection at once. A stream that ends without its end marker, breaks off,
 * or carries an error is an error, never a short answer; so is an event that is not JSON. A server that answers whole
 * although a stream was asked for is understood. Thread-safe.
 */
final class JsonChatCall implements ChatCall {

    /** How long the end of the body may follow the end marker; then the connection is given up, and the answer is good. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final String identity;
    private final HttpEndpoint endpoint;
    private final ChatOperation operation;
    private final JsonCall<ChatRequest, ChatResponse> call;

    /**
     * @param identity see {@link ChatCall#identity}
     * @param key struck out of the server's words
     * @param clock measures waits that the server gives as a date
     */
    JsonChatCall(
            String identity,
            HttpEndpoint endpoint,
            ChatOperation operation,
            ErrorRules rules,
            Secret key,
            Clock clock) {
        this.identity = identity;
        this.endpoint = endpoint;
        this.operation = operation;
        this.call = new JsonCall<>(endpoint, operation, rules, key, clock);
    }

    @Override
    public String identity() {
        return identity;
    }

    @Override
    public String provider() {
        return endpoint.name();
    }

    @Override
    public boolean answersSeveral() {
        return operation.answersSeveral();
    }

    @Override
    public Mono<ChatResponse> apply(ChatRequest request) {
        Objects.requireNonNull(request, "request");
        return Mono.deferContextual(context -> DeltaSink.from(context).isPresent()
                ? ChatCollector.collect(stream(request))
                : call.apply(request, context));
    }

    private Flux<ChatDelta> stream(ChatRequest request) {
        return Flux.defer(() -> {
            JsonCall.Body body = call.encode(request, operation::writeStreamed);
            return endpoint.stream(operation.about(request), body.bytes(), body.size(), new Reader(request));
        });
    }

    @Override
    public String toString() {
        return endpoint.name() + " chat at " + identity;
    }

    private final class Reader implements StreamReader<ChatDelta> {

        private final ChatRequest request;

        Reader(ChatRequest request) {
            this.request = request;
        }

        @Override
        public Flux<ChatDelta> whole(HttpAnswer answer) {
            return call.read(request, answer).flatMapIterable(ChatDelta::of);
        }

        @Override
        public Flux<ChatDelta> events(HttpAnswer head, Flux<ByteBuf> pieces) {
            String requestId = Objects.requireNonNullElse(call.failures().requestId(head), "");
            IncomingChat chat = new IncomingChat(request, head, operation.events(requestId), call.failures());
            Sinks.Empty<Void> marker = Sinks.empty();
            return pieces.map(piece -> {
                        List<ChatDelta> deltas = chat.feed(piece);
                        if (chat.isComplete()) {
                            marker.tryEmitEmpty();
                        }
                        return deltas;
                    })
                    .takeUntilOther(marker.asMono().then(Mono.delay(GRACE)))
                    .concatWith(Mono.fromSupplier(chat::end))
                    .onErrorResume(error -> chat.isComplete() ? Mono.empty() : Mono.error(error))
                    .concatMapIterable(deltas -> deltas, 1);
        }
    }
}
