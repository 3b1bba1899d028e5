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
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/**
 * An HTTP service with one cache and one limit for all its requests; a client that goes away cancels its call. After {@code ./headrace}
 * has built: {@code java -cp '.headrace/current/*' io.headrace.examples.EmbeddedService}, then {@code curl -d 'The court ruled.'
 * http://127.0.0.1:8080/topics}.
 */
public final class EmbeddedService {

    static DisposableServer start(int port, OpenAi openAi, ResponseCache cache) {
        var statistics = Statistics.create();
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat())
                .cache(cache)
                .concurrency(20)
                .listener(statistics)
                .build();
        var server = HttpServer.create().host("127.0.0.1").port(port).route(routes -> {
            routes.post("/topics", (request, response) -> {
                var prompt = ChatRequest.builder("gpt-4o-mini").system("Name the topics of the text as a JSON array.");
                var text = request.receive().aggregate().asString();
                var answer = text.flatMap(it -> chat.apply(prompt.user(it).build()));
                return response.sendString(answer.map(ChatResponse::text).onErrorResume(ApiException.class, e -> {
                    response.status(502);
                    return Mono.just("the provider failed: " + e.kind().label());
                }));
            });
            routes.get("/stats", (request, response) -> {
                var calls = statistics.snapshot().calls();
                return response.sendString(Mono.just(calls.total() + " calls, " + calls.cached() + " by the cache"));
            });
        });
        return server.bindNow();
    }

    public static void main(String[] args) {
        int port = args.length > 0 ? Integer.parseInt(args[0]) : 8080;
        try (var provider = SimulatedProvider.builder().requireKey(false).start();
                var openAi =
                        OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").build();
                var cache = InMemoryCache.create()) {
            var server = start(port, openAi, cache);
            System.out.println("listening on http://127.0.0.1:" + server.port());
            server.onDispose().block();
        }
    }
}
