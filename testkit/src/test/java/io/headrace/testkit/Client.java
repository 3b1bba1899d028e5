package io.headrace.testkit;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A raw Reactor Netty client for one simulated provider; holds two threads until closed. */
final class Client implements AutoCloseable {

    static final String OPENAI = "/v1/chat/completions";
    static final String ANTHROPIC = "/v1/messages";
    static final Duration SOON = Duration.ofSeconds(60);

    private static final JsonMapper JSON = JsonMapper.shared();

    record Answer(int status, HttpHeaders headers, String body) {

        JsonNode json() {
            return JSON.readTree(body);
        }

        String text() {
            JsonNode json = json();
            return json.has("choices")
                    ? json.at("/choices/0/message/content").asString()
                    : json.at("/content/0/text").asString();
        }
    }

    private final ConnectionProvider connections;
    private final LoopResources loops = LoopResources.create("test-client", 2, true);
    private final HttpClient http;

    Client(SimulatedProvider provider) {
        this(provider, 50);
    }

    Client(SimulatedProvider provider, int maxConnections) {
        connections = ConnectionProvider.builder("test")
                .maxConnections(maxConnections)
                .pendingAcquireMaxCount(-1)
                .build();
        http = HttpClient.create(connections)
                .runOn(loops)
                .baseUrl(provider.baseUrl())
                .disableRetry(true);
    }

    static String openAi(String system, String user) {
        return JSON.writeValueAsString(Map.of("model", "gpt-4o-mini", "messages", new Object[] {
            Map.of("role", "system", "content", system), Map.of("role", "user", "content", user),
        }));
    }

    static String openAi(String user) {
        return "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"" + user + "\"}]}";
    }

    static String anthropic(String user) {
        return "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\""
                + user + "\"}]}";
    }

    /** Posts with all the headers that both wires want. */
    Mono<Answer> post(String path, String body) {
        return post(path, body, Map.of("authorization", "Bearer key", "anthropic-version", "2023-06-01"));
    }

    Mono<Answer> post(String path, String body, Map<String, String> headers) {
        return http.headers(h -> headers.forEach(h::set))
                .post()
                .uri(path)
                .send(Mono.fromSupplier(() -> Unpooled.copiedBuffer(body, StandardCharsets.UTF_8)))
                .responseSingle((response, content) -> content.asString()
                        .defaultIfEmpty("")
                        .map(text -> new Answer(response.status().code(), response.responseHeaders(), text)));
    }

    Mono<Answer> get(String path) {
        return get(path, Map.of());
    }

    Mono<Answer> get(String path, Map<String, String> headers) {
        return http.headers(h -> headers.forEach(h::set))
                .get()
                .uri(path)
                .responseSingle((response, content) -> content.asString()
                        .defaultIfEmpty("")
                        .map(text -> new Answer(response.status().code(), response.responseHeaders(), text)));
    }

    /** With the key of {@link #post(String, String)}. */
    Mono<Void> delete(String path) {
        return http.headers(h -> h.set("authorization", "Bearer key"))
                .delete()
                .uri(path)
                .response()
                .then();
    }

    Answer ask(String path, String body) {
        return post(path, body).block(SOON);
    }

    @Override
    public void close() {
        connections.disposeLater().then(loops.disposeLater(Duration.ZERO, SOON)).block(SOON);
    }
}
