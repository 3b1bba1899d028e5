package io.headrace.testkit;

import org.jspecify.annotations.Nullable;

/** How many tokens a request to Anthropic Messages has. */
record AnthropicCountTokens(AnthropicRequest request) implements Question {

    @Override
    public String model() {
        return request.body.model();
    }

    @Override
    public Wire.@Nullable Problem problem() {
        return request.countProblem();
    }

    @Override
    public Content answer(Occasion occasion) {
        return Content.whole(Json.write(json -> {
            json.writeStartObject();
            json.writeNumberProperty("input_tokens", request.prompt().tokens());
            json.writeEndObject();
        }));
    }
}
