package io.headrace.provider.openai;

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
 * OpenAI, or any server that speaks its API: Azure, vLLM, Ollama, llama.cpp, gateways. It sends each request once; retries,
 * limits and caching are layers round its calls.
 *
 * <p>Thread-safe. Holds connections unless a transport was given; {@link #close} frees them.
 */
public final class OpenAi implements AutoCloseable {

    static final String DEFAULT_BASE_URL = "https://api.openai.com/v1";

    private static final String KEY_VARIABLE = "OPENAI_API_KEY";
    private static final String PATH = "/chat/completions";

    private final HttpTransport transport;
    private final boolean ownsTransport;
    private final String identity;
    private final ChatCall chat;

    private OpenAi(Builder builder, Secret key) {
        HttpTransport given = builder.transport;
        this.transport = given == null ? HttpTransport.create() : given;
        this.ownsTransport = given == null;
        this.identity = builder.identity == null ? builder.baseUrl.identity() : builder.identity;
        HttpEndpoint endpoint = transport.endpoint("openai", builder.baseUrl.resolve(PATH), headers(builder, key));
        JsonCall<ChatRequest, ChatResponse> call = new JsonCall<>(
                endpoint,
                new ChatCompletions(builder.maxTokensField),
                OpenAiErrors.RULES,
                key.hiding(builder.headers.values()),
                builder.clock);
        this.chat = new Chat(identity, call);
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Chat Completions. Temperature, top p, output limit, stop texts and seed are all sent as they are. */
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
        return "OpenAi[" + identity + "]";
    }

    private static Map<String, String> headers(Builder builder, Secret key) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (key.isPresent()) {
            headers.put("Authorization", "Bearer " + key.reveal());
        }
        if (builder.organization != null) {
            headers.put("OpenAI-Organization", builder.organization);
        }
        if (builder.project != null) {
            headers.put("OpenAI-Project", builder.project);
        }
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
            return "openai chat at " + identity;
        }
    }

    /** Collects the settings of an {@link OpenAi}. Not thread-safe. */
    public static final class Builder {

        private BaseUrl baseUrl = BaseUrl.of(DEFAULT_BASE_URL);
        private Secret key = Secret.NONE;
        private boolean keyFromEnv;
        private @Nullable String organization;
        private @Nullable String project;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private @Nullable String identity;
        private String maxTokensField = "max_completion_tokens";
        private @Nullable HttpTransport transport;
        private Clock clock = Clock.systemUTC();
        private UnaryOperator<@Nullable String> environment = System::getenv;

        private Builder() {}

        /**
         * The API key. Without one no {@code Authorization} is sent, which compatible servers allow and OpenAI does not.
         *
         * @throws IllegalArgumentException if it is blank or no key can look like that
         */
        public Builder apiKey(String apiKey) {
            this.key = Secret.of("apiKey", apiKey);
            return this;
        }

        /** Takes the key from the environment variable {@code OPENAI_API_KEY} when built, if it is set. */
        public Builder apiKeyFromEnv() {
            this.keyFromEnv = true;
            return this;
        }

        /**
         * Where the API is, up to and including the version; a {@code /chat/completions} behind it is left off. Default
         * {@code https://api.openai.com/v1}. A query is kept.
         *
         * @throws IllegalArgumentException if it is not an absolute http or https URL
         */
        public Builder baseUrl(String baseUrl) {
            this.baseUrl = BaseUrl.of(baseUrl).without(PATH);
            return this;
        }

        /** The organization to bill, for keys that belong to several. */
        public Builder organization(String organization) {
            this.organization = Objects.requireNonNull(organization, "organization");
            return this;
        }

        /** The project to bill. */
        public Builder project(String project) {
            this.project = Objects.requireNonNull(project, "project");
            return this;
        }

        /** A further header for every request, such as Azure's {@code api-key}; overrules one of the same name. */
        public Builder header(String name, String value) {
            headers.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /** Whose answers these are, see {@link ChatCall#identity}. Default: the base URL in normal form. */
        public Builder identity(String identity) {
            this.identity = Objects.requireNonNull(identity, "identity");
            return this;
        }

        /** Sends the output limit as the older {@code max_tokens}, for servers that know nothing else. */
        public Builder legacyMaxTokens() {
            this.maxTokensField = "max_tokens";
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
         * @throws IllegalArgumentException if there is no key and the base URL is OpenAI's own, or if the environment's key
         *     is blank
         */
        public OpenAi build() {
            Secret used = key;
            String fromEnv = keyFromEnv && !key.isPresent() ? environment.apply(KEY_VARIABLE) : null;
            if (fromEnv != null) {
                used = Secret.of(KEY_VARIABLE, fromEnv);
            }
            if (!used.isPresent() && headers.isEmpty() && baseUrl.host().equals("api.openai.com")) {
                throw new IllegalArgumentException(
                        "no API key for " + baseUrl + ": set apiKey, or " + KEY_VARIABLE + " with apiKeyFromEnv");
            }
            return new OpenAi(this, used);
        }
    }
}
