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
import io.headrace.provider.OpenApiDescription;
import io.headrace.provider.http.JsonOperation;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
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
                    request -> request.reasoningEffort(ReasoningEffort.MAX)),
            List.of(request -> {}, request -> request.answerFormat(AnswerFormat.of("city", CITY))),
            List.of(request -> {}, request -> request.n(1)),
            List.of(
                    request -> {},
                    request -> request.temperature(0.5),
                    request -> request.topP(0.9).topK(40)));

    @Test
    void everyRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description =
                OpenApiDescription.read("anthropic-openapi.json", AnthropicConformanceTest::amend);
        Messages classic = new Messages("2023-06-01");
        Messages newer = new Messages("2026-10-21");
        int combinations = AXES.stream().mapToInt(List::size).reduce(1, (a, b) -> a * b);
        // a step that shares no factor with the length of any axis meets every pair of options
        for (int i = 0; i < combinations; i += 13) {
            ChatRequest request = request(i);
            String written = write(classic, request);
            description.assertConforms("CreateMessageParams", written);
            description.assertConforms("CountMessageTokensParams", write(new CountTokens(), request));
            if (request.temperature() == null && request.topP() == null) {
                assertThat(write(newer, request)).isEqualTo(written);
            } else {
                assertThatIllegalArgumentException().isThrownBy(() -> write(newer, request));
            }
        }
        StringWriter streamed = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), streamed)) {
            classic.writeStreamed(request(0), out);
        }
        description.assertConforms("CreateMessageParams", streamed.toString());
        description.assertPath("/v1/messages");
        description.assertPath("/v1/messages/count_tokens");
    }

    private static ChatRequest request(int combination) {
        ChatRequest.Builder request = ChatRequest.builder("claude-sonnet-4-5").maxOutputTokens(10);
        int rest = combination;
        for (List<Consumer<ChatRequest.Builder>> axis : AXES) {
            axis.get(rest % axis.size()).accept(request);
            rest /= axis.size();
        }
        return request.build();
    }

    private static String write(JsonOperation<ChatRequest, ?> operation, ChatRequest request) {
        StringWriter written = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), written)) {
            operation.write(request, out);
        }
        return written.toString();
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
