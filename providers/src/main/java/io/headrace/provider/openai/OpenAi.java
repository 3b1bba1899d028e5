package io.headrace.provider.openai;

import io.headrace.Call;
import io.headrace.batch.BatchApi;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.EmbeddingCall;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.http.BaseUrl;
import io.headrace.provider.http.Credentials;
import io.headrace.provider.http.JsonApi;
import io.headrace.provider.http.ProviderBuilder;
import java.util.LinkedHashMap;
import java.util.List;
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

    private static final String CHAT = "/chat/completions";
    private static final String RESPONSES = "/responses";
    private static final String EMBEDDINGS = "/embeddings";

    private final JsonApi api;
    private final ChatCall chat;
    private final ChatCall responses;
    private final EmbeddingCall embeddings;
    private final BatchApi<ChatRequest, ChatResponse> chatBatches;
    private final BatchApi<EmbeddingRequest, EmbeddingResponse> embeddingBatches;

    private OpenAi(JsonApi api, String maxTokensField, String version) {
        this.api = api;
        ChatCompletions completions = new ChatCompletions(maxTokensField);
        Embeddings vectors = new Embeddings();
        this.chat = api.chat(CHAT, completions);
        this.responses = api.chat(RESPONSES, new Responses());
        this.embeddings = new Embedder(api.name(), api.identity(), api.call(EMBEDDINGS, vectors));
        this.chatBatches =
                new Batches<>(api, version + CHAT, completions, request -> 1, answer -> 1, ChatRequest::extra);
        this.embeddingBatches = new Batches<>(
                api,
                version + EMBEDDINGS,
                vectors,
                Embeddings::count,
                answer -> answer.vectors().size(),
                EmbeddingRequest::extra);
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Chat Completions, which every compatible server has. Sends everything that a request can say except top k. Documents go as
     * bytes, not by URL, and what tools gave goes as text. A value beyond OpenAI's range ends the call as {@code INVALID_REQUEST}
     * before anything is sent: temperature above 2, more than 4 stop texts, 20 log probabilities, 128 choices or tools. For a server
     * that takes more, use an extra field.
     */
    public ChatCall chat() {
        return chat;
    }

    /**
     * Responses, OpenAI's newer API for the same models. It has no top k, penalties, stop texts, seed or choices. It takes documents
     * by URL and images from tools, and an output limit of at least 16 tokens. OpenAI stores the answers unless the extra field
     * {@code store} is false.
     */
    public ChatCall responses() {
        return responses;
    }

    /**
     * Embeddings, of at most 2,048 inputs a request. Asks for vectors in Base64; for a server that knows only numbers, set the extra
     * field {@code encoding_format} to {@code float}. Vectors come in the order of the inputs.
     */
    public EmbeddingCall embeddings() {
        return embeddings;
    }

    /**
     * Chat Completions by the Batch API: at half the price, within 24 hours, one model in a batch. Takes what {@link #chat} takes; the
     * tag of a batch is kept in its metadata. Uploads and downloads have no limit on the time of the whole.
     */
    public BatchApi<ChatRequest, ChatResponse> chatBatches() {
        return chatBatches;
    }

    /**
     * Embeddings by the Batch API, as {@link #chatBatches}. Its limit counts inputs, and {@link BatchApi#answers} tells an answer that has
     * another number of vectors. That they are as long as {@code dimensions}, a {@link io.headrace.layer.CallStack#embeddings} checks.
     */
    public BatchApi<EmbeddingRequest, EmbeddingResponse> embeddingBatches() {
        return embeddingBatches;
    }

    /** The models that the key may use. */
    public Mono<List<ModelInfo>> models() {
        return api.call("/models", ModelOperation.LIST).apply("");
    }

    /** One model; an error of kind {@link io.headrace.ErrorKind#NOT_FOUND} if there is none of that name. */
    public Mono<ModelInfo> model(String id) {
        return api.call("/models/" + ModelOperation.path(id), ModelOperation.ONE)
                .apply(id);
    }

    /** Closes the connections, unless the transport was given to the builder. Idempotent. Returns without waiting. */
    @Override
    public void close() {
        api.close();
    }

    /** {@link #close} on subscription, completing when the connections are down. */
    public Mono<Void> disposeLater() {
        return api.disposeLater();
    }

    @Override
    public String toString() {
        return "OpenAi[" + api.identity() + "]";
    }

    private record Embedder(String provider, String identity, Call<EmbeddingRequest, EmbeddingResponse> call)
            implements EmbeddingCall {

        @Override
        public Mono<EmbeddingResponse> apply(EmbeddingRequest request) {
            return call.apply(request);
        }

        @Override
        public String toString() {
            return "openai embeddings at " + identity;
        }
    }

    /** Collects the settings of an {@link OpenAi}. Not thread-safe. */
    public static final class Builder extends ProviderBuilder<Builder> {

        private BaseUrl baseUrl = BaseUrl.of(DEFAULT_BASE_URL);
        private @Nullable String organization;
        private @Nullable String project;
        private String maxTokensField = "max_completion_tokens";

        private Builder() {
            super("OPENAI_API_KEY");
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Where the API is, up to and including the version; {@code /chat/completions}, {@code /responses} or {@code
         * /embeddings} behind it is left off. Default {@code https://api.openai.com/v1}. A query is kept, and its values are shown
         * in no error.
         *
         * @throws IllegalArgumentException if it is not an absolute http or https URL
         */
        public Builder baseUrl(String baseUrl) {
            this.baseUrl = BaseUrl.of(baseUrl).without(CHAT).without(RESPONSES).without(EMBEDDINGS);
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

        /** Sends the output limit of a chat as the older {@code max_tokens}, for servers that know nothing else. */
        public Builder legacyMaxTokens() {
            this.maxTokensField = "max_tokens";
            return this;
        }

        @Override
        protected Builder environment(UnaryOperator<@Nullable String> environment) {
            return super.environment(environment);
        }

        /**
         * @throws IllegalArgumentException if there is no key and the base URL is OpenAI's own, or if the environment's key
         *     is blank
         */
        public OpenAi build() {
            return new OpenAi(
                    api("openai", baseUrl, "api.openai.com", headers(), Credentials::bearer, new OpenAiErrors(baseUrl)),
                    maxTokensField,
                    baseUrl.host().endsWith(".openai.azure.com") ? "" : "/v1");
        }

        private Map<String, String> headers() {
            Map<String, String> headers = new LinkedHashMap<>();
            if (organization != null) {
                headers.put("OpenAI-Organization", organization);
            }
            if (project != null) {
                headers.put("OpenAI-Project", project);
            }
            return headers;
        }
    }
}
