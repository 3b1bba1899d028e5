package io.headrace.provider.anthropic;

import io.headrace.Call;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.provider.http.BaseUrl;
import io.headrace.provider.http.HttpEndpoint;
import io.headrace.provider.http.HttpTransport;
import io.headrace.provider.http.JsonCall;
import io.headrace.provider.http.JsonChatCall;
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

    /** The last API version that takes temperature, top p and top k. */
    static final String VERSION_WITH_SAMPLING = "2023-06-01";

    /** The first API version that refuses them. */
    static final String VERSION_WITHOUT_SAMPLING = "2026-10-21";

    private static final String KEY_VARIABLE = "ANTHROPIC_API_KEY";

    private final HttpTransport transport;
    private final boolean ownsTransport;
    private final String identity;
    private final ChatCall chat;
    private final Call<ChatRequest, Long> countTokens;

    private Anthropic(Builder builder, Secret key) {
        HttpTransport given = builder.transport;
        this.transport = given == null ? HttpTransport.create() : given;
        this.ownsTransport = given == null;
        this.identity = builder.identity == null ? builder.baseUrl.identity() : builder.identity;
        Map<String, String> headers = headers(builder, key);
        Secret hidden = key.hiding(builder.headers.values());
        this.chat = new JsonChatCall(
                identity,
                endpoint(builder, "/v1/messages", headers),
                new Messages(builder.version),
                AnthropicErrors.RULES,
                hidden,
                builder.clock);
        this.countTokens = new JsonCall<>(
                endpoint(builder, "/v1/messages/count_tokens", headers),
                new CountTokens(),
                AnthropicErrors.RULES,
                hidden,
                builder.clock);
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Messages. A request needs {@code maxOutputTokens}; messages of the system must lead. A reasoning effort is sent with
     * adaptive thinking, {@code NONE} as thinking switched off; a model that wants a budget in its place takes it as the extra
     * field {@code thinking}. Cache points of five minutes and of an hour are sent, at most four.
     *
     * <p>Ends as {@code INVALID_REQUEST} before anything is sent: seed, penalties, log probabilities, more than one choice,
     * effort {@code MINIMAL}, JSON without a schema, an image's detail, other media types than Anthropic reads, and temperature,
     * top p and top k with a version that refuses them.
     */
    public ChatCall chat() {
        return chat;
    }

    /**
     * Counts the input tokens of a request, with system, tools and schema, as the model of that name sees them. Free of charge,
     * with a rate limit of its own. Settings that are no input are left out.
     */
    public Call<ChatRequest, Long> countTokens() {
        return countTokens;
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

    private HttpEndpoint endpoint(Builder builder, String path, Map<String, String> headers) {
        return transport.endpoint("anthropic", builder.baseUrl.resolve(path), headers);
    }

    private static Map<String, String> headers(Builder builder, Secret key) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (key.isPresent() && builder.bearer) {
            headers.put("authorization", "Bearer " + key.reveal());
        } else if (key.isPresent()) {
            headers.put("x-api-key", key.reveal());
        }
        headers.put("anthropic-version", builder.version);
        headers.putAll(builder.headers);
        return headers;
    }

    /** Collects the settings of an {@link Anthropic}. Not thread-safe. */
    public static final class Builder {

        private BaseUrl baseUrl = BaseUrl.of("https://api.anthropic.com");
        private Secret key = Secret.NONE;
        private boolean keyFromEnv;
        private boolean bearer;
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

        /** Sends the key as {@code Authorization: Bearer} in place of {@code x-api-key}, as some gateways and tokens want it. */
        public Builder bearer() {
            this.bearer = true;
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
         * The API version, sent as {@code anthropic-version}. Default {@code 2023-06-01}, the last that takes temperature,
         * top p and top k; from {@code 2026-10-21} on they are refused.
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
