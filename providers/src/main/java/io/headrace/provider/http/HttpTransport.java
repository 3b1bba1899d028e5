package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.resolver.DefaultAddressResolverGroup;
import io.netty.util.NetUtil;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.DefaultSslContextSpec;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;

/**
 * Connections to providers: one pool for each address, kept alive between calls, with a limit on every wait. One transport
 * may serve any number of providers and calls; it sets up Reactor Netty at the first call, not before.
 *
 * <p>It retries nothing and follows no redirect: one request is sent at most once. Its pool never turns a call down and,
 * unless {@link Builder#maxConnections} is lowered, never lets one wait, so that the limits of the caller are the only ones.
 *
 * <p>Thread-safe. Holds sockets; {@link #close} frees them.
 */
public final class HttpTransport implements AutoCloseable {

    private static final Duration MAX_IDLE = Duration.ofSeconds(25);
    private static final int KEEP_ALIVE_PROBE_SECONDS = 60;

    private final Duration connectTimeout;
    private final TimeLimits limits;
    private final int maxConnections;
    private final long maxBodyBytes;
    private final @Nullable LoopResources eventLoops;
    private final UnaryOperator<HttpClient> customizer;

    private final Object lock = new Object();
    private @Nullable ConnectionProvider pool;
    private volatile boolean closed;

    private HttpTransport(Builder builder) {
        this.connectTimeout = builder.connectTimeout;
        this.limits = new TimeLimits(builder.firstByteTimeout, builder.idleTimeout, builder.totalTimeout);
        this.maxConnections = builder.maxConnections;
        this.maxBodyBytes = builder.maxBodyBytes;
        this.eventLoops = builder.eventLoops;
        this.customizer = builder.customizer;
    }

    /** A transport with the defaults of {@link Builder}. */
    public static HttpTransport create() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * One address to post to. Opens nothing.
     *
     * @param name the provider, for error messages
     * @param uri absolute, {@code http} or {@code https}
     * @param headers sent with every request
     */
    public HttpEndpoint endpoint(String name, URI uri, Map<String, String> headers) {
        return new HttpEndpoint(this, name, uri, Map.copyOf(headers));
    }

    /**
     * Closes idle connections at once, and those in use when their call has ended. Calls that start later fail as not sent.
     * Idempotent. Returns without waiting.
     */
    @Override
    public void close() {
        ConnectionProvider open = shut();
        if (open != null) {
            open.dispose();
        }
    }

    /** {@link #close} on subscription, completing when the pools are down. */
    public Mono<Void> disposeLater() {
        return Mono.defer(() -> {
            ConnectionProvider open = shut();
            return open == null ? Mono.empty() : open.disposeLater();
        });
    }

    long maxBodyBytes() {
        return maxBodyBytes;
    }

    TimeLimits limits() {
        return limits;
    }

    boolean isClosed() {
        return closed;
    }

    /** A client for {@code uri} with all settings applied; fails once the transport is closed. */
    HttpClient client(String name, URI uri) {
        HttpClient client = HttpClient.create(pool(name))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(connectTimeout.toMillis()))
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .doOnChannelInit((observer, channel, address) -> probeKeepAlive(channel))
                .compress(true)
                .followRedirect(false);
        if (eventLoops != null) {
            client = client.runOn(eventLoops);
        }
        if (isLocalOrLiteral(uri.getHost())) {
            client = client.resolver(DefaultAddressResolverGroup.INSTANCE);
        }
        if ("https".equalsIgnoreCase(uri.getScheme())) {
            // handshakes of many cold connections share few cores: three times the time of a connect is still healthy
            GenericSslContextSpec<?> tls = DefaultSslContextSpec.forClient();
            client = client.secure(spec -> spec.sslContext(tls).handshakeTimeout(connectTimeout.multipliedBy(3)));
        }
        return customizer.apply(client).disableRetry(true);
    }

    static ApiException closedException(String name) {
        return ApiException.builder(ErrorKind.TRANSPORT, name + ": not sent, because the HTTP transport is closed")
                .delivery(Delivery.NOT_SENT)
                .isTransient(false)
                .build();
    }

    private ConnectionProvider pool(String name) {
        synchronized (lock) {
            if (closed) {
                throw closedException(name);
            }
            if (pool == null) {
                pool = ConnectionProvider.builder("headrace")
                        .maxConnections(maxConnections)
                        .pendingAcquireMaxCount(-1)
                        .pendingAcquireTimeout(limits.total())
                        .lifo()
                        .maxIdleTime(MAX_IDLE)
                        .maxLifeTime(Duration.ofMinutes(30))
                        .maxLifeTimeVariance(20)
                        .evictInBackground(MAX_IDLE)
                        .build();
            }
            return pool;
        }
    }

    private @Nullable ConnectionProvider shut() {
        synchronized (lock) {
            ConnectionProvider open = pool;
            pool = null;
            closed = true;
            return open;
        }
    }

    /** An answer may take minutes of silence: probes keep the way open through routers and tell of a dead peer. */
    private static void probeKeepAlive(Channel channel) {
        if (channel instanceof EpollSocketChannel epoll) {
            epoll.config().setTcpKeepIdle(KEEP_ALIVE_PROBE_SECONDS).setTcpKeepIntvl(KEEP_ALIVE_PROBE_SECONDS);
        }
    }

    /** Such a host needs no DNS client. */
    private static boolean isLocalOrLiteral(@Nullable String host) {
        return host != null
                && (host.equalsIgnoreCase("localhost")
                        || NetUtil.isValidIpV4Address(host)
                        || NetUtil.isValidIpV6Address(host));
    }

    /** Collects the settings of an {@link HttpTransport}. Not thread-safe. */
    public static final class Builder {

        private Duration connectTimeout = Duration.ofSeconds(10);
        private Duration firstByteTimeout = Duration.ofMinutes(10);
        private Duration idleTimeout = Duration.ofMinutes(2);
        private Duration totalTimeout = Duration.ofMinutes(15);
        private int maxConnections = Integer.MAX_VALUE;
        private long maxBodyBytes = 64L << 20;
        private @Nullable LoopResources eventLoops;
        private UnaryOperator<HttpClient> customizer = UnaryOperator.identity();

        private Builder() {}

        /** Longest wait for a TCP connection; a TLS handshake may take three times as long. Default 10 seconds. */
        public Builder connectTimeout(Duration connectTimeout) {
            this.connectTimeout = positive("connectTimeout", connectTimeout);
            return this;
        }

        /** Longest wait from the start of sending to the head of the answer. Models think in silence: default 10 minutes. */
        public Builder firstByteTimeout(Duration firstByteTimeout) {
            this.firstByteTimeout = positive("firstByteTimeout", firstByteTimeout);
            return this;
        }

        /** Longest silence within the body of an answer. Default 2 minutes. */
        public Builder idleTimeout(Duration idleTimeout) {
            this.idleTimeout = positive("idleTimeout", idleTimeout);
            return this;
        }

        /** Longest time from the start of sending to the last byte of the answer. Default 15 minutes. */
        public Builder totalTimeout(Duration totalTimeout) {
            this.totalTimeout = positive("totalTimeout", totalTimeout);
            return this;
        }

        /**
         * Most connections to one address; calls beyond it wait for one, in turn, up to {@link #totalTimeout}. Default: no
         * bound, so that the concurrency of the caller is the only one.
         */
        public Builder maxConnections(int maxConnections) {
            if (maxConnections < 1) {
                throw new IllegalArgumentException("maxConnections must be at least 1, not " + maxConnections);
            }
            this.maxConnections = maxConnections;
            return this;
        }

        /** Longest answer that is read, in bytes after decompression; a longer one fails its call. Default 64 MiB. */
        public Builder maxBodyBytes(long maxBodyBytes) {
            if (maxBodyBytes < 1 || maxBodyBytes > Integer.MAX_VALUE - 16) {
                throw new IllegalArgumentException(
                        "maxBodyBytes must lie from 1 to " + (Integer.MAX_VALUE - 16) + ", not " + maxBodyBytes);
            }
            this.maxBodyBytes = maxBodyBytes;
            return this;
        }

        /** Event loops to run on; they stay the caller's to dispose. Default: those that all of Reactor Netty shares. */
        public Builder eventLoops(LoopResources eventLoops) {
            this.eventLoops = Objects.requireNonNull(eventLoops, "eventLoops");
            return this;
        }

        /**
         * Changes the HTTP client itself, after all other settings: proxy, DNS, trust, metrics. Called once for each
         * address. Retries of the client stay off whatever it does.
         */
        public Builder customize(UnaryOperator<HttpClient> customizer) {
            this.customizer = Objects.requireNonNull(customizer, "customizer");
            return this;
        }

        public HttpTransport build() {
            return new HttpTransport(this);
        }

        private static Duration positive(String name, Duration value) {
            if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException(name + " must lie above 0 and at most at 1 day, not " + value);
            }
            return value;
        }
    }
}
