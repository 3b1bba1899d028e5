package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;

/** Anthropic Messages. */
enum AnthropicMessages implements Endpoint {
    INSTANCE;

    @Override
    public Wire wire() {
        return AnthropicWire.INSTANCE;
    }

    @Override
    public HttpMethod method() {
        return HttpMethod.POST;
    }

    @Override
    public Question read(String uri, HttpHeaders headers, byte[] body) {
        return new Asked(new AnthropicRequest(headers, body));
    }

    private record Asked(AnthropicRequest request) implements Question {

        @Override
        public String model() {
            return request.body.model();
        }

        @Override
        public Wire.@Nullable Problem problem() {
            return request.messageProblem();
        }

        @Override
        public Demand demand(PromptCache promptCache) {
            AnthropicPrompt prompt = request.prompt();
            return new Demand(prompt.tokens() - promptCache.kept(prompt), request.body.maxTokens);
        }

        @Override
        public Content answer(Occasion occasion) {
            AnthropicMessage message = new AnthropicMessage(request, occasion);
            return request.body.stream
                    ? Content.stream(message.events(), message.tokens())
                    : Content.whole(Json.write(message::write), message.tokens());
        }
    }
}
