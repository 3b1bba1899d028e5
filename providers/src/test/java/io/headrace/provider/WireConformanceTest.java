package io.headrace.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import io.headrace.Call;
import io.headrace.Usage;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import io.headrace.provider.openai.OpenAi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What goes out and what comes in is what the providers' own OpenAPI descriptions say. The descriptions do not ship with the
 * project: without them these tests are skipped.
 */
class WireConformanceTest {

    private final LoopbackServer server = new LoopbackServer();

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void openAi_requestAndAnswerConform() throws IOException {
        Description description = description("openai-openapi-subset.json");
        String answer = """
                {"id":"chatcmpl-A1","object":"chat.completion","created":1726012687,"model":"gpt-4o-2024-08-06","service_tier":"default",
                 "choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],
                 "usage":{"prompt_tokens":13,"completion_tokens":5,"total_tokens":18,
                  "prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0},
                  "completion_tokens_details":{"reasoning_tokens":1,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}""";
        description.assertConforms("CreateChatCompletionResponse", answer);
        server.always(new Reply(200, answer));

        try (OpenAi openAi =
                OpenAi.builder().baseUrl(server.url() + "/v1").apiKey("sk-test").build()) {
            ChatRequest full = full("gpt-4o").seed(42).build();
            assertAnswer(
                    openAi.chat(),
                    full,
                    new ChatResponse(
                            "chatcmpl-A1",
                            "gpt-4o-2024-08-06",
                            "Hi",
                            FinishReason.STOP,
                            null,
                            new Usage(13, 3, 0, 0, 5, 1, 0)));
            openAi.chat()
                    .apply(ChatRequest.builder("gpt-4o").user("Hi").build())
                    .block();
        }

        assertThat(server.received()).hasSize(2).allSatisfy(request -> {
            description.assertPath(request.path());
            description.assertConforms("CreateChatCompletionRequest", request.body());
        });
    }

    private static ChatRequest.Builder full(String model) {
        return ChatRequest.builder(model)
                .system("Be brief.")
                .user("Hi")
                .assistant("Yes?")
                .user("Why?")
                .temperature(0.5)
                .topP(0.9)
                .maxOutputTokens(7)
                .stop("END", "STOP");
    }

    private static void assertAnswer(Call<ChatRequest, ChatResponse> call, ChatRequest request, ChatResponse answer) {
        StepVerifier.create(call.apply(request)).expectNext(answer).verifyComplete();
    }

    private static Description description(String file) throws IOException {
        String told = System.getProperty("HEADRACE_SHARED", System.getenv("HEADRACE_SHARED"));
        Path found = Stream.of(told, "../shared", "../../shared", "../../../shared")
                .filter(Objects::nonNull)
                .map(folder -> Path.of(folder, "reference", file))
                .filter(Files::isReadable)
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(
                found != null, "skipped: no shared/reference/" + file + " beside the project and no HEADRACE_SHARED");
        return new Description(Files.readString(found));
    }

    /** An OpenAPI description and its schemas. */
    private static final class Description {

        private static final String AT = "https://provider.invalid/api";

        private final JsonNode tree;
        private final SchemaRegistry schemas;

        Description(String json) {
            this.tree = new JsonMapper().readTree(json);
            this.schemas =
                    SchemaRegistry.withDialect(Dialects.getDraft202012(), builder -> builder.schemas(Map.of(AT, json)));
        }

        void assertPath(String path) {
            assertThat(tree.path("paths").has(path)).as(path).isTrue();
        }

        void assertConforms(String name, String json) {
            Schema schema = schemas.getSchema(SchemaLocation.of(AT + "#/components/schemas/" + name));
            assertThat(schema.validate("{}", InputFormat.JSON))
                    .as(name + " is found")
                    .isNotEmpty();
            assertThat(schema.validate(json, InputFormat.JSON)).as(name).isEmpty();
        }
    }
}
