package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.core.JsonGenerator;

/** The paths on which a simulated provider is told what to do and asked what it did. Thread-safe. */
final class ControlPath {

    private static final String SCRIPT = "/simulator/script";
    private static final String STATISTICS = "/simulator/statistics";

    private final Simulation simulation;

    ControlPath(Simulation simulation) {
        this.simulation = simulation;
    }

    static boolean isMeant(HttpServerRequest request) {
        return request.uri().startsWith("/simulator/");
    }

    Publisher<Void> serve(HttpServerRequest request, HttpServerResponse response) {
        if (request.uri().equals(SCRIPT) && request.method().equals(HttpMethod.POST)) {
            return request.receive()
                    .aggregate()
                    .asString(StandardCharsets.UTF_8)
                    .defaultIfEmpty("")
                    .flatMap(json -> play(json, response));
        }
        if (request.uri().equals(STATISTICS) && request.method().equals(HttpMethod.GET)) {
            String key = Wire.bearer(request.requestHeaders());
            return send(
                    response, 200, key == null ? simulation.quotas.statistics() : simulation.quotas.statistics(key));
        }
        return problem(response, 404, "there are POST " + SCRIPT + " and GET " + STATISTICS);
    }

    private Mono<Void> play(String json, HttpServerResponse response) {
        try {
            simulation.quotas.play(SimulatorScript.parse(json));
        } catch (IllegalArgumentException e) {
            return problem(response, 400, String.valueOf(e.getMessage()));
        }
        return response.status(204).send();
    }

    private static Mono<Void> problem(HttpServerResponse response, int status, String message) {
        return send(response, status, Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("error", message);
            json.writeEndObject();
        }));
    }

    private static Mono<Void> send(HttpServerResponse response, int status, QuotaStatistics statistics) {
        return send(response, status, Json.write(json -> write(json, statistics)));
    }

    private static Mono<Void> send(HttpServerResponse response, int status, byte[] json) {
        return response.status(status)
                .header(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                .send(Mono.just(Unpooled.wrappedBuffer(json)))
                .then();
    }

    private static void write(JsonGenerator json, QuotaStatistics statistics) {
        json.writeStartObject();
        json.writeNumberProperty("granted", statistics.granted());
        json.writeNumberProperty("refused", statistics.refused());
        json.writeNumberProperty("inputTokens", statistics.inputTokens());
        json.writeNumberProperty("outputTokens", statistics.outputTokens());
        json.writeNumberProperty("refusedTokens", statistics.refusedTokens());
        json.writeObjectPropertyStart("offered");
        for (Dimension dimension : Dimension.values()) {
            double offered = statistics.offered().getOrDefault(dimension, Double.POSITIVE_INFINITY);
            if (Double.isFinite(offered)) {
                json.writeNumberProperty(name(dimension), offered);
            }
        }
        json.writeEndObject();
        json.writeObjectPropertyStart("tokensByModel");
        statistics.tokensByModel().forEach(json::writeNumberProperty);
        json.writeEndObject();
        json.writeArrayPropertyStart("seconds");
        for (QuotaStatistics.Second second : statistics.seconds()) {
            json.writeStartObject();
            json.writeNumberProperty("second", second.second());
            json.writeNumberProperty("granted", second.granted());
            json.writeNumberProperty("refused", second.refused());
            json.writeNumberProperty("tokens", second.tokens());
            json.writeNumberProperty("refusedTokens", second.refusedTokens());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    /** As in a script, such as {@code inputTokens}. */
    private static String name(Dimension dimension) {
        return switch (dimension) {
            case REQUESTS -> "requests";
            case TOKENS -> "tokens";
            case INPUT_TOKENS -> "inputTokens";
            case OUTPUT_TOKENS -> "outputTokens";
        };
    }
}
