package io.headrace.provider.anthropic;

import io.headrace.Call;
import io.headrace.batch.BatchApi;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.BaseUrl;
import io.headrace.provider.http.Credentials;
import io.headrace.provider.http.JsonApi;
import io.headrace.provider.http.Page;
import io.headrace.provider.http.ProviderBuilder;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
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

    private final JsonApi api;
    private final ChatCall chat;
    private final Call<ChatRequest, Long> countTokens;
    private final BatchApi<ChatRequest, ChatResponse> chatBatches;

    private Anthropic(JsonApi api, String version) {
        this.api = api;
        Messages messages = new Messages(version);
        this.chat = api.chat("/v1/messages", messages);
        this.chatBatches = new Batches(api, messages);
        this.countTokens = api.call("/v1/messages/count_tokens", new CountTokens());
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Messages. A request needs {@code maxOutputTokens}, and its system messages must come first. A reasoning effort is sent with
     * adaptive thinking; {@code NONE} switches thinking off. For a model that wants a budget instead, set the extra field
     * {@code thinking}. Cache points of five minutes and of an hour are sent, at most four.
     *
     * <p>A request ends as {@code INVALID_REQUEST} before anything is sent if it has what Anthropic does not take: seed, penalties,
     * log probabilities, more than one choice, a temperature above 1, effort {@code MINIMAL}, JSON without a schema, a description of the
     * answer's format, a tool's arguments that are no JSON object, an image's detail, a media type that Anthropic does not read. So do
     * temperature, top p and top k with a version that refuses them.
     */
    public ChatCall chat() {
        return chat;
    }

    /**
     * Counts the input tokens of a request, with system, tools and schema, as the model of that name sees them. Free of charge, with
     * a rate limit of its own. Settings that are not input are left out.
     */
    public Call<ChatRequest, Long> countTokens() {
        return countTokens;
    }

    /**
     * Messages by the Message Batches API: at half the price, within 24 hours. Takes what {@link #chat} takes. Anthropic's batches
     * have no name, so a batch's tag is not kept. Results are read below the base URL only, whatever address the server names for
     * them. Uploads and downloads have no limit on the time of the whole.
     */
    public BatchApi<ChatRequest, ChatResponse> chatBatches() {
        return chatBatches;
    }

    /** The models that the key may use, the newest first; asks page by page. */
    public Mono<List<ModelInfo>> models() {
        return Page.all(this::page).collectList();
    }

    /** One model; an error of kind {@link io.headrace.ErrorKind#NOT_FOUND} if there is none of that name. */
    public Mono<ModelInfo> model(String id) {
        return api.call("/v1/models/" + ModelOperation.encoded(id), ModelOperation.ONE)
                .apply(id);
    }

    private Mono<Page<ModelInfo>> page(String after) {
        String from = after.isEmpty() ? "" : "&after_id=" + ModelOperation.encoded(after);
        return api.call("/v1/models?limit=1000" + from, ModelOperation.list(after))
                .apply(after);
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
        return "Anthropic[" + api.identity() + "]";
    }

    /** Collects the settings of an {@link Anthropic}. Not thread-safe. */
    public static final class Builder extends ProviderBuilder<Builder> {

        private static final Pattern VERSION = Pattern.compile("\\d{4}-\\d{2}-\\d{2}");

        private BaseUrl baseUrl = BaseUrl.of("https://api.anthropic.com");
        private boolean bearer;
        private String version = VERSION_WITH_SAMPLING;

        private Builder() {
            super("ANTHROPIC_API_KEY");
        }

        @Override
        protected Builder self() {
            return this;
        }

        /** Sends the key as {@code Authorization: Bearer} in place of {@code x-api-key}, as some gateways and tokens want it. */
        public Builder bearer() {
            this.bearer = true;
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
         *
         * @throws IllegalArgumentException if it is no date
         */
        public Builder version(String version) {
            if (!VERSION.matcher(version).matches()) {
                throw new IllegalArgumentException(
                        "version is a date such as " + VERSION_WITHOUT_SAMPLING + ", not '" + version + "'");
            }
            this.version = version;
            return this;
        }

        @Override
        protected Builder environment(UnaryOperator<@Nullable String> environment) {
            return super.environment(environment);
        }

        /**
         * @throws IllegalArgumentException if there is no key and the base URL is Anthropic's own, or if the environment's
         *     key is blank
         */
        public Anthropic build() {
            return new Anthropic(
                    api(
                            "anthropic",
                            baseUrl,
                            "api.anthropic.com",
                            Map.of("anthropic-version", version),
                            key -> bearer ? Credentials.bearer(key) : Credentials.header("x-api-key", key),
                            AnthropicErrors.RULES),
                    version);
        }
    }
}
