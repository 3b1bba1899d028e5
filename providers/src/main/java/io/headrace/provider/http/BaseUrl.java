package io.headrace.provider.http;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a provider's API is, written in one way: scheme and host in lower case, no default port, no user info, no slash at
 * the end. A query, such as Azure's {@code api-version}, goes with every request and is no part of the identity. Immutable.
 */
public final class BaseUrl {

    private final String normal;
    private final String host;
    private final @Nullable String query;

    private BaseUrl(String normal, String host, @Nullable String query) {
        this.normal = normal;
        this.host = host;
        this.query = query;
    }

    /**
     * @throws IllegalArgumentException if {@code url} is not an absolute http or https URL, has a port that cannot be, or
     *     holds user info or a fragment; says so without the URL, which may hold a key
     */
    public static BaseUrl of(String url) {
        URI uri = parsed(Objects.requireNonNull(url, "baseUrl").trim());
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https")) || uri.getRawAuthority() == null) {
            throw new IllegalArgumentException(
                    "baseUrl must be absolute, such as https://host/v1, with the scheme http or https");
        }
        if (uri.getRawAuthority().indexOf('@') >= 0) {
            throw new IllegalArgumentException(
                    "baseUrl must not hold user info: send it as a header, \"Authorization\" with \"Basic ...\"");
        }
        if (uri.getHost() == null) {
            throw new IllegalArgumentException("baseUrl names the host " + uri.getRawAuthority()
                    + ", which is no host name: it has letters a to z, digits, - and dots, and no _");
        }
        if (uri.getRawFragment() != null) {
            throw new IllegalArgumentException("baseUrl must not hold a fragment, which no server would see");
        }
        if (uri.getPort() > 65_535) {
            throw new IllegalArgumentException("baseUrl has the port " + uri.getPort() + ", ports end at 65535");
        }
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        boolean defaultPort = uri.getPort() == -1 || uri.getPort() == (scheme.equals("http") ? 80 : 443);
        String path = uri.getRawPath() == null ? "" : uri.getRawPath();
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        String normal = scheme + "://" + host + (defaultPort ? "" : ":" + uri.getPort()) + path.substring(0, end);
        return new BaseUrl(normal, host, uri.getRawQuery());
    }

    /** Without the exception that tells why, for it would show the URL. */
    private static URI parsed(String url) {
        try {
            return new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("baseUrl is not a URL: " + e.getReason());
        }
    }

    /** The normal form without the query. */
    public String identity() {
        return normal;
    }

    /** The host in lower case. */
    public String host() {
        return host;
    }

    /** The values in the query, as they stand and decoded, but for versions: some servers take keys there. */
    List<String> queryValues() {
        List<String> values = new ArrayList<>();
        for (String parameter : query == null ? new String[0] : query.split("&")) {
            int equal = parameter.indexOf('=');
            if (!parameter.substring(0, Math.max(equal, 0)).endsWith("version")) {
                String value = parameter.substring(equal + 1);
                values.add(value);
                values.add(URLDecoder.decode(value, StandardCharsets.UTF_8));
            }
        }
        return values;
    }

    /** This URL without {@code suffix} at its end. */
    public BaseUrl without(String suffix) {
        return normal.endsWith(suffix)
                ? new BaseUrl(normal.substring(0, normal.length() - suffix.length()), host, query)
                : this;
    }

    /** The address of {@code path}, which begins with a slash and may have a query, below this URL. */
    public URI resolve(String path) {
        String joint = path.indexOf('?') < 0 ? "?" : "&";
        return URI.create(normal + path + (query == null ? "" : joint + query));
    }

    @Override
    public String toString() {
        return normal;
    }
}
