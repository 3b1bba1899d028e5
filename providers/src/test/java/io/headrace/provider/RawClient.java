package io.headrace.provider;

import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;
import reactor.netty.http.client.HttpClient;

/** Posts JSON to a simulated provider and shows the answer as it came. */
public final class RawClient {

    /** An answer with any status. */
    public record Answer(int status, String body) {

        /** The data of the events in a stream, in their order. */
        public List<String> events() {
            return body.lines()
                    .filter(line -> line.startsWith("data: "))
                    .map(line -> line.substring(6))
                    .toList();
        }
    }

    private final HttpClient client;

    public RawClient(SimulatedProvider provider, Map<String, String> headers) {
        this.client = HttpClient.create()
                .baseUrl(provider.baseUrl())
                .headers(head -> headers.forEach(head::set))
                .headers(head -> head.set("content-type", "application/json"));
    }

    public Answer post(String path, String body) {
        return client.post()
                .uri(path)
                .send(ByteBufFlux.fromString(Mono.just(body)))
                .responseSingle((head, content) -> content.asString()
                        .defaultIfEmpty("")
                        .map(text -> new Answer(head.status().code(), text)))
                .block(Duration.ofSeconds(20));
    }
}
