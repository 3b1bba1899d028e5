package io.headrace.examples;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.Statistics;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * An HTTP service that answers each request by a call: {@code POST /topics} with a text, {@code GET /stats} for what it has
 * done. All requests share one cache and at most 20 of them are with the provider at a time, the others wait in line. A
 * client that goes away cancels its call.
 *
 * <p>Run it with {@code ./headrace --version && java -cp '.headrace/current/*' io.headrace.examples.EmbeddedService 8080}, then
 * {@code curl --data 'The court ruled on the contract.' http://127.0.0.1:8080/topics}. Ctrl-C ends it.
 */
public final class EmbeddedService {

    private final Statistics statistics = Statistics.create();
    private final Call<ChatRequest, ChatResponse> chat;

    EmbeddedService(OpenAi openAi, ResponseCache cache) {
        chat = CallStack.chat(openAi.chat())
                .cache(cache)
                .concurrency(20)
                .listener(statistics)
                .build();
    }

    DisposableServer start(int port) {
        return HttpServer.create()
                .host("127.0.0.1")
                .port(port)
                .route(routes -> routes.post("/topics", this::topics)
                        .get("/stats", (request, response) -> response.sendString(Mono.fromSupplier(this::stats))))
                .bindNow();
    }

    private Publisher<Void> topics(HttpServerRequest request, HttpServerResponse response) {
        Mono<String> topics = request.receive()
                .aggregate()
                .asString()
                .flatMap(text -> chat.apply(prompt(text)))
                .map(ChatResponse::text)
                .onErrorResume(ApiException.class, e -> {
                    response.status(502);
                    return Mono.just("the provider failed: " + e.kind().label());
                });
        return response.sendString(topics);
    }

    private static ChatRequest prompt(String text) {
        return ChatRequest.builder("gpt-4o-mini")
                .system("Name the topics of the text as a JSON array.")
                .user(text)
                .maxOutputTokens(100)
                .build();
    }

    private String stats() {
        var now = statistics.snapshot();
        return "%d calls, %d by the cache, %d attempts, %s USD"
                .formatted(
                        now.calls().total(),
                        now.calls().cached(),
                        now.attempts().sent(),
                        now.cost().usd());
    }

    public static void main(String[] args) {
        int port = args.length > 0 ? Integer.parseInt(args[0]) : 8080;
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build();
                ResponseCache cache = InMemoryCache.create()) {
            DisposableServer server = new EmbeddedService(openAi, cache).start(port);
            System.out.println("listening on http://127.0.0.1:" + server.port());
            server.onDispose().block();
        }
    }
}
