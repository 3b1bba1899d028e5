package io.headrace.provider.http;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.test.StepVerifier;

/** Exchanges with servers that answer as a test says, byte by byte. */
abstract class RawExchanges {

    static final byte[] HELLO = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);

    private final List<AutoCloseable> resources = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : resources) {
            resource.close();
        }
    }

    DisposableServer keepServer(DisposableServer server) {
        resources.add(server::disposeNow);
        return server;
    }

    HttpEndpoint endpoint(RawServer server) {
        return endpoint(keep(HttpTransport.create()), server);
    }

    HttpEndpoint endpoint(HttpTransport transport, RawServer server) {
        return transport.endpoint("p", URI.create(server.url() + "/v1"), Map.of());
    }

    HttpEndpoint endpoint(String url) {
        return keep(HttpTransport.create()).endpoint("p", URI.create(url), Map.of());
    }

    HttpTransport keep(HttpTransport transport) {
        resources.add(transport);
        return transport;
    }

    RawServer serve(RawServer.Behaviour behaviour) {
        RawServer server = new RawServer(behaviour);
        resources.add(server);
        return server;
    }

    static Mono<HttpAnswer> post(HttpEndpoint endpoint) {
        return endpoint.post("m", HELLO, HELLO.length);
    }

    static ApiException fail(HttpEndpoint endpoint) {
        return fail(post(endpoint));
    }

    static ApiException fail(Mono<?> call) {
        Throwable[] thrown = new Throwable[1];
        StepVerifier.create(call).consumeErrorWith(e -> thrown[0] = e).verify(ofSeconds(20));
        assertThat(thrown[0]).isInstanceOf(ApiException.class);
        return (ApiException) thrown[0];
    }

    static void assertFailed(ApiException error, ErrorKind kind, Delivery delivery, String words) {
        assertThat(error).hasMessageStartingWith("p").hasMessageContaining(words);
        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.delivery()).isEqualTo(delivery);
        assertThat(error.usage().isKnown()).isEqualTo(delivery == Delivery.NOT_SENT);
    }

    static void awaitNoneOpen(RawServer server) {
        long end = System.nanoTime() + ofSeconds(20).toNanos();
        while (server.open() > 0 && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(1_000_000); // a busy wait would take a core from those it waits for
        }
        assertThat(server.open()).isZero();
    }
}
