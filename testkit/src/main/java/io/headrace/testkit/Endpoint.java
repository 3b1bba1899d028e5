package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One thing that a wire can be asked for. */
record Endpoint(Wire wire, HttpMethod method, Reading reading) {

    private static final Endpoint OPENAI_MODELS =
            new Endpoint(OpenAiWire.INSTANCE, HttpMethod.GET, (uri, headers, body) -> OpenAiModels.read(uri));

    private static final Endpoint ANTHROPIC_MODELS = new Endpoint(
            AnthropicWire.INSTANCE, HttpMethod.GET, (uri, headers, body) -> AnthropicModels.read(uri, headers));

    private static final Map<String, Endpoint> POSTS = Map.of(
            "/v1/chat/completions",
            openAi(body -> new OpenAiChat(ChatBody.parse(body))),
            "/v1/responses",
            openAi(body -> new OpenAiResponses(ChatBody.parse(body))),
            "/v1/embeddings",
            openAi(OpenAiEmbeddings::read),
            "/v1/messages",
            anthropic(AnthropicMessages::new),
            "/v1/messages/count_tokens",
            anthropic(AnthropicCountTokens::new));

    /** Understands a request. */
    interface Reading {

        /**
         * @param uri path and query
         * @throws tools.jackson.core.JacksonException if the body is not a JSON object where one is asked for
         */
        Question read(String uri, HttpHeaders headers, byte[] body);
    }

    private static Endpoint openAi(Function<byte[], Question> reading) {
        return new Endpoint(OpenAiWire.INSTANCE, HttpMethod.POST, (uri, headers, body) -> reading.apply(body));
    }

    private static Endpoint anthropic(Function<AnthropicRequest, Question> reading) {
        return new Endpoint(
                AnthropicWire.INSTANCE,
                HttpMethod.POST,
                (uri, headers, body) -> reading.apply(new AnthropicRequest(headers, body)));
    }

    /** What is asked for at {@code path}, null if nothing is. */
    static @Nullable Endpoint at(String path, HttpHeaders headers) {
        return path.equals(OpenAiModels.PATH) || path.startsWith(OpenAiModels.PATH + "/")
                ? AnthropicModels.isMeant(headers) ? ANTHROPIC_MODELS : OPENAI_MODELS
                : POSTS.get(path);
    }

    /** The wire whose errors fit an unknown path. */
    static Wire near(String path) {
        return path.startsWith("/v1/messages") ? AnthropicWire.INSTANCE : OpenAiWire.INSTANCE;
    }
}
