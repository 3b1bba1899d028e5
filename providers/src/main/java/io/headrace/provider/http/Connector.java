package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.DefaultAddressResolverGroup;
import io.netty.resolver.NoopAddressResolverGroup;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.ChannelPipelineConfigurer;
import reactor.netty.FutureMono;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.HttpResources;
import reactor.netty.http.client.Http2AllocationStrategy;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.SslProvider;
import reactor.netty.transport.NameResolverProvider;

/**
 * Makes the HTTP clients of one transport, which share what is costly or counts: the pool, TLS settings, name lookups and the
 * ramp of each address. Each is made when the first client needs it. Thread-safe.
 */
final class Connector {

    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private static final int KEEP_ALIVE_PROBE_SECONDS = 60;

    /** Gateways put cookies and policies there, beyond Netty's 8 KiB; an answer with too long a head is paid and lost. */
    private static final int MAX_HEAD_BYTES = 64 << 10;

    private static final Duration MAX_NAME_AGE = Duration.ofMinutes(1);

    /**
     * Calls that look for a connection to one address at a time. A handshake takes some milliseconds of a processor, so that
     * the last of 64 still has it in a fraction of a second; over a way of 150 ms they make 400 connections a second.
     */
    private static final int RAMP_WIDTH = 64;

    private final Duration connectTimeout;
    private final Duration maxWait;
    private final Duration maxIdleTime;
    private final Duration maxLifeTime;
    private final int maxConnections;
    private final boolean http2;
    private final boolean http2WithoutTls;
    private final int maxStreams;
    private final @Nullable TrustManagerFactory trust;
    private final BiFunction<HttpClient, URI, HttpClient> proxy;
    private final @Nullable LoopResources givenLoops;
    private final UnaryOperator<HttpClient> customizer;

    private final Map<String, ConnectionRamp> ramps = new ConcurrentHashMap<>();
    /** With HTTP/2 only. */
    private final @Nullable ChannelGroup connections;

    private final Object lock = new Object();
    private @Nullable ConnectionProvider pool;
    private @Nullable HttpClient base;
    private @Nullable SslProvider tls;
    private @Nullable AddressResolverGroup<?> names;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicBoolean warned = new AtomicBoolean();
    private volatile boolean closed;

    Connector(HttpTransport.Builder settings, Duration maxWait) {
        this.connectTimeout = settings.connectTimeout;
        this.maxWait = maxWait;
        this.maxIdleTime = settings.maxIdleTime;
        this.maxLifeTime = settings.maxLifeTime;
        this.maxConnections = settings.maxConnections;
        this.http2 = settings.http2;
        this.connections = http2 ? new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true) : null;
        this.http2WithoutTls = settings.http2WithoutTls;
        this.maxStreams = settings.maxStreams;
        this.trust = settings.trust;
        this.proxy = settings.proxy;
        this.givenLoops = settings.eventLoops;
        this.customizer = settings.customizer;
    }

    /** A client for {@code uri} with all settings applied; fails once this is closed. */
    HttpClient client(String name, String about, URI uri) {
        synchronized (lock) {
            if (closed) {
                throw closedException(name, about);
            }
            return customizer.apply(configured(uri)).disableRetry(true);
        }
    }

    /** Where calls to the host and port of {@code uri} wait for new connections. */
    ConnectionRamp ramp(URI uri) {
        return ramps.computeIfAbsent(
                uri.getScheme() + "://" + uri.getRawAuthority(), address -> new ConnectionRamp(RAMP_WIDTH));
    }

    boolean isClosed() {
        return closed;
    }

    static ApiException closedException(String name, String about) {
        return ApiException.builder(
                        ErrorKind.TRANSPORT, name + " " + about + ": not sent, because the HTTP transport is closed")
                .delivery(Delivery.NOT_SENT)
                .isTransient(false)
                .build();
    }

    /** Lets calls in flight end and closes their connections then, the others at once. The second time does nothing. */
    Mono<Void> disposeLater() {
        return Mono.defer(() -> {
            synchronized (lock) {
                closed = true;
                ConnectionProvider open = pool;
                pool = null;
                if (open == null) {
                    return Mono.empty();
                }
                Mono<Void> poolClosed = open.disposeLater();
                return (connections == null ? poolClosed : poolClosed.then(closed(connections)))
                        .doFinally(signal -> closeNames());
            }
        });
    }

    /** Also those of HTTP/2 that broke while they were made, of which the pool knows nothing. */
    private static Mono<Void> closed(ChannelGroup connections) {
        return Mono.defer(() -> FutureMono.from(connections.close()));
    }

    private HttpClient configured(URI uri) {
        HttpClient client = base();
        if ("https".equalsIgnoreCase(uri.getScheme())) {
            client = client.secure(tls());
            if (http2) {
                client = client.protocol(HttpProtocol.H2, HttpProtocol.HTTP11);
            }
        } else if (http2WithoutTls) {
            client = client.protocol(HttpProtocol.H2C);
        }
        if (http2) {
            client = client.http2Settings(
                    settings -> settings.pingAckTimeout(maxIdleTime).maxHeaderListSize(MAX_HEAD_BYTES));
        }
        client = proxy.apply(client, uri);
        return client.resolver(resolver(uri.getHost(), client.configuration().hasProxy()));
    }

    private AddressResolverGroup<?> resolver(String host, boolean proxied) {
        if (proxied) {
            return NoopAddressResolverGroup.INSTANCE; // the proxy looks up the name
        }
        return isLocalOrLiteral(host) ? DefaultAddressResolverGroup.INSTANCE : names();
    }

    /** Made once: clients share HTTP/2 connections only if they come from one, and all of them only if they share its parts. */
    private HttpClient base() {
        if (base == null) {
            pool = pool();
            HttpClient client = HttpClient.create(pool);
            // without need, runOn would set up name lookups that a local server makes no use of
            base = (givenLoops == null ? client : client.runOn(givenLoops))
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(connectTimeout.toMillis()))
                    .option(ChannelOption.SO_KEEPALIVE, true)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .doOnChannelInit(KEEP_ALIVE)
                    .doOnChannelInit((observer, channel, address) -> {
                        if (channel.parent() == null) {
                            opened(channel);
                        }
                    })
                    .httpResponseDecoder(decoder -> decoder.maxHeaderSize(MAX_HEAD_BYTES))
                    .compress(true)
                    .followRedirect(false);
        }
        return base;
    }

    private void opened(Channel connection) {
        if (connections != null) {
            connections.add(connection);
        }
        int count = open.incrementAndGet();
        connection.closeFuture().addListener(closed -> open.decrementAndGet());
        if (!warned.get()) {
            FileDescriptors.scarcity(count)
                    .filter(scarcity -> warned.compareAndSet(false, true))
                    .ifPresent(LOG::warn);
        }
    }

    private ConnectionProvider pool() {
        ConnectionProvider.Builder building = ConnectionProvider.builder("headrace")
                .pendingAcquireMaxCount(-1)
                .pendingAcquireTimeout(maxWait)
                .lifo()
                .maxIdleTime(maxIdleTime)
                .maxLifeTime(maxLifeTime)
                .maxLifeTimeVariance(20)
                .evictInBackground(maxIdleTime);
        if (http2) {
            building.disposeTimeout(maxWait) // without it, closing would break off the streams in use
                    .allocationStrategy(Http2AllocationStrategy.builder()
                            .maxConnections(maxConnections)
                            .maxConcurrentStreams(maxStreams)
                            .strictConnectionReuse(true)
                            .build());
        } else {
            building.maxConnections(maxConnections);
        }
        return building.build();
    }

    private SslProvider tls() {
        if (tls == null) {
            // handshakes of many cold connections share few cores: three times the time of a connect is still healthy
            tls = Tls.client(trust, http2, connectTimeout.multipliedBy(3));
        }
        return tls;
    }

    /** Honours the time to live that name servers give, but trusts no address for long; uses all addresses in turn. */
    static NameResolverProvider.NameResolverSpec nameLookups() {
        return NameResolverProvider.builder().cacheMaxTimeToLive(MAX_NAME_AGE).roundRobinSelection(true);
    }

    private AddressResolverGroup<?> names() {
        if (names == null) {
            names = nameLookups()
                    .build()
                    .newNameResolverGroup(
                            givenLoops == null ? HttpResources.get() : givenLoops, LoopResources.DEFAULT_NATIVE);
        }
        return names;
    }

    private void closeNames() {
        synchronized (lock) {
            if (names != null) {
                names.close();
                names = null;
            }
        }
    }

    /** An answer may take minutes of silence: probes keep the way open through routers and tell of a dead peer. */
    private static final ChannelPipelineConfigurer KEEP_ALIVE = (observer, channel, address) -> {
        if (channel instanceof EpollSocketChannel epoll) {
            epoll.config().setTcpKeepIdle(KEEP_ALIVE_PROBE_SECONDS).setTcpKeepIntvl(KEEP_ALIVE_PROBE_SECONDS);
        }
    };

    /** Such a host needs no DNS client. */
    private static boolean isLocalOrLiteral(@Nullable String host) {
        return host != null
                && (host.equalsIgnoreCase("localhost")
                        || NetUtil.isValidIpV4Address(host)
                        || NetUtil.isValidIpV6Address(host));
    }
}
