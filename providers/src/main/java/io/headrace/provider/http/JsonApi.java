package io.headrace.provider.http;

import io.headrace.Call;
import io.headrace.model.ChatCall;
import java.time.Clock;
import java.util.Map;
import reactor.core.publisher.Mono;

/**
 * One provider's API: makes its calls and owns what they share. Thread-safe. Holds connections unless a transport was
 * given to its builder; {@link #close} frees them.
 */
public final class JsonApi implements AutoCloseable {

    private final String name;
    private final String identity;
    private final BaseUrl baseUrl;
    private final HttpTransport transport;
    private final boolean ownsTransport;
    private final Map<String, String> headers;
    private final Credentials credentials;
    private final ErrorRules rules;
    private final Secret hidden;
    private final Clock clock;

    JsonApi(
            String name,
            BaseUrl baseUrl,
            ProviderBuilder<?> settings,
            Map<String, String> headers,
            Credentials credentials,
            ErrorRules rules,
            Secret hidden) {
        this.name = name;
        this.baseUrl = baseUrl;
        this.identity = settings.identity == null ? baseUrl.identity() : settings.identity;
        this.transport = settings.transport == null ? HttpTransport.create() : settings.transport;
        this.ownsTransport = settings.transport == null;
        this.headers = Map.copyOf(headers);
        this.credentials = credentials;
        this.rules = rules;
        this.hidden = hidden;
        this.clock = settings.clock;
    }

    /** Whose answers these are, see {@link ChatCall#identity}. */
    public String identity() {
        return identity;
    }

    /**
     * A call to {@code path}.
     *
     * @param path below the base URL, with a slash at its start
     */
    public <Q, R> Call<Q, R> call(String path, JsonOperation<Q, R> operation) {
        return new JsonCall<>(endpoint(path), operation, rules, hidden, clock);
    }

    /** A chat call to {@code path}. */
    public ChatCall chat(String path, ChatOperation operation) {
        return new JsonChatCall(identity, endpoint(path), operation, rules, hidden, clock);
    }

    private HttpEndpoint endpoint(String path) {
        return transport.endpoint(name, baseUrl.resolve(path), headers, credentials, clock);
    }

    /** Closes the connections, unless the transport was given. Idempotent. Returns without waiting. */
    @Override
    public void close() {
        if (ownsTransport) {
            transport.close();
        }
    }

    /** {@link #close} on subscription, completing when the connections are down. */
    public Mono<Void> disposeLater() {
        return ownsTransport ? transport.disposeLater() : Mono.empty();
    }

    /** Without headers: they hold keys. */
    @Override
    public String toString() {
        return name + " at " + identity;
    }
}
