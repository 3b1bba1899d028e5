package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;

/** One thing that a wire can be asked for. Stateless. */
interface Endpoint {

    Wire wire();

    HttpMethod method();

    /**
     * Understands a request.
     *
     * @param uri path and query
     * @throws tools.jackson.core.JacksonException if the body is not a JSON object where one is asked for
     */
    Question read(String uri, HttpHeaders headers, byte[] body);

    /** What is asked for at {@code path}, null if nothing is. */
    static @Nullable Endpoint at(String path, HttpHeaders headers) {
        if (path.equals(OpenAiModels.PATH) || path.startsWith(OpenAiModels.PATH + "/")) {
            return AnthropicModels.isMeant(headers) ? AnthropicModels.INSTANCE : OpenAiModels.INSTANCE;
        }
        return switch (path) {
            case "/v1/chat/completions" -> OpenAiChat.INSTANCE;
            case "/v1/messages" -> AnthropicMessages.INSTANCE;
            case "/v1/messages/count_tokens" -> AnthropicCountTokens.INSTANCE;
            case "/v1/responses" -> OpenAiResponses.INSTANCE;
            case "/v1/embeddings" -> OpenAiEmbeddings.INSTANCE;
            default -> null;
        };
    }

    /** The wire whose errors fit an unknown path. */
    static Wire near(String path) {
        return path.startsWith("/v1/messages") ? AnthropicWire.INSTANCE : OpenAiWire.INSTANCE;
    }
}
