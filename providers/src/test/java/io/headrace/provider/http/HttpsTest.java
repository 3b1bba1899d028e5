package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.testkit.SimulatedProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.tcp.DefaultSslContextSpec;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;
import reactor.test.StepVerifier;

@Timeout(60)
class HttpsTest {

    private static final byte[] HELLO = "{}".getBytes();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void certificateOfAPemFile_isTrusted(boolean http2, @TempDir Path folder) throws IOException {
        try (SimulatedProvider server =
                SimulatedProvider.builder().tls().http2(10).start()) {
            Path pem = Files.writeString(folder.resolve("ca.pem"), server.certificate());
            HttpTransport.Builder settings = HttpTransport.builder().trust(pem);
            try (HttpTransport transport = (http2 ? settings.http2() : settings).build()) {
                StepVerifier.create(Protocol.post(Protocol.endpoint(transport, server)))
                        .assertNext(answer -> assertThat(answer.status()).isEqualTo(200))
                        .verifyComplete();
            }
            assertThat(server.connections().maxStreams()).isEqualTo(http2 ? 1 : 0);
        }
    }

    @Test
    void fileWithoutCertificates_isRefusedAtOnce(@TempDir Path folder) throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.pem"));
        Path garbage = Files.writeString(folder.resolve("garbage.pem"), "-----BEGIN CERTIFICATE-----\nx\n");
        HttpTransport.Builder settings = HttpTransport.builder();

        assertThatThrownBy(() -> settings.trust(empty)).hasMessageContaining("no certificate is in " + empty);
        assertThatThrownBy(() -> settings.trust(garbage)).hasMessageContaining(garbage.toString());
        assertThatThrownBy(() -> settings.trust(folder.resolve("none.pem"))).hasMessageContaining("none.pem");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void untrustedServer_isNotSentToAndNotRetried(boolean http2) {
        try (SimulatedProvider server =
                        SimulatedProvider.builder().tls().http2(10).start();
                HttpTransport transport = (http2 ? HttpTransport.builder().http2() : HttpTransport.builder()).build()) {
            ApiException error = failure(Protocol.post(Protocol.endpoint(transport, server)));
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error.isTransient()).isFalse();
            assertThat(error).hasMessageContaining("not trusted").hasMessageContaining("HttpTransport.Builder.trust");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trustedCertificateOfAnotherHost_isNotSentTo(boolean http2) throws Exception {
        X509Bundle elsewhere = new CertificateBuilder()
                .subject("CN=elsewhere")
                .ecp256()
                .addSanDnsName("elsewhere.example")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        GenericSslContextSpec<?> context = DefaultSslContextSpec.forServer(elsewhere.toKeyManagerFactory());
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .secure(spec -> spec.sslContext(context))
                .handle((request, response) -> response.sendString(Mono.just("{}")))
                .bindNow();
        HttpTransport.Builder settings = HttpTransport.builder().trust(elsewhere.toTrustManagerFactory());
        try (HttpTransport transport = (http2 ? settings.http2() : settings).build()) {
            ApiException error = failure(post(transport, server.port()));
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
                    failure(post(transport, URI.create(server.url()).getPort()));
            assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error.isTransient()).isTrue();
        }
    }

    @Test
    void serverWithoutTls_isNotSentToAndNotRetried() {
        try (SimulatedProvider server = SimulatedProvider.builder().start();
                HttpTransport transport = HttpTransport.create()) {
            ApiException error = failure(post(transport, server.port()));
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error.isTransient()).isFalse();
            assertThat(error).hasMessageContaining("does not speak TLS");
        }
    }

    private static ApiException failure(Mono<?> call) {
        Throwable[] thrown = new Throwable[1];
        StepVerifier.create(call).consumeErrorWith(e -> thrown[0] = e).verify(Duration.ofSeconds(20));
        assertThat(thrown[0]).isInstanceOf(ApiException.class);
        return (ApiException) thrown[0];
    }

    private static Mono<HttpAnswer> post(HttpTransport transport, int port) {
        return transport
                .endpoint("p", URI.create("https://127.0.0.1:" + port + "/"), Map.of())
                .post("m", HELLO, HELLO.length);
    }
}
