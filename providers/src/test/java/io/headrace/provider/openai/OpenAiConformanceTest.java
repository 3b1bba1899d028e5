package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.EmbeddingRequest;
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
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Requests are what OpenAI's own description says, over a grid of options. The description does not ship with the project:
 * without it this is skipped.
 */
class OpenAiConformanceTest {

    private static final String FILE = "openai-openapi-subset.json";

    private static final JsonSchema CITY = JsonSchema.of(
            "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"],\"additionalProperties\":false}");
    private static final Tool WEATHER = Tool.of("weather", "Tells the weather.", CITY);

    /** Each list is one axis of the grid; these both APIs know. */
    private static final List<List<Consumer<ChatRequest.Builder>>> SHARED = List.of(
            List.of(
                    request -> {},
                    request -> request.system("Be brief."),
                    request -> request.message(new Message(Role.SYSTEM, List.of(new Text("a"), CachePoint.LONG)))),
            List.of(
                    request -> request.user("Hi"),
                    request -> request.user("Hi").assistant("Yes?").user(new Text("Why?"), CachePoint.SHORT),
                    request -> request.user(
                            new Image(Media.of("image/webp", new byte[] {1})),
                            new Image(Media.url("https://a.example/b.png"), "high"),
                            new Text("and"),
                            new Document(Media.of("application/pdf", new byte[] {1}), "Name.pdf"),
                            new Document(Media.text("plain"))),
                    request -> request.user("Hi")
                            .message(new Message(
                                    Role.ASSISTANT,
                                    List.of(
                                            new Reasoning("rs_1", "hm", "", "hidden"),
                                            new Text("Let me see."),
                                            new ToolCall("call_1", "weather", "{\"city\":\"Rome\"}"),
                                            new ToolCall("call_2", "weather", ""))))
                            .toolResults(new ToolResult("call_1", "sun"), new ToolResult("call_2", "")),
                    request -> request.user("Hi")
                            .message(new Message(Role.ASSISTANT, List.of(new Refusal("No."))))
                            .user("Please.")),
            List.of(request -> {}, request -> request.temperature(0.5), request -> request.topP(0.9)),
            List.of(request -> {}, request -> request.maxOutputTokens(100)),
            List.of(
                    request -> {},
                    request -> request.reasoningEffort(ReasoningEffort.NONE),
                    request -> request.reasoningEffort(ReasoningEffort.MINIMAL),
                    request -> request.reasoningEffort(ReasoningEffort.XHIGH),
                    request -> request.reasoningEffort(ReasoningEffort.MAX)),
            List.of(
                    request -> {},
                    request -> request.answerFormat(AnswerFormat.json()),
                    request -> request.answerFormat(AnswerFormat.of("city", CITY)),
                    request -> request.answerFormat(new AnswerFormat.Schema("city", "Where.", CITY, false))),
            List.of(
                    request -> {},
                    request -> request.tools(WEATHER),
                    request -> request.tools(WEATHER).toolChoice(ToolChoice.AUTO),
                    request ->
                            request.tools(WEATHER).toolChoice(ToolChoice.NONE).parallelToolCalls(false),
                    request -> request.tools(WEATHER.withStrict(true).withCachePoint(CachePoint.SHORT))
                            .toolChoice(ToolChoice.REQUIRED)
                            .parallelToolCalls(true),
                    request -> request.tools(Tool.of("a", "", CITY), WEATHER).toolChoice(ToolChoice.of("weather"))),
            List.of(request -> {}, request -> request.topLogprobs(0), request -> request.topLogprobs(20)),
            List.of(
                    request -> {},
                    request -> request.extra("metadata", java.util.Map.of("a", "b"))
                            .extra("store", true)));

    private static final List<List<Consumer<ChatRequest.Builder>>> CHAT_ONLY = List.of(
            List.of(request -> {}, request -> request.stop("END"), request -> request.stop("a", "b", "c", "d")),
            List.of(request -> {}, request -> request.seed(42)),
            List.of(request -> {}, request -> request.n(1), request -> request.n(128)),
            List.of(
                    request -> {},
                    request -> request.presencePenalty(-2).frequencyPenalty(2),
                    request -> request.frequencyPenalty(0.5)));

    @Test
    void everyChatRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE, OpenAiConformanceTest::amend);
        description.assertPath("/v1/chat/completions");
        List<List<Consumer<ChatRequest.Builder>>> axes = new ArrayList<>(SHARED);
        axes.addAll(CHAT_ONLY);
        ChatCompletions chat = new ChatCompletions("max_completion_tokens");
        Set<String> fields = new HashSet<>();
        for (ChatRequest request : grid(axes, "gpt-5", 997)) {
            for (String body :
                    List.of(json(out -> chat.write(request, out)), json(out -> chat.writeStreamed(request, out)))) {
                description.assertConforms("CreateChatCompletionRequest", body);
                fields.addAll(JsonMapper.shared().readTree(body).propertyNames());
            }
        }
        assertThat(fields)
                .containsExactlyInAnyOrder(
                        "model",
                        "messages",
                        "temperature",
                        "top_p",
                        "max_completion_tokens",
                        "stop",
                        "seed",
                        "n",
                        "presence_penalty",
                        "frequency_penalty",
                        "logprobs",
                        "top_logprobs",
                        "reasoning_effort",
                        "response_format",
                        "tools",
                        "tool_choice",
                        "parallel_tool_calls",
                        "stream",
                        "stream_options",
                        "metadata",
                        "store");
    }

    @Test
    void everyResponsesRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE, OpenAiConformanceTest::amend);
        description.assertPath("/v1/responses");
        Responses responses = new Responses();
        for (ChatRequest request : grid(SHARED, "gpt-5", 97)) {
            description.assertConforms("CreateResponse", json(out -> responses.write(request, out)));
            description.assertConforms("CreateResponse", json(out -> responses.writeStreamed(request, out)));
        }
    }

    @Test
    void everyEmbeddingRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE);
        description.assertPath("/v1/embeddings");
        Embeddings embeddings = new Embeddings();
        for (EmbeddingRequest request : List.of(
                EmbeddingRequest.of("text-embedding-3-small", "a"),
                EmbeddingRequest.of("text-embedding-3-small", "a", "b").withDimensions(3),
                EmbeddingRequest.of("text-embedding-3-small", java.util.Collections.nCopies(2_048, "a")),
                EmbeddingRequest.of("m", "a")
                        .withExtra("encoding_format", "float")
                        .withExtra("user", "u"))) {
            description.assertConforms("CreateEmbeddingRequest", json(out -> embeddings.write(request, out)));
        }
    }

    /**
     * The description distinguishes input items by their type, which a validator does not heed: a message with a list of contents
     * is both of the short and of the long form then.
     */
    private static void amend(ObjectNode schemas) {
        for (String name : List.of("InputItem", "Item")) {
            ObjectNode item = (ObjectNode) schemas.path(name);
            item.set("anyOf", item.remove("oneOf"));
        }
    }

    /** Combinations in steps that share no factor with the length of an axis, and so meet every pair of options. */
    private static List<ChatRequest> grid(List<List<Consumer<ChatRequest.Builder>>> axes, String model, int step) {
        int combinations = axes.stream().mapToInt(List::size).reduce(1, (a, b) -> a * b);
        List<ChatRequest> requests = new ArrayList<>();
        for (int i = 0; i < combinations; i += step) {
            ChatRequest.Builder request = ChatRequest.builder(model);
            int rest = i;
            for (List<Consumer<ChatRequest.Builder>> axis : axes) {
                axis.get(rest % axis.size()).accept(request);
                rest /= axis.size();
            }
            requests.add(request.build());
        }
        assertThat(requests).hasSizeGreaterThan(200);
        return requests;
    }

    private static String json(Consumer<JsonGenerator> content) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            content.accept(out);
        }
        return text.toString();
    }
}
