package io.headrace.testkit;

import io.netty.handler.codec.http.QueryStringDecoder;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** The paths of files and batches of a simulated provider. Thread-safe. */
final class BatchPaths {

    private final Simulation simulation;
    private final BatchStore store;
    private final OpenAiBatches openAi;
    private final AnthropicBatches anthropic;

    BatchPaths(Simulation simulation, BatchStore store) {
        this.simulation = simulation;
        this.store = store;
        this.openAi = new OpenAiBatches(store);
        this.anthropic = new AnthropicBatches(store);
    }

    static boolean isMeant(HttpServerRequest request) {
        String uri = request.uri();
        return isBelow(OpenAiBatches.FILES, uri)
                || isBelow(OpenAiBatches.BATCHES, uri)
                || isBelow(AnthropicBatches.BATCHES, uri);
    }

    private static boolean isBelow(String path, String uri) {
        return uri.startsWith(path) && (uri.length() == path.length() || "/?".indexOf(uri.charAt(path.length())) >= 0);
    }

    Mono<Void> serve(HttpServerRequest request, HttpServerResponse response) {
        QueryStringDecoder uri = new QueryStringDecoder(request.uri());
        boolean isAnthropic = uri.path().startsWith(AnthropicBatches.BATCHES);
        @Nullable
        BatchAction action =
                isAnthropic ? anthropic.at(request.method(), uri.path()) : openAi.at(request.method(), uri.path());
        Wire wire = isAnthropic ? anthropic.wire() : openAi.wire();
        return BatchExchange.serve(simulation, store, wire, action, uri, request, response);
    }
}
