package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.Http2AllocationStrategy;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.tcp.DefaultSslContextSpec;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;

/** TLS, HTTP/2, gzip and the counters of connections, driven by a plain Reactor Netty client. */
class ListenerTest {

    /** The ways in which a client may speak. */
    enum Way {
        HTTP_1,
        HTTP_1_TLS,
        HTTP_2,
        HTTP_2_TLS;

        boolean isHttp2() {
            return this == HTTP_2 || this == HTTP_2_TLS;
        }

        SimulatedProvider.Builder provider(int maxStreams) {
            SimulatedProvider.Builder builder = SimulatedProvider.builder();
            if (this == HTTP_1_TLS || this == HTTP_2_TLS) {
                builder.tls();
            }
            return isHttp2() ? builder.http2(maxStreams) : builder;
        }
    }

    private final List<AutoCloseable> resources = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : resources) {
            resource.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyWayOfSpeaking_isAnswered(Way way) {
        SimulatedProvider provider = start(way.provider(100));

        assertThat(ask(client(provider, way), "The duck").block(Client.SOON)).contains("duck");

        assertThat(provider.connections().opened()).isEqualTo(1);
        assertThat(provider.connections().maxStreams()).isEqualTo(way.isHttp2() ? 1 : 0);
        assertThat(provider.baseUrl()).startsWith(way.name().endsWith("TLS") ? "https://" : "http://");
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1", "HTTP_2_TLS"})
    void fiveThousandOpenRequests_areHeld(Way way) {
        assumeThat(ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
                        .getMaxFileDescriptorCount())
                .as("file descriptors")
                .isGreaterThan(11_000);
        int requests = 5_000;
        SimulatedProvider provider = start(way.provider(1_000));
        provider.failWhen(request -> true, Fault.stall());
        HttpClient client = client(provider, way);

        Disposable calls = Flux.range(0, requests)
                .flatMap(i -> ask(client, "The duck " + i), requests, 1)
                .subscribe();
        await(() -> provider.statistics().inFlight() == requests);
        calls.dispose();
        await(() -> provider.statistics().inFlight() == 0);

        ConnectionStatistics connections = provider.connections();
        assertThat(connections.failedHandshakes()).isZero();
        assertThat(connections.opened()).isEqualTo(way.isHttp2() ? 5 : requests);
        assertThat(connections.maxStreams()).isEqualTo(way.isHttp2() ? 1_000 : 0);
    }

    @Test
    void gzip_isForThoseWhoAcceptIt() {
        SimulatedProvider provider = start(SimulatedProvider.builder().gzip());
        HttpClient client = client(provider, Way.HTTP_1);

        assertThat(encoding(client.headers(h -> h.set(HttpHeaderNames.ACCEPT_ENCODING, "gzip"))))
                .isEqualTo("gzip");
        assertThat(encoding(client)).isEmpty();
    }

    @Test
    void failedHandshakes_areCounted() {
        SimulatedProvider provider = start(SimulatedProvider.builder().tls());
        HttpClient untrusting = HttpClient.create().baseUrl(provider.baseUrl());

        assertThatThrownBy(() -> ask(untrusting, "x").block(Client.SOON)).hasMessageContaining("certification path");
        assertThatThrownBy(() -> ask(HttpClient.create().baseUrl("http://127.0.0.1:" + provider.port()), "x")
                        .block(Client.SOON))
                .isNotNull();

        // the client hears of the first while the server may still be at it
        await(() -> provider.connections().failedHandshakes() == 2);
        await(() -> provider.connections().open() == 0);
        assertThat(provider.statistics().requests()).isZero();
    }

    @Test
    void dropConnections_breaksThemAll() {
        SimulatedProvider provider = start(SimulatedProvider.builder().latency(Latency.fixed(Duration.ofMinutes(1))));
        HttpClient client = client(provider, Way.HTTP_1);
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 20; i++) {
            ask(client, "x").subscribe(null, errors::add);
        }
        await(() -> provider.statistics().inFlight() == 20);

        provider.dropConnections();

        await(() -> errors.size() == 20);
        await(() -> provider.connections().open() == 0);
        ask(client, "x").subscribe();
        await(() -> provider.statistics().inFlight() == 1);
    }

    @Test
    void certificate_isForThoseWithTls() {
        SimulatedProvider plain = start(SimulatedProvider.builder());
        assertThatThrownBy(plain::certificate).hasMessageContaining("tls()");
        assertThatThrownBy(plain::trust).hasMessageContaining("tls()");
        assertThat(start(SimulatedProvider.builder().tls()).certificate()).startsWith("-----BEGIN CERTIFICATE-----");
        assertThatThrownBy(() -> SimulatedProvider.builder().http2(0)).hasMessageContaining("maxStreams");
    }

    private SimulatedProvider start(SimulatedProvider.Builder builder) {
        SimulatedProvider provider = builder.start();
        resources.add(provider);
        return provider;
    }

    private HttpClient client(SimulatedProvider provider, Way way) {
        ConnectionProvider pool = ConnectionProvider.builder("test")
                .pendingAcquireMaxCount(-1)
                .allocationStrategy(Http2AllocationStrategy.builder()
                        .maxConnections(10_000)
                        .strictConnectionReuse(true)
                        .build())
                .build();
        resources.add(0, pool::dispose);
        HttpClient client = HttpClient.create(pool).baseUrl(provider.baseUrl()).disableRetry(true);
        return switch (way) {
            case HTTP_1 -> client;
            case HTTP_1_TLS -> secured(client, provider, DefaultSslContextSpec.forClient());
            case HTTP_2 -> client.protocol(HttpProtocol.H2C);
            case HTTP_2_TLS ->
                secured(client, provider, Http2SslContextSpec.forClient()).protocol(HttpProtocol.H2);
        };
    }

    private static HttpClient secured(HttpClient client, SimulatedProvider provider, GenericSslContextSpec<?> context) {
        if (context instanceof Http2SslContextSpec http2) {
            http2.configure(builder -> builder.trustManager(provider.trust()));
        } else if (context instanceof DefaultSslContextSpec http1) {
            http1.configure(builder -> builder.trustManager(provider.trust()));
        }
        return client.secure(spec -> spec.sslContext(context).handshakeTimeout(Duration.ofMinutes(1)));
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Client.SOON.toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(1_000_000); // a busy wait would take a core from those it waits for
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    private static String encoding(HttpClient client) {
        return send(client, "x")
                .responseSingle((response, content) ->
                        Mono.just(response.responseHeaders().get(HttpHeaderNames.CONTENT_ENCODING, "")))
                .block(Client.SOON);
    }

    private static Mono<String> ask(HttpClient client, String text) {
        return send(client, text).responseSingle((response, content) -> content.asString());
    }

    private static HttpClient.ResponseReceiver<?> send(HttpClient client, String text) {
        return client.headers(h -> h.set(HttpHeaderNames.AUTHORIZATION, "Bearer key"))
                .post()
                .uri(Client.OPENAI)
                .send(Mono.fromSupplier(() -> Unpooled.copiedBuffer(Client.openAi(text), StandardCharsets.UTF_8)));
    }
}
