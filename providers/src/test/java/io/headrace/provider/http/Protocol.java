package io.headrace.provider.http;

import io.headrace.testkit.SimulatedProvider;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import reactor.core.publisher.Mono;

/** The ways in which client and server may speak, for tests that must hold for each. */
enum Protocol {
    HTTP_1(false, false),
    HTTP_1_TLS(true, false),
    HTTP_2(true, true),
    HTTP_2_PLAIN(false, true);

    private final boolean tls;
    private final boolean http2;

    Protocol(boolean tls, boolean http2) {
        this.tls = tls;
        this.http2 = http2;
    }

    boolean isHttp2() {
        return http2;
    }

    SimulatedProvider.Builder server(int maxStreams) {
        SimulatedProvider.Builder builder = SimulatedProvider.builder();
        if (http2) {
            builder.http2(maxStreams);
        }
        return tls ? builder.tls() : builder;
    }

    /** Settings of a client that speaks so and trusts {@code server}. */
    HttpTransport.Builder client(SimulatedProvider server) {
        HttpTransport.Builder builder = HttpTransport.builder();
        if (http2) {
            builder = tls ? builder.http2() : builder.http2WithoutTls();
        }
        return tls ? builder.trust(server.trust()) : builder;
    }

    static HttpEndpoint endpoint(HttpTransport transport, SimulatedProvider server) {
        return transport.endpoint(
                "p",
                URI.create(server.baseUrl() + "/v1/chat/completions"),
                Map.of("authorization", "Bearer a-long-secret-key"));
    }

    static Mono<HttpAnswer> post(HttpEndpoint endpoint) {
        return post(endpoint, "The duck swims");
    }

    static Mono<HttpAnswer> post(HttpEndpoint endpoint, String text) {
        byte[] request = ("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}")
                .getBytes(StandardCharsets.UTF_8);
        return endpoint.post("m", request, request.length);
    }
}
