package io.headrace.benchmarks;

import io.netty.buffer.Unpooled;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The yardstick: Reactor Netty with {@code flatMap}, the same JSON in and out, the same lines in the output file, and nothing else: no
 * retry, no cache, no journal, no accounting.
 *
 * <p>Arguments: base URL, input file (JSON Lines with {@code id} and {@code text}), output directory, concurrency.
 */
public final class RawClient {

    private static final JsonFactory JSON = new JsonFactory();

    private RawClient() {}

    public static void main(String[] args) throws IOException {
        Measure measure = Measure.start();
        String baseUrl = args[0];
        Path input = Path.of(args[1]);
        Path output = Files.createDirectories(Path.of(args[2])).resolve("results.jsonl");
        int concurrency = Integer.parseInt(args[3]);

        ConnectionProvider pool = ConnectionProvider.builder("raw")
                .maxConnections(2 * concurrency)
                .pendingAcquireMaxCount(-1)
                .build();
        HttpClient client = HttpClient.create(pool)
                .baseUrl(baseUrl)
                .headers(headers ->
                        headers.set("Authorization", "Bearer benchmark").set("Content-Type", "application/json"));

        long items;
        long[] ordinal = new long[1];
        try (OutputStream results = new BufferedOutputStream(Files.newOutputStream(output), 1 << 16)) {
            items = Objects.requireNonNull(lines(input)
                    .limitRate(256)
                    .flatMap(line -> answer(client, line, ordinal[0]++), concurrency, 1)
                    .doOnNext(result -> write(results, result))
                    .count()
                    .block());
        }
        measure.print(items);
        pool.dispose();
    }

    private static Flux<String> lines(Path input) {
        return Flux.using(
                () -> Files.newBufferedReader(input),
                reader -> Flux.generate(sink -> {
                    String line = read(reader);
                    if (line == null) {
                        sink.complete();
                    } else {
                        sink.next(line);
                    }
                }),
                reader -> {
                    try {
                        reader.close();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    private static String read(BufferedReader reader) {
        try {
            return reader.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Mono<byte[]> answer(HttpClient client, String line, long ordinal) {
        String id = "";
        String text = "";
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), line)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.PROPERTY_NAME) {
                    String name = parser.currentName();
                    String value = parser.nextStringValue();
                    if (name.equals("id")) {
                        id = value;
                    } else if (name.equals("text")) {
                        text = value;
                    }
                }
            }
        }
        String itemId = id;
        long start = System.nanoTime();
        return client.post()
                .uri("/v1/chat/completions")
                .send(Mono.just(Unpooled.wrappedBuffer(request(text))))
                .responseSingle((response, body) -> response.status().code() == 200
                        ? body.asByteArray()
                        : Mono.error(new IllegalStateException("status " + response.status())))
                .map(body -> result(itemId, ordinal, System.nanoTime() - start, body));
    }

    static byte[] request(String text) {
        return request(text, false);
    }

    static byte[] streamedRequest(String text) {
        return request(text, true);
    }

    private static byte[] request(String text, boolean streamed) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            json.writeStartObject();
            json.writeStringProperty("model", HeadraceClient.MODEL);
            json.writeArrayPropertyStart("messages");
            json.writeStartObject();
            json.writeStringProperty("role", "user");
            json.writeStringProperty("content", text);
            json.writeEndObject();
            json.writeEndArray();
            json.writeNumberProperty("max_completion_tokens", 64);
            if (streamed) {
                json.writeBooleanProperty("stream", true);
            }
            json.writeEndObject();
        }
        return out.toByteArray();
    }

    static byte[] result(String id, long ordinal, long nanos, byte[] body) {
        String content = "";
        long input = 0;
        long output = 0;
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), body)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.PROPERTY_NAME) {
                    switch (parser.currentName()) {
                        case "content" -> content = parser.nextStringValue();
                        case "prompt_tokens" -> input = parser.nextLongValue(0);
                        case "completion_tokens" -> output = parser.nextLongValue(0);
                        default -> {}
                    }
                }
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            json.writeStartObject();
            json.writeStringProperty("id", id);
            json.writeNumberProperty("ordinal", ordinal);
            json.writeStringProperty("value", content);
            json.writeNumberProperty("durationMs", TimeUnit.NANOSECONDS.toMillis(nanos));
            json.writeNumberProperty("queueMs", 0);
            json.writeNumberProperty("attempts", 1);
            json.writeBooleanProperty("cached", false);
            json.writeNumberProperty("inputTokens", input);
            json.writeNumberProperty("outputTokens", output);
            json.writeNullProperty("costUsd");
            json.writeEndObject();
        }
        out.write('\n');
        return out.toByteArray();
    }

    private static void write(OutputStream results, byte[] line) {
        try {
            results.write(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
