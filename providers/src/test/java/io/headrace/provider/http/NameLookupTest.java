package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.testkit.SimulatedProvider;
import io.netty.resolver.AbstractAddressResolver;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;

/** A host whose name leads to another server from some moment on. */
@Timeout(60)
class NameLookupTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final Names names = new Names();
    private SimulatedProvider before;
    private SimulatedProvider after;
    private HttpTransport transport;

    @AfterEach
    void close() {
        transport.close();
        names.close();
        before.close();
        after.close();
    }

    /** Without TLS, for the certificates of the two servers are their own. */
    private HttpEndpoint start(Protocol protocol, HttpTransport.Builder settings) {
        before = protocol.server(100).start();
        after = protocol.server(100).start();
        if (protocol.isHttp2()) {
            settings.http2WithoutTls();
        }
        transport = settings.customize(client -> client.resolver(names)).build();
        names.port = before.port();
        return transport.endpoint(
                "p",
                URI.create("http://provider.test/v1/chat/completions"),
                Map.of("authorization", "Bearer a-long-secret-key"));
    }

    /** Of HTTP/1.1: one of HTTP/2 is tested by a ping instead, and stays. */
    @Test
    void idleConnection_isClosed_andALateCallGoesToTheNewAddress() {
        HttpEndpoint endpoint = start(Protocol.HTTP_1, HttpTransport.builder().maxIdleTime(Duration.ofMillis(300)));
        Protocol.post(endpoint).block(SOON);
        names.port = after.port();

        ProtocolsTest.await(() -> before.connections().open() == 0);
        Protocol.post(endpoint).block(SOON);

        assertThat(before.requests()).hasSize(1);
        assertThat(after.requests()).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1", "HTTP_2_PLAIN"})
    void busyConnection_movesWhenItsLifeIsOver_andLosesNoCall(Protocol protocol) {
        HttpEndpoint endpoint = start(
                protocol,
                HttpTransport.builder().maxLifeTime(Duration.ofMillis(500)).maxIdleTime(Duration.ofSeconds(1)));
        Protocol.post(endpoint).block(SOON);
        names.port = after.port();

        Flux.interval(Duration.ofMillis(5))
                .onBackpressureDrop()
                .concatMap(i -> Protocol.post(endpoint), 1)
                .takeUntil(answer -> after.requests().size() >= 10)
                .blockLast(SOON);

        ProtocolsTest.await(() -> before.connections().open() == 0);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1", "HTTP_2_PLAIN"})
    void serverThatWentAway_isFollowedAtOnce(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol, HttpTransport.builder());
        Protocol.post(endpoint).block(SOON);
        names.port = after.port();

        before.close();

        Protocol.post(endpoint).retry(1).block(SOON);
        assertThat(after.requests()).hasSize(1);
    }

    /** Every name is at {@link #port} of this machine. */
    private static final class Names extends AddressResolverGroup<InetSocketAddress> {

        private volatile int port;

        @Override
        protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
            return new AbstractAddressResolver<>(executor, InetSocketAddress.class) {

                @Override
                protected boolean doIsResolved(InetSocketAddress address) {
                    return !address.isUnresolved();
                }

                @Override
                protected void doResolve(InetSocketAddress unresolved, Promise<InetSocketAddress> found) {
                    found.setSuccess(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                }

                @Override
                protected void doResolveAll(InetSocketAddress unresolved, Promise<List<InetSocketAddress>> found) {
                    found.setSuccess(List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
                }
            };
        }
    }
}
