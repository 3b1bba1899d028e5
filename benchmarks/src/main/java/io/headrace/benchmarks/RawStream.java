package io.headrace.benchmarks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** What somebody writes round Reactor Netty to read a streamed chat completion: lines, events, the text of each, the end marker. */
final class RawStream {

    private static final JsonFactory JSON = new JsonFactory();

    private final StringBuilder text = new StringBuilder();
    private byte[] line = new byte[1024];
    private int length;
    private boolean done;

    private RawStream() {}

    static Mono<String> text(HttpClient client, String prompt) {
        return Mono.defer(() -> {
            RawStream stream = new RawStream();
            byte[] request = RawClient.streamedRequest(prompt);
            return client.post()
                    .uri("/v1/chat/completions")
                    .send(Mono.just(Unpooled.wrappedBuffer(request)))
                    .response((response, content) -> response.status().code() == 200
                            ? content.doOnNext(stream::read)
                            : Flux.<ByteBuf>error(new IllegalStateException("status " + response.status())))
                    .then(Mono.fromSupplier(stream::finished));
        });
    }

    private void read(ByteBuf bytes) {
        while (bytes.isReadable()) {
            byte next = bytes.readByte();
            if (next == '\n') {
                event();
                length = 0;
            } else if (next != '\r') {
                if (length == line.length) {
                    line = Arrays.copyOf(line, 2 * length);
                }
                line[length++] = next;
            }
        }
    }

    private void event() {
        if (length < 6 || line[0] != 'd' || line[4] != ':') {
            return;
        }
        if (line[6] == '[') {
            done = new String(line, 6, length - 6, StandardCharsets.US_ASCII).equals("[DONE]");
            return;
        }
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), line, 6, length - 6)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.PROPERTY_NAME
                        && parser.currentName().equals("content")) {
                    text.append(parser.nextStringValue());
                }
            }
        }
    }

    private String finished() {
        if (!done) {
            throw new IllegalStateException("the stream ended without its marker");
        }
        return text.toString();
    }
}
