package io.headrace.testkit;

import org.jspecify.annotations.Nullable;

/** Anthropic Messages. */
record AnthropicMessages(AnthropicRequest request) implements Question {

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
