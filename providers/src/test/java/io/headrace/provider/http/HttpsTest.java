package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.test.StepVerifier;

class HttpsTest {

    private static final byte[] HELLO = "{}".getBytes(StandardCharsets.UTF_8);

    @Test
    void trustedServer_answers() throws Exception {
        DisposableServer server = serve("loopback.p12");
        try (HttpTransport transport = trusting("loopback.p12")) {
            HttpEndpoint endpoint = endpoint(transport, server.port());
            StepVerifier.create(Flux.range(0, 20).flatMap(i -> endpoint.post("m", HELLO, HELLO.length), 10, 1))
                    .expectNextCount(20)
                    .verifyComplete();
        } finally {
            server.disposeNow();
        }
    }

    @Test
    void untrustedServer_isNotSentToAndNotRetried() throws Exception {
        DisposableServer server = serve("loopback.p12");
        try (HttpTransport transport = HttpTransport.create()) {
            ApiException error = fail(endpoint(transport, server.port()));
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error.isTransient()).isFalse();
            assertThat(error).hasMessageContaining("not trusted");
        } finally {
            server.disposeNow();
        }
    }

    @Test
    void trustedCertificateOfAnotherHost_isNotSentTo() throws Exception {
        DisposableServer server = serve("elsewhere.p12");
        try (HttpTransport transport = trusting("elsewhere.p12")) {
            ApiException error = fail(endpoint(transport, server.port()));
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error.isTransient()).isFalse();
        } finally {
            server.disposeNow();
        }
    }

    @Test
    void silentHandshake_timesOutAsNotSent() throws Exception {
        try (RawServer server = new RawServer(RawServer.Peer::awaitEnd);
                HttpTransport transport = HttpTransport.builder()
                        .connectTimeout(Duration.ofMillis(200))
                        .build()) {
            ApiException error =
                    fail(endpoint(transport, URI.create(server.url()).getPort()));
            assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error.isTransient()).isTrue();
        }
    }

    @Test
    void serverWithoutTls_isNotSentToAndNotRetried() {
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> response.sendString(Mono.just("{}")))
                .bindNow();
        try (HttpTransport transport = HttpTransport.create()) {
            ApiException error = fail(endpoint(transport, server.port()));
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error.isTransient()).isFalse();
            assertThat(error).hasMessageContaining("does not speak TLS");
        } finally {
            server.disposeNow();
        }
    }

    private static ApiException fail(HttpEndpoint endpoint) {
        Throwable[] thrown = new Throwable[1];
        StepVerifier.create(endpoint.post("m", HELLO, HELLO.length))
                .consumeErrorWith(e -> thrown[0] = e)
                .verify(Duration.ofSeconds(20));
        assertThat(thrown[0]).isInstanceOf(ApiException.class);
        return (ApiException) thrown[0];
    }

    private static HttpEndpoint endpoint(HttpTransport transport, int port) {
        return transport.endpoint("p", URI.create("https://127.0.0.1:" + port + "/"), Map.of());
    }

    private static HttpTransport trusting(String store) throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(certificates(store));
        SslContext context = SslContextBuilder.forClient().trustManager(trust).build();
        UnaryOperator<HttpClient> secured = client -> client.secure(spec -> spec.sslContext(context));
        return HttpTransport.builder().customize(secured).build();
    }

    private static DisposableServer serve(String store) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(keyStore(store), "loopback".toCharArray());
        SslContext context = SslContextBuilder.forServer(keys).build();
        return HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .secure(spec -> spec.sslContext(context))
                .handle((request, response) -> response.sendString(Mono.just("{}")))
                .bindNow();
    }

    private static KeyStore certificates(String store) throws Exception {
        KeyStore from = keyStore(store);
        KeyStore to = KeyStore.getInstance("PKCS12");
        to.load(null, null);
        String alias = from.aliases().nextElement();
        to.setCertificateEntry(alias, from.getCertificate(alias));
        return to;
    }

    private static KeyStore keyStore(String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = HttpsTest.class.getResourceAsStream("/" + name)) {
            store.load(in, "loopback".toCharArray());
        }
        return store;
    }
}
