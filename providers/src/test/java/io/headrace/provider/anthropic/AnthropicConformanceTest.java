package io.headrace.provider.anthropic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.JsonSchema;
import io.headrace.model.Media;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part.CachePoint;
import io.headrace.model.Part.Document;
import io.headrace.model.Part.Image;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import io.headrace.provider.Grid;
import io.headrace.provider.OpenApiDescription;
import io.headrace.provider.RawClient;
import io.headrace.provider.http.JsonOperation;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Requests over a grid of all options are what Anthropic's own OpenAPI description says; skipped without the description. */
class AnthropicConformanceTest {

    private static final JsonSchema CITY =
            JsonSchema.of("{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}");
    private static final Tool WEATHER = Tool.of("weather", "Tells the weather.", CITY);

    /** Each list is one axis of the grid. */
    private static final List<List<Consumer<ChatRequest.Builder>>> AXES = List.of(
            List.of(
                    request -> {},
                    request -> request.system("Be brief."),
                    request -> request.system("One.").system("Two."),
                    request -> request.message(new Message(Role.SYSTEM, List.of(new Text("a"), CachePoint.LONG)))),
            List.of(
                    request -> request.user("Hi"),
                    request -> request.user("You must refuse."),
                    request -> request.user("Hi").assistant("Yes?").user(new Text("Why?"), CachePoint.SHORT),
                    request -> request.user(
                            new Image(Media.of("image/webp", new byte[] {1})),
                            new Image(Media.url("https://a.example/b.png")),
                            CachePoint.SHORT,
                            new Document(Media.of("application/pdf", new byte[] {1}), "Name"),
                            new Document(Media.url("https://a.example/b.pdf")),
                            new Document(Media.text("plain"))),
                    request -> request.user("Hi")
                            .message(new Message(
                                    Role.ASSISTANT,
                                    List.of(
                                            new Reasoning("", "hm", "sig", ""),
                                            new Reasoning("", "", "", "hidden"),
                                            new Refusal("Not quite."),
                                            new ToolCall("toolu_1", "weather", "{\"city\":\"Rome\"}"),
                                            new ToolCall("toolu_2", "weather", ""))))
                            .toolResults(
                                    new ToolResult("toolu_1", "sun"),
                                    new ToolResult(
                                            "toolu_2",
                                            List.of(new Text("a"), new Image(Media.of("image/png", new byte[] {1}))),
                                            true))),
            List.of(request -> request.maxOutputTokens(1), request -> request.maxOutputTokens(Integer.MAX_VALUE)),
            List.of(request -> {}, request -> request.stop("END", "STOP")),
            List.of(
                    request -> {},
                    request -> request.tools(WEATHER),
                    request -> request.tools(WEATHER).toolChoice(ToolChoice.AUTO),
                    request ->
                            request.tools(WEATHER).toolChoice(ToolChoice.NONE).parallelToolCalls(false),
                    request -> request.tools(WEATHER.withStrict(true).withCachePoint(CachePoint.SHORT))
                            .toolChoice(ToolChoice.REQUIRED)
                            .parallelToolCalls(true),
                    request -> request.tools(Tool.of("a", "", CITY), WEATHER)
                            .toolChoice(ToolChoice.of("weather"))
                            .parallelToolCalls(false),
                    request -> request.tools(WEATHER).parallelToolCalls(false)),
            List.of(
                    request -> {},
                    request -> request.reasoningEffort(ReasoningEffort.NONE),
                    request -> request.reasoningEffort(ReasoningEffort.LOW),
                    request -> request.reasoningEffort(ReasoningEffort.MEDIUM),
                    request -> request.reasoningEffort(ReasoningEffort.HIGH),
                    request -> request.reasoningEffort(ReasoningEffort.XHIGH),
                    request -> request.reasoningEffort(ReasoningEffort.MAX)),
            List.of(request -> {}, request -> request.answerFormat(AnswerFormat.of("city", CITY))),
            List.of(request -> {}, request -> request.n(1)),
            List.of(
                    request -> {},
                    request -> request.extra("metadata", Map.of("user_id", "u")).extra("service_tier", "auto"),
                    request -> request.extra("thinking", Map.of("type", "enabled", "budget_tokens", 1024))),
            List.of(
                    request -> {},
                    request -> request.temperature(0),
                    request -> request.temperature(1),
                    request -> request.topP(0.9).topK(40)));

    @Test
    void nameThatAnthropicDoesNotTake_isRefused() {
        ChatRequest dotted = ChatRequest.builder("m")
                .user("Hi")
                .maxOutputTokens(1)
                .tools(Tool.of("a.b", "", CITY))
                .build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> write(new Messages("2023-06-01"), dotted))
                .withMessageContaining("'a.b'");
        assertThatIllegalArgumentException().isThrownBy(() -> write(new CountTokens(), dotted));
    }

    @Test
    void everyRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description =
                OpenApiDescription.read("anthropic-openapi.json", AnthropicConformanceTest::amend);
        Messages classic = new Messages("2023-06-01");
        Messages newer = new Messages("2026-10-21");
        for (ChatRequest request : Grid.of("claude-sonnet-4-5", AXES)) {
            String written = write(classic, request);
            description.assertConforms("CreateMessageParams", written);
            description.assertConforms("CreateMessageParams", writeStreamed(classic, request));
            description.assertConforms("CountMessageTokensParams", write(new CountTokens(), request));
            if (request.temperature() == null && request.topP() == null) {
                assertThat(write(newer, request)).isEqualTo(written);
            } else {
                assertThatIllegalArgumentException().isThrownBy(() -> write(newer, request));
            }
        }
        description.assertPath("/v1/messages");
        description.assertPath("/v1/messages/count_tokens");
    }

    /** To the same requests, each eighth. */
    @Test
    void everySimulatedAnswer_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description =
                OpenApiDescription.read("anthropic-openapi.json", AnthropicConformanceTest::amendAnswers);
        Messages messages = new Messages("2023-06-01");
        List<ChatRequest> requests = Grid.of("claude-sonnet-4-5", AXES);
        int answered = 0;
        try (SimulatedProvider provider = SimulatedProvider.builder().start()) {
            RawClient client = new RawClient(provider, Map.of("x-api-key", "k", "anthropic-version", "2023-06-01"));
            for (int i = 0; i < requests.size(); i += 8) {
                ChatRequest request = requests.get(i);
                RawClient.Answer answer = client.post("/v1/messages", write(messages, request));
                description.assertConforms(answer.status() == 200 ? "Message" : "ErrorResponse", answer.body());
                RawClient.Answer stream = client.post("/v1/messages", writeStreamed(messages, request));
                assertThat(stream.status()).isEqualTo(answer.status());
                if (answer.status() == 200) {
                    answered++;
                    assertThat(stream.events()).isNotEmpty();
                    stream.events().stream()
                            .filter(data -> !data.contains("\"ping\""))
                            .forEach(data -> description.assertOneOf("MessageStreamEvent", data));
                }
                RawClient.Answer count = client.post("/v1/messages/count_tokens", write(new CountTokens(), request));
                description.assertConforms(
                        count.status() == 200 ? "CountMessageTokensResponse" : "ErrorResponse", count.body());
            }
        }
        assertThat(answered).isGreaterThan(30);
    }

    private static String writeStreamed(Messages messages, ChatRequest request) {
        StringWriter written = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), written)) {
            messages.writeStreamed(request, out);
        }
        return written.toString();
    }

    private static String write(JsonOperation<ChatRequest, ?> operation, ChatRequest request) {
        StringWriter written = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), written)) {
            operation.write(request, out);
        }
        return written.toString();
    }

    /** Younger than the description besides: the tokens of thinking, and the details of a refusal. */
    private static void amendAnswers(ObjectNode schemas) {
        amend(schemas);
        for (String usage : List.of("Usage", "MessageDeltaUsage")) {
            ((ObjectNode) schemas.at("/" + usage + "/properties")).set("output_tokens_details", json("""
                    {"type":"object","properties":{"thinking_tokens":{"type":"integer","minimum":0}}}"""));
        }
        for (String answer : List.of("Message", "MessageDelta")) {
            ((ObjectNode) schemas.at("/" + answer + "/properties")).set("stop_details", json("""
                    {"anyOf":[{"type":"null"},{"type":"object","required":["type"],"properties":{"type":{"const":"refusal"},
                      "category":{"type":["string","null"]},"explanation":{"type":["string","null"]}}}]}"""));
        }
        OpenApiDescription.close(schemas);
    }

    /** What is younger than the description: the output's configuration, adaptive thinking, strict tools. */
    private static void amend(ObjectNode schemas) {
        for (String request : List.of("CreateMessageParams", "CountMessageTokensParams")) {
            ((ObjectNode) schemas.at("/" + request + "/properties")).set("output_config", json("""
                    {"type":"object","additionalProperties":false,"properties":{
                      "effort":{"enum":["low","medium","high","xhigh","max"]},
                      "format":{"type":"object","additionalProperties":false,"required":["type","schema"],
                        "properties":{"type":{"const":"json_schema"},"schema":{"type":"object"}}}}}"""));
        }
        ((ArrayNode) schemas.at("/ThinkingConfigParam/oneOf")).add(json("""
                        {"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"const":"adaptive"}}}"""));
        ((ObjectNode) schemas.at("/Tool/properties")).set("strict", json("{\"type\":\"boolean\"}"));
    }

    private static ObjectNode json(String text) {
        return (ObjectNode) new JsonMapper().readTree(text);
    }
}
