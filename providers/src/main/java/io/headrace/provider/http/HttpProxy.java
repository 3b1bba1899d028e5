package io.headrace.provider.http;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.client.HttpClient;
import reactor.netty.transport.ProxyProvider;

/**
 * An HTTP proxy that passes connections on by {@code CONNECT}: of HTTPS it sees hosts and no requests. It looks up the names
 * of hosts. Loopback addresses are reached without it, unless {@link #except} says otherwise. Immutable; shows no password.
 */
public final class HttpProxy {

    private static final List<String> LOOPBACK = List.of("localhost", "127.0.0.1", "::1");

    private final String host;
    private final int port;
    private final @Nullable String user;
    private final Secret password;
    private final List<String> direct;

    private HttpProxy(String host, int port, @Nullable String user, Secret password, List<String> direct) {
        this.host = host;
        this.port = port;
        this.user = user;
        this.password = password;
        this.direct = direct;
    }

    /**
     * @throws IllegalArgumentException if {@code port} is not 1 to 65535
     */
    public static HttpProxy of(String host, int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("a proxy's port must lie from 1 to 65535, not " + port);
        }
        return new HttpProxy(Objects.requireNonNull(host, "host"), port, null, Secret.NONE, LOOPBACK);
    }

    /**
     * This proxy, with basic authentication.
     *
     * @throws IllegalArgumentException if {@code password} is blank, or holds a space or a character outside ASCII
     */
    public HttpProxy credentials(String user, String password) {
        return credentials(user, Secret.of("the password of the proxy", password));
    }

    private HttpProxy credentials(String user, Secret password) {
        return new HttpProxy(host, port, Objects.requireNonNull(user, "user"), password, direct);
    }

    /**
     * This proxy, but not for these hosts, in place of those set before.
     *
     * @param hosts names or addresses; a name stands for the hosts below it too, {@code *} for all
     */
    public HttpProxy except(String... hosts) {
        List<String> patterns = Stream.of(hosts).map(HttpProxy::pattern).toList();
        return new HttpProxy(host, port, user, password, patterns);
    }

    private static String pattern(String host) {
        String name = host.trim().toLowerCase(Locale.ROOT);
        return name.startsWith("*.") ? name.substring(2) : name.startsWith(".") ? name.substring(1) : name;
    }

    /**
     * {@code client} with the proxy that Java's system properties name, as Reactor Netty reads them ({@code https.proxyHost},
     * {@code http.proxyHost}, {@code socksProxyHost}, {@code http.nonProxyHosts}), or else the environment ({@code
     * HTTPS_PROXY} or {@code HTTP_PROXY} by the URL's scheme, {@code NO_PROXY}), or none.
     */
    static HttpClient ofSystem(HttpClient client, URI uri, UnaryOperator<@Nullable String> environment) {
        HttpClient proxied = client.proxyWithSystemProperties();
        Supplier<ProxyProvider> named = proxied.configuration().proxyProviderSupplier();
        if (named != null) {
            boolean excepted = !named.get().shouldProxy(InetSocketAddress.createUnresolved(uri.getHost(), 0));
            return excepted ? client : proxied;
        }
        HttpProxy proxy = ofEnvironment(uri.getScheme() + "_proxy", environment);
        return proxy == null ? client : proxy.apply(client, uri);
    }

    private static @Nullable HttpProxy ofEnvironment(String name, UnaryOperator<@Nullable String> environment) {
        String url = variable(name, environment);
        if (url == null || url.isBlank()) {
            return null;
        }
        HttpProxy proxy = ofUrl(name, url.contains("://") ? url : "http://" + url);
        String except = variable("no_proxy", environment);
        return except == null || except.isBlank()
                ? proxy
                : proxy.except(Stream.concat(LOOPBACK.stream(), Arrays.stream(except.split(",")))
                        .toArray(String[]::new));
    }

    private static @Nullable String variable(String name, UnaryOperator<@Nullable String> environment) {
        String value = environment.apply(name);
        return value == null ? environment.apply(name.toUpperCase(Locale.ROOT)) : value;
    }

    /** The URL may hold a password: it must be in no message. */
    private static HttpProxy ofUrl(String name, String url) {
        URI uri;
        try {
            uri = URI.create(url.trim());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + " is not a URL"); // the cause would show it
        }
        if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException(name
                    + " must have the form http://host:port; proxies that speak TLS or SOCKS are not supported there");
        }
        HttpProxy proxy = of(uri.getHost(), uri.getPort() == -1 ? 80 : uri.getPort());
        String userInfo = uri.getRawUserInfo();
        if (userInfo == null) {
            return proxy;
        }
        int colon = userInfo.indexOf(':');
        String user = colon < 0 ? userInfo : userInfo.substring(0, colon);
        String password = colon < 0 ? "" : userInfo.substring(colon + 1);
        return proxy.credentials(
                decode(user),
                password.isEmpty() ? Secret.NONE : Secret.of("the password in " + name, decode(password)));
    }

    private static String decode(String encoded) {
        // in user info, unlike in forms, a plus is a plus
        return URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** {@code client}, going by this proxy if the URL's host is not excepted. */
    HttpClient apply(HttpClient client, URI uri) {
        if (isDirect(uri.getHost())) {
            return client;
        }
        return client.proxy(spec -> {
            ProxyProvider.Builder proxy =
                    spec.type(ProxyProvider.Proxy.HTTP).host(host).port(port);
            if (user != null) {
                proxy.username(user).password(name -> password.reveal());
            }
        });
    }

    private boolean isDirect(String target) {
        String name = target.replaceAll("[\\[\\]]", "").toLowerCase(Locale.ROOT);
        return direct.stream().anyMatch(each -> each.equals("*") || name.equals(each) || name.endsWith("." + each));
    }

    @Override
    public String toString() {
        return "HttpProxy[" + host + ":" + port + (user == null ? "" : ", with credentials") + "]";
    }
}
