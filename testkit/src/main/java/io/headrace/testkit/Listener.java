package io.headrace.testkit;

import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.DefaultSslContextSpec;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;

/** The sockets of a simulated provider: port, threads, TLS, HTTP versions. Knows nothing of what is said over them. */
final class Listener implements AutoCloseable {

    private static final String LOOPBACK = "127.0.0.1";

    private static final int BACKLOG = 8192;

    private static final int UPGRADE_BYTES = 16 << 20;

    private static final Duration CLOSING = Duration.ofSeconds(5);

    private final Connections connections = new Connections();
    private final EventLoopGroup loops;
    private final @Nullable Certificate certificate;
    private final DisposableServer server;

    private Listener(
            SimulatedProvider.Builder settings,
            BiFunction<? super HttpServerRequest, ? super HttpServerResponse, ? extends Publisher<Void>> handler) {
        this.certificate = settings.tls ? Certificate.make(LOOPBACK) : null;
        this.loops = LoopResources.create("headrace-simulator", settings.threads, true)
                .onServer(LoopResources.DEFAULT_NATIVE);
        HttpServer configured = HttpServer.create()
                .host(LOOPBACK)
                .port(settings.port)
                .runOn(loops)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .compress(settings.gzip)
                .doOnChannelInit((observer, channel, address) -> connections.opened(channel))
                .handle((request, response) -> {
                    request.withConnection(connection -> connections.began(connection.channel()));
                    return handler.apply(request, response);
                });
        if (settings.http2) {
            configured = configured
                    .protocol(certificate == null ? HttpProtocol.H2C : HttpProtocol.H2, HttpProtocol.HTTP11)
                    // of a request that asks for the upgrade: none would do for a GET only
                    .httpRequestDecoder(decoder -> decoder.h2cMaxContentLength(UPGRADE_BYTES))
                    // a test that cancels thousands of calls at once is no attack
                    .http2Settings(http2 -> http2.maxConcurrentStreams(settings.maxStreams)
                            .maxDecodedRstFramesPerWindow(Integer.MAX_VALUE, 1));
        }
        if (certificate != null) {
            configured = secured(configured, certificate, settings.http2);
        }
        try {
            this.server = configured.bindNow();
        } catch (RuntimeException e) {
            end();
            throw e;
        }
    }

    /**
     * Accepts connections when it returns.
     *
     * @throws reactor.netty.ChannelBindException if the port is taken
     */
    static Listener open(
            SimulatedProvider.Builder settings,
            BiFunction<? super HttpServerRequest, ? super HttpServerResponse, ? extends Publisher<Void>> handler) {
        return new Listener(settings, handler);
    }

    private static HttpServer secured(HttpServer server, Certificate certificate, boolean http2) {
        GenericSslContextSpec<?> context = http2
                ? Http2SslContextSpec.forServer(certificate.keys())
                : DefaultSslContextSpec.forServer(certificate.keys());
        return server.secure(spec -> spec.sslContext(context).handshakeTimeout(Duration.ofMinutes(1)));
    }

    String baseUrl() {
        return (certificate == null ? "http" : "https") + "://" + LOOPBACK + ":" + port();
    }

    int port() {
        return server.port();
    }

    String certificate() {
        return certificateOrFail().pem();
    }

    TrustManagerFactory trust() {
        return certificateOrFail().trust();
    }

    private Certificate certificateOrFail() {
        if (certificate == null) {
            throw new IllegalStateException("this provider speaks no TLS: start it with tls()");
        }
        return certificate;
    }

    ConnectionStatistics statistics() {
        return connections.snapshot();
    }

    void dropConnections() {
        connections.reset(CLOSING);
    }

    Mono<Void> onClose() {
        return server.onDispose();
    }

    @Override
    public void close() {
        server.disposeNow(CLOSING);
        // by name: an event loop that ends at once may leave the channels of a busy moment open
        connections.close(CLOSING);
        end();
    }

    private void end() {
        loops.shutdownGracefully(0, CLOSING.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
    }
}
