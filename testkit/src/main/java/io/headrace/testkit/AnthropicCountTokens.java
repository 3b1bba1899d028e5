package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;

/** How many tokens a request to Anthropic Messages has. */
enum AnthropicCountTokens implements Endpoint {
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
}
