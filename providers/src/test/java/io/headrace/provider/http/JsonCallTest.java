package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.model.ChatRequest;
import io.headrace.provider.http.LoopbackServer.Reply;
import io.headrace.provider.openai.OpenAi;
import java.net.URI;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

class JsonCallTest {

    /** Answers with the thread that read the answer. */
    private static final JsonOperation<String, String> READ_BY = new JsonOperation<>() {
        @Override
        public String about(String request) {
            return request;
        }

        @Override
        public List<String> prompts(String request) {
            return List.of(request);
        }

        @Override
        public void write(String request, JsonGenerator out) {
            out.writeString(request);
        }

        @Override
        public String read(JsonParser in) {
            in.nextToken();
            return Thread.currentThread().getName() + " " + in.getString().length();
        }
    };

    @Test
    void answerThatIsNestedWithoutEnd_isMalformed() {
        try (LoopbackServer server = new LoopbackServer();
                OpenAi openAi =
                        OpenAi.builder().baseUrl(server.url()).apiKey("any").build()) {
            server.next(new Reply(200, "{\"a\":" + "[".repeat(10_000)));
            StepVerifier.create(openAi.chat()
                            .apply(ChatRequest.builder("m").user("x").build()))
                    .verifyErrorSatisfies(error -> assertThat(error)
                            .isInstanceOf(ApiException.class)
                            .hasMessageContaining("is no JSON that can be read: ")
                            .hasMessageContaining("depth"));
        }
    }

    @Test
    void largeAnswer_isParsedOffTheEventLoop_smallOneOnIt() {
        try (LoopbackServer server = new LoopbackServer();
                HttpTransport transport = HttpTransport.create()) {
            JsonCall<String, String> call = new JsonCall<>(
                    transport.endpoint("p", URI.create(server.url()), Map.of()),
                    READ_BY,
                    (status, body) -> null,
                    Secret.NONE,
                    Clock.systemUTC());
            server.next(new Reply(200, "\"" + "a".repeat(1000) + "\""));
            server.next(new Reply(200, "\"" + "a".repeat(3_000_000) + "\""));

            StepVerifier.create(call.apply("x"))
                    .assertNext(s -> assertThat(s).startsWith("reactor-http").endsWith(" 1000"))
                    .verifyComplete();
            StepVerifier.create(call.apply("x"))
                    .assertNext(s -> assertThat(s).startsWith("parallel").endsWith(" 3000000"))
                    .verifyComplete();
        }
    }
}
