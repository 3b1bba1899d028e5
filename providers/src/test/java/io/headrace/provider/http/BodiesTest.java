package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;

/** Requests and answers of a size that hurts, over HTTP/1.1 and HTTP/2. */
@Timeout(60)
class BodiesTest {

    private final X509Bundle certificate = certificate();
    private final CountedBuffers buffers = new CountedBuffers();
    private DisposableServer server;
    private HttpTransport transport;

    @AfterEach
    void close() {
        transport.disposeLater().block(Duration.ofSeconds(20));
        server.disposeNow();
        ProtocolsTest.await(() -> buffers.held() == 0);
    }

    private HttpEndpoint start(
            boolean http2,
            HttpTransport.Builder settings,
            BiFunction<HttpServerRequest, HttpServerResponse, Publisher<Void>> handler)
            throws Exception {
        GenericSslContextSpec<?> context = Http2SslContextSpec.forServer(certificate.toKeyManagerFactory());
        server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .secure(spec -> spec.sslContext(context))
                .protocol(HttpProtocol.H2, HttpProtocol.HTTP11)
                .handle(handler)
                .bindNow();
        settings = buffers.into(settings.trust(certificate.toTrustManagerFactory()));
        transport = (http2 ? settings.http2() : settings).build();
        return transport.endpoint("p", URI.create("https://127.0.0.1:" + server.port() + "/"), Map.of());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void packedBody_countsAsItIsUnpacked(boolean http2) throws Exception {
        byte[] bomb = packed(100 << 20);
        assertThat(bomb.length).isLessThan(1 << 20);
        HttpEndpoint endpoint = start(
                http2,
                HttpTransport.builder().maxBodyBytes(2 << 20),
                (request, response) -> request.receive()
                        .then(response.header("content-encoding", "gzip")
                                .send(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(bomb)))
                                .then()));

        ApiException error = failure(endpoint, 10);

        assertThat(error.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        assertThat(error.isTransient()).isFalse();
        assertThat(error).hasMessageContaining("maxBodyBytes, 2097152");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void packedBodyThatIsNone_isMalformed(boolean http2) throws Exception {
        HttpEndpoint endpoint = start(
                http2,
                HttpTransport.builder(),
                (request, response) -> request.receive()
                        .then(response.header("content-encoding", "gzip")
                                .sendString(Mono.just("{\"not\":\"packed\"}"))
                                .then()));

        ApiException error = failure(endpoint, 10);

        assertThat(error.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(error).hasMessageContaining("cannot be unpacked");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void requestThatTheServerDoesNotTakeWhole_isNotSent(boolean http2) throws Exception {
        HttpEndpoint endpoint =
                start(http2, HttpTransport.builder().firstByteTimeout(Duration.ofMillis(500)), (request, response) -> {
                    request.withConnection(BodiesTest::dropUnreadAtTheEnd);
                    return Mono.never();
                });

        ApiException error = failure(endpoint, 32 << 20);

        assertThat(error.kind()).isEqualTo(ErrorKind.TIMEOUT);
        assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
    }

    /** The server's stream would keep what its handler never read, and lose it when the connection ends. */
    // nobody waits for the close
    @SuppressWarnings("FutureReturnValueIgnored")
    private static void dropUnreadAtTheEnd(Connection connection) {
        if (connection.channel() instanceof Http2StreamChannel stream) {
            stream.parent().closeFuture().addListener(ended -> stream.close());
        }
    }

    private static byte[] packed(int zeros) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            byte[] piece = new byte[1 << 20];
            for (int i = 0; i < zeros >> 20; i++) {
                out.write(piece);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    private static X509Bundle certificate() {
        try {
            return new CertificateBuilder()
                    .subject("CN=test")
                    .ecp256()
                    .addSanIpAddress("127.0.0.1")
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static ApiException failure(HttpEndpoint endpoint, int length) {
        return (ApiException) endpoint.post("m", new byte[length], length)
                .then(Mono.<Throwable>empty())
                .onErrorResume(Mono::just)
                .block(Duration.ofSeconds(50));
    }
}
