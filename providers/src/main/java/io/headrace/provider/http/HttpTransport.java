package io.headrace.provider.http;

import io.headrace.Require;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

/**
 * Connections to providers: one pool for each address, kept alive between calls, with a limit on every wait. One transport
 * may serve any number of providers and calls; it sets up Reactor Netty at the first call, not before.
 *
 * <p>It retries nothing and follows no redirect: one request is sent at most once. Its pool never turns a call down, and lets
 * none wait unless {@link Builder#maxConnections} is lowered, so that the limits of the caller are the only ones. Thousands of
 * calls at once open their connections some dozens at a time, so that no handshake starves.
 *
 * <p>Thread-safe. Holds sockets; {@link #close} frees them.
 */
public final class HttpTransport implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private final Connector connector;
    private final TimeLimits limits;
    private final BodyLimits bodies;

    private HttpTransport(Builder builder) {
        this.connector = new Connector(builder, builder.totalTimeout);
        this.limits = new TimeLimits(builder.firstByteTimeout, builder.idleTimeout, builder.totalTimeout);
        this.bodies = new BodyLimits(builder.maxBodyBytes, Runtime.getRuntime().maxMemory() / 4);
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
    HttpEndpoint endpoint(String name, URI uri, Map<String, String> headers) {
        return endpoint(name, uri, headers, Credentials.NONE, Clock.systemUTC());
    }

    /**
     * One address to post to. Opens nothing.
     *
     * @param name the provider, for error messages
     * @param uri absolute, {@code http} or {@code https}
     * @param headers sent with every request; they go before the provider's own key, but not before one that comes with a call
     * @param credentials how a request shows its key
     * @param clock measures times that the server gives as an instant
     */
    HttpEndpoint endpoint(String name, URI uri, Map<String, String> headers, Credentials credentials, Clock clock) {
        return endpoint(limits, name, uri, headers, credentials, clock);
    }

    /** An {@link #endpoint} for transfers that take as long as they take: no limit on the whole, only on silence. */
    HttpEndpoint bulkEndpoint(String name, URI uri, Map<String, String> headers, Credentials credentials, Clock clock) {
        return endpoint(limits.withoutTotal(), name, uri, headers, credentials, clock);
    }

    Duration idleTimeout() {
        return limits.idle();
    }

    long maxBodyBytes() {
        return bodies.each();
    }

    private HttpEndpoint endpoint(
            TimeLimits limits,
            String name,
            URI uri,
            Map<String, String> headers,
            Credentials credentials,
            Clock clock) {
        Map<String, String> all = new LinkedHashMap<>();
        credentials.into(all);
        all.putAll(headers);
        return new HttpEndpoint(connector, limits, bodies, name, uri, all, credentials, clock);
    }

    /**
     * Closes idle connections at once, and the others when their calls have ended. Calls that start later fail as not sent.
     * Idempotent. Returns without waiting.
     */
    @Override
    public void close() {
        disposeLater().subscribe(null, error -> LOG.warn("connections were not closed in order", error));
    }

    /** {@link #close} on subscription, completing when the pools are down. */
    public Mono<Void> disposeLater() {
        return connector.disposeLater();
    }

    /** Collects the settings of an {@link HttpTransport}. Not thread-safe. */
    public static final class Builder {

        private Duration firstByteTimeout = Duration.ofMinutes(10);
        private Duration idleTimeout = Duration.ofMinutes(2);
        private Duration totalTimeout = Duration.ofMinutes(15);
        private long maxBodyBytes = 64L << 20;
        private int concurrency = Integer.MAX_VALUE;
        Duration connectTimeout = Duration.ofSeconds(10);
        Duration maxIdleTime = Duration.ofSeconds(25);
        Duration maxLifeTime = Duration.ofMinutes(30);
        int maxConnections = Integer.MAX_VALUE;
        boolean http2;
        boolean http2WithoutTls;
        int maxStreams = -1;

        @Nullable
        TrustManagerFactory trust;

        BiFunction<HttpClient, URI, HttpClient> proxy = (client, uri) -> client;

        @Nullable
        LoopResources eventLoops;

        UnaryOperator<HttpClient> customizer = UnaryOperator.identity();

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

        /**
         * Longest silence within the body of an answer, and longest time in which a piece of an upload does not leave. Default 2
         * minutes. Time in which the subscriber of a stream asks for nothing, or the source of an upload has nothing, does not count.
         */
        public Builder idleTimeout(Duration idleTimeout) {
            this.idleTimeout = positive("idleTimeout", idleTimeout);
            return this;
        }

        /**
         * Longest time from the start of sending to the last byte of the answer. Default 15 minutes. Does not hold for the uploads and
         * downloads of batches.
         */
        public Builder totalTimeout(Duration totalTimeout) {
            this.totalTimeout = positive("totalTimeout", totalTimeout);
            return this;
        }

        /**
         * How long a connection may lie idle before it is closed. It must be less than the server's limit: a request sent
         * while the server closes has an unknown outcome. Default 25 seconds, below the 60 of AWS load balancers and the 75 of
         * nginx; a server on uvicorn, such as vLLM, closes after 5. After it an
         * HTTP/2 connection is tested by a ping, and closed if none comes back within the same time.
         */
        public Builder maxIdleTime(Duration maxIdleTime) {
            this.maxIdleTime = positive("maxIdleTime", maxIdleTime);
            return this;
        }

        /**
         * How long a connection may live, give or take a fifth; it closes when its calls have ended. Then the name of the host is looked
         * up again, so this is how long a busy connection may hold on to an address that the name has left. Default 30 minutes.
         */
        public Builder maxLifeTime(Duration maxLifeTime) {
            this.maxLifeTime = positive("maxLifeTime", maxLifeTime);
            return this;
        }

        /**
         * Most connections to one address; calls beyond it wait for one, in turn, up to {@link #totalTimeout}. Default: no
         * bound, so that the concurrency of the caller is the only one. {@link #build} warns in the log if the process may not open
         * as many.
         */
        public Builder maxConnections(int maxConnections) {
            this.maxConnections = Require.atLeast(1, maxConnections, "maxConnections");
            return this;
        }

        /**
         * How many calls the caller means to have in flight. It bounds nothing: {@link #build} warns in the log if the process may
         * not open a connection for each, which HTTP/1.1 needs, instead of calls that fail later. Default: unknown; then the warning
         * comes when so many connections are open that few more can be.
         */
        public Builder concurrency(int concurrency) {
            this.concurrency = Require.atLeast(1, concurrency, "concurrency");
            return this;
        }

        /**
         * Speaks HTTP/2 where the server does, and HTTP/1.1 otherwise. Opens a connection only when those that are open carry as
         * many calls as the server allows: fewer sockets and handshakes, somewhat more work for each call, and a lost packet
         * holds up all calls of its connection. A plain {@code http} URL stays at HTTP/1.1, see {@link #http2WithoutTls}. Off by
         * default.
         *
         * <p>Servers take hundreds of cancels within seconds on one connection for an attack, and close it.
         */
        public Builder http2() {
            this.http2 = true;
            return this;
        }

        /**
         * Speaks HTTP/2 to plain {@code http} URLs too, and nothing else: it begins without asking, which a server that has only
         * HTTP/1.1 does not understand. For servers and sidecars inside, with connections shared as by {@link #http2}, which it
         * implies.
         */
        public Builder http2WithoutTls() {
            this.http2 = true;
            this.http2WithoutTls = true;
            return this;
        }

        /** Most calls at a time on one HTTP/2 connection. Default: as many as the server allows. */
        public Builder maxStreams(int maxStreams) {
            this.maxStreams = Require.atLeast(1, maxStreams, "maxStreams");
            return this;
        }

        /**
         * Trusts the certificates in a PEM file, beside those that Java trusts: of a company's proxy or of a server of one's own.
         *
         * @throws IllegalArgumentException if the file cannot be read or holds no certificate
         */
        public Builder trust(Path pem) {
            return trust(Tls.trusting(pem));
        }

        /** Trusts whom {@code trust} trusts, and nobody else. */
        public Builder trust(TrustManagerFactory trust) {
            this.trust = Objects.requireNonNull(trust, "trust");
            return this;
        }

        /** Connects by a proxy. Default: directly. */
        public Builder proxy(HttpProxy proxy) {
            this.proxy = Objects.requireNonNull(proxy, "proxy")::apply;
            return this;
        }

        /**
         * Connects by the proxy that Java's system properties name ({@code https.proxyHost}, {@code http.proxyHost}, {@code
         * socksProxyHost}, with their ports, users and {@code http.nonProxyHosts}), or else the environment ({@code
         * HTTPS_PROXY} or {@code HTTP_PROXY} by the URL's scheme, {@code NO_PROXY}), or else directly. Read at the first call
         * of each address; one that cannot be used fails it with {@link IllegalArgumentException}.
         */
        public Builder systemProxy() {
            this.proxy = (client, uri) -> HttpProxy.ofSystem(client, uri, System::getenv);
            return this;
        }

        /**
         * Longest answer that is read, in bytes after decompression; a longer one fails its call. Default 64 MiB. Where answers of more
         * than 256 KiB take more than a quarter of the heap at a time, further ones fail too, and may be tried again.
         */
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
         * Changes the HTTP client itself, after all other settings: name lookups, client certificates, metrics. Called once
         * for each endpoint. Retries of the client stay off whatever it does.
         */
        public Builder customize(UnaryOperator<HttpClient> customizer) {
            this.customizer = Objects.requireNonNull(customizer, "customizer");
            return this;
        }

        public HttpTransport build() {
            int connections = http2 ? maxConnections : Math.min(maxConnections, concurrency);
            if (connections < Integer.MAX_VALUE) {
                FileDescriptors.shortage(connections).ifPresent(LOG::warn);
            }
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
