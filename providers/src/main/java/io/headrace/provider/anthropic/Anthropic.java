package io.headrace.provider.anthropic;

import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.BaseUrl;
import io.headrace.provider.http.HttpEndpoint;
import io.headrace.provider.http.HttpTransport;
import io.headrace.provider.http.JsonCall;
import io.headrace.provider.http.Secret;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Anthropic, or any server that speaks its Messages API. It sends each request once; retries, limits and caching are layers
 * round its calls.
 *
 * <p>Thread-safe. Holds connections unless a transport was given; {@link #close} frees them.
 */
public final class Anthropic implements AutoCloseable {

    /** The last API version that takes temperature and top p. */
    static final String VERSION_WITH_SAMPLING = "2023-06-01";

    private static final String KEY_VARIABLE = "ANTHROPIC_API_KEY";

    private final HttpTransport transport;
    private final boolean ownsTransport;
    private final String identity;
    private final ChatCall chat;

    private Anthropic(Builder builder, Secret key) {
        HttpTransport given = builder.transport;
        this.transport = given == null ? HttpTransport.create() : given;
        this.ownsTransport = given == null;
        this.identity = builder.identity == null ? builder.baseUrl.identity() : builder.identity;
        HttpEndpoint endpoint =
                transport.endpoint("anthropic", builder.baseUrl.resolve("/v1/messages"), headers(builder, key));
        JsonCall<ChatRequest, ChatResponse> call = new JsonCall<>(
                endpoint,
                new Messages(builder.version),
                AnthropicErrors.RULES,
                key.hiding(builder.headers.values()),
                builder.clock);
        this.chat = new Chat(identity, call);
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Messages. A request needs {@code maxOutputTokens}; messages of the system must lead. A seed, and temperature or top p
     * with a version that refuses them, end the call as {@code INVALID_REQUEST} before anything is sent.
     */
    public ChatCall chat() {
        return chat;
    }

    /** Closes the connections, unless the transport was given to the builder. Idempotent. Returns without waiting. */
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

    @Override
    public String toString() {
        return "Anthropic[" + identity + "]";
    }

    private static Map<String, String> headers(Builder builder, Secret key) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (key.isPresent()) {
            headers.put("x-api-key", key.reveal());
        }
        headers.put("anthropic-version", builder.version);
        headers.putAll(builder.headers);
        return headers;
    }

    private record Chat(String identity, JsonCall<ChatRequest, ChatResponse> call) implements ChatCall {

        @Override
        public Mono<ChatResponse> apply(ChatRequest request) {
            return call.apply(request);
        }

        @Override
        public String toString() {
            return "anthropic chat at " + identity;
        }
    }

    /** Collects the settings of an {@link Anthropic}. Not thread-safe. */
    public static final class Builder {

        private BaseUrl baseUrl = BaseUrl.of("https://api.anthropic.com");
        private Secret key = Secret.NONE;
        private boolean keyFromEnv;
        private String version = VERSION_WITH_SAMPLING;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private @Nullable String identity;
        private @Nullable HttpTransport transport;
        private Clock clock = Clock.systemUTC();
        private UnaryOperator<@Nullable String> environment = System::getenv;

        private Builder() {}

        /**
         * The API key. Without one none is sent, which compatible servers allow and Anthropic does not.
         *
         * @throws IllegalArgumentException if it is blank or no key can look like that
         */
        public Builder apiKey(String apiKey) {
            this.key = Secret.of("apiKey", apiKey);
            return this;
        }

        /** Takes the key from the environment variable {@code ANTHROPIC_API_KEY} when built, if it is set. */
        public Builder apiKeyFromEnv() {
            this.keyFromEnv = true;
            return this;
        }

        /**
         * Where the API is; a {@code /v1} or {@code /v1/messages} at the end is left off. Default {@code https://api.anthropic.com}.
         *
         * @throws IllegalArgumentException if it is not an absolute http or https URL
         */
        public Builder baseUrl(String baseUrl) {
            this.baseUrl = BaseUrl.of(baseUrl).without("/messages").without("/v1");
            return this;
        }

        /**
         * The API version, sent as {@code anthropic-version}. Default {@code 2023-06-01}, the last that takes temperature and
         * top p.
         */
        public Builder version(String version) {
            this.version = Objects.requireNonNull(version, "version");
            return this;
        }

        /** A further header for every request, such as {@code anthropic-beta}; overrules one of the same name. */
        public Builder header(String name, String value) {
            headers.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /** Whose answers these are, see {@link ChatCall#identity}. Default: the base URL in normal form. */
        public Builder identity(String identity) {
            this.identity = Objects.requireNonNull(identity, "identity");
            return this;
        }

        /** Connections to use, which stay the caller's to close. Default: its own, with the transport's defaults. */
        public Builder transport(HttpTransport transport) {
            this.transport = Objects.requireNonNull(transport, "transport");
            return this;
        }

        /** Measures waits that the server gives as a date. Default: the system's. */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        Builder environment(UnaryOperator<@Nullable String> environment) {
            this.environment = environment;
            return this;
        }

        /**
         * @throws IllegalArgumentException if there is no key and the base URL is Anthropic's own, or if the environment's
         *     key is blank
         */
        public Anthropic build() {
            Secret used = key;
            String fromEnv = keyFromEnv && !key.isPresent() ? environment.apply(KEY_VARIABLE) : null;
            if (fromEnv != null) {
                used = Secret.of(KEY_VARIABLE, fromEnv);
            }
            if (!used.isPresent() && headers.isEmpty() && baseUrl.host().equals("api.anthropic.com")) {
                throw new IllegalArgumentException(
                        "no API key for " + baseUrl + ": set apiKey, or " + KEY_VARIABLE + " with apiKeyFromEnv");
            }
            return new Anthropic(this, used);
        }
    }
}
