package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import io.headrace.provider.Grid;
import io.headrace.provider.OpenApiDescription;
import io.headrace.provider.RawClient;
import io.headrace.provider.http.ChatOperation;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
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
                    request -> request.user("You must refuse."),
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
            List.of(
                    request -> {},
                    request -> request.temperature(0.5),
                    request -> request.topP(0.9),
                    request -> request.temperature(0).topP(1),
                    request -> request.temperature(2).topP(0.001)),
            List.of(
                    request -> {},
                    request -> request.maxOutputTokens(16),
                    request -> request.maxOutputTokens(Integer.MAX_VALUE)),
            List.of(
                    request -> {},
                    request -> request.reasoningEffort(ReasoningEffort.NONE),
                    request -> request.reasoningEffort(ReasoningEffort.MINIMAL),
                    request -> request.reasoningEffort(ReasoningEffort.LOW),
                    request -> request.reasoningEffort(ReasoningEffort.MEDIUM),
                    request -> request.reasoningEffort(ReasoningEffort.HIGH),
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
                    request -> request.extra("metadata", Map.of("a", "b")).extra("store", true),
                    request -> request.extra("service_tier", "flex")
                            .extra("prompt_cache_key", "k")
                            .extra("user", "u")));

    /** An image and a document from a tool, and one at a URL, have a place in Responses only. */
    private static final List<Consumer<ChatRequest.Builder>> RESPONSES_ONLY = List.of(
            request -> {},
            request -> request.user(
                    new Document(Media.url("https://a.example/b.pdf"), "b.pdf"),
                    new Document(Media.url("https://a.example/c.pdf"))),
            request -> request.message(new Message(Role.ASSISTANT, List.of(new ToolCall("call_9", "weather", "{}"))))
                    .toolResults(new ToolResult(
                            "call_9",
                            List.of(
                                    new Text("a"),
                                    new Image(Media.of("image/png", new byte[] {1}), "low"),
                                    new Document(Media.of("application/pdf", new byte[] {1}))),
                            true)));

    private static final List<List<Consumer<ChatRequest.Builder>>> CHAT_ONLY = List.of(
            List.of(request -> {}, request -> request.stop("END"), request -> request.stop("a", "b", "c", "d")),
            List.of(request -> {}, request -> request.seed(42), request -> request.seed(Long.MIN_VALUE)),
            List.of(request -> {}, request -> request.n(1), request -> request.n(128)),
            List.of(
                    request -> {},
                    request -> request.presencePenalty(-2).frequencyPenalty(2),
                    request -> request.frequencyPenalty(0.5)));

    private static final List<Arguments> BEYOND = List.of(
            beyond("temperature", request -> request.temperature(2.1), 2.1),
            beyond("n", request -> request.n(129), 129),
            beyond("top_logprobs", request -> request.topLogprobs(21), 21),
            beyond("stop", request -> request.stop("a", "b", "c", "d", "e"), List.of("a", "b", "c", "d", "e")),
            beyond(
                    "tools",
                    request -> IntStream.range(0, 129).forEach(i -> request.tools(Tool.of("f" + i, "", CITY))),
                    List.of()));

    private static Arguments beyond(String field, Consumer<ChatRequest.Builder> option, Object value) {
        return Arguments.of(field, option, value);
    }

    @Test
    void everyChatRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE, OpenAiConformanceTest::amend);
        description.assertPath("/v1/chat/completions");
        List<List<Consumer<ChatRequest.Builder>>> axes = new ArrayList<>(SHARED);
        axes.addAll(CHAT_ONLY);
        ChatCompletions chat = new ChatCompletions("max_completion_tokens");
        Set<String> fields = new HashSet<>();
        for (ChatRequest request : Grid.of("gpt-5", axes)) {
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
                        "store",
                        "service_tier",
                        "prompt_cache_key",
                        "user");
    }

    @Test
    void everyResponsesRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE, OpenAiConformanceTest::amend);
        description.assertPath("/v1/responses");
        List<List<Consumer<ChatRequest.Builder>>> axes = new ArrayList<>(SHARED);
        axes.add(RESPONSES_ONLY);
        Responses responses = new Responses();
        Set<String> fields = new HashSet<>();
        for (ChatRequest request : Grid.of("gpt-5", axes)) {
            for (String body : List.of(
                    json(out -> responses.write(request, out)), json(out -> responses.writeStreamed(request, out)))) {
                description.assertConforms("CreateResponse", body);
                fields.addAll(JsonMapper.shared().readTree(body).propertyNames());
            }
        }
        assertThat(fields)
                .containsExactlyInAnyOrder(
                        "model",
                        "input",
                        "temperature",
                        "top_p",
                        "max_output_tokens",
                        "top_logprobs",
                        "include",
                        "reasoning",
                        "text",
                        "tools",
                        "tool_choice",
                        "parallel_tool_calls",
                        "stream",
                        "metadata",
                        "store",
                        "service_tier",
                        "prompt_cache_key",
                        "user");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'model':'m','messages':[{'role':'user','content':'a'}],'temprature':1}",
                "{'model':'m','messages':[{'role':'user','content':'a','nmae':'b'}]}",
                "{'model':'m','messages':[{'role':'user','content':[{'type':'image_url','image_url':{'url':'u','detial':'low'}}]}]}",
                "{'model':'m','messages':[{'role':'user','content':'a'}],'tools':[{'type':'function','function':{'name':'f','strct':true}}]}",
            })
    void misspeltField_isFoundByThisTest(String request) throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE, OpenAiConformanceTest::amend);

        assertThatThrownBy(() -> description.assertConforms("CreateChatCompletionRequest", request.replace('\'', '"')))
                .isInstanceOf(AssertionError.class);
    }

    /** What the description refuses can be built, but is not sent. */
    @ParameterizedTest
    @FieldSource("BEYOND")
    void valueBeyondTheDescription_isRefused_butAsAnExtraField(
            String field, Consumer<ChatRequest.Builder> option, Object value) {
        ChatRequest.Builder builder = ChatRequest.builder("m").user("Hi");
        option.accept(builder);
        ChatRequest typed = builder.build();
        ChatCompletions chat = new ChatCompletions("max_completion_tokens");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> json(out -> chat.write(typed, out)))
                .withMessageContaining("at most")
                .withMessageContaining("as the extra field " + field);
        assertThat(json(out -> chat.write(
                        ChatRequest.builder("m").user("Hi").extra(field, value).build(), out)))
                .contains("\"" + field + "\":");
    }

    @Test
    void namesAndLimitsThatOpenAiDoesNotTake_areRefused() {
        ChatRequest dotted = ChatRequest.builder("m")
                .user("Hi")
                .tools(Tool.of("a.b", "", CITY))
                .build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> json(out -> new ChatCompletions("max_tokens").write(dotted, out)))
                .withMessageContaining("'a.b'");
        ChatRequest brief =
                ChatRequest.builder("m").user("Hi").maxOutputTokens(15).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> json(out -> new Responses().write(brief, out)))
                .withMessageContaining("maxOutputTokens is 15: it is 16 at least");
        assertThat(json(out -> new ChatCompletions("max_tokens").write(brief, out)))
                .contains("\"max_tokens\":15");
    }

    /** To the same requests, each eighth. */
    @Test
    void everySimulatedAnswer_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE, OpenAiConformanceTest::amend);
        List<List<Consumer<ChatRequest.Builder>>> chatAxes = new ArrayList<>(SHARED);
        chatAxes.addAll(CHAT_ONLY);
        List<List<Consumer<ChatRequest.Builder>>> responseAxes = new ArrayList<>(SHARED);
        responseAxes.add(RESPONSES_ONLY);
        try (SimulatedProvider provider = SimulatedProvider.builder().start()) {
            RawClient client = new RawClient(provider, Map.of("authorization", "Bearer k"));
            check(
                    client,
                    description,
                    "/v1/chat/completions",
                    new ChatCompletions("max_completion_tokens"),
                    chatAxes,
                    "CreateChatCompletionResponse",
                    (schemas, data) -> schemas.assertConforms("CreateChatCompletionStreamResponse", data));
            check(
                    client,
                    description,
                    "/v1/responses",
                    new Responses(),
                    responseAxes,
                    "Response",
                    (schemas, data) -> schemas.assertOneOf("ResponseStreamEvent", data));
        }
    }

    private static void check(
            RawClient client,
            OpenApiDescription description,
            String path,
            ChatOperation operation,
            List<List<Consumer<ChatRequest.Builder>>> axes,
            String whole,
            BiConsumer<OpenApiDescription, String> event) {
        List<ChatRequest> requests = Grid.of("gpt-4o", axes);
        int answered = 0;
        for (int i = 0; i < requests.size(); i += 8) {
            ChatRequest request = fewChoices(requests.get(i));
            RawClient.Answer answer = client.post(path, json(out -> operation.write(request, out)));
            description.assertConforms(answer.status() == 200 ? whole : "ErrorResponse", answer.body());
            RawClient.Answer stream = client.post(path, json(out -> operation.writeStreamed(request, out)));
            assertThat(stream.status()).isEqualTo(answer.status());
            if (answer.status() == 200) {
                answered++;
                assertThat(stream.events()).isNotEmpty();
                stream.events().stream()
                        .filter(data -> !data.equals("[DONE]"))
                        .forEach(data -> event.accept(description, data));
            }
        }
        assertThat(answered).isGreaterThan(50);
    }

    /** A hundred choices say no more than three. */
    private static ChatRequest fewChoices(ChatRequest request) {
        Integer n = request.n();
        return n == null || n < 3 ? request : request.toBuilder().n(3).build();
    }

    @Test
    void everyEmbeddingRequest_isWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read(FILE);
        description.assertPath("/v1/embeddings");
        Embeddings embeddings = new Embeddings();
        for (EmbeddingRequest request : List.of(
                EmbeddingRequest.of("text-embedding-3-small", "a"),
                EmbeddingRequest.of("text-embedding-3-small", "a", "b").withDimensions(3),
                EmbeddingRequest.of("text-embedding-3-small", Collections.nCopies(2_048, "a")),
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
        OpenApiDescription.close(schemas);
    }

    private static String json(Consumer<JsonGenerator> content) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            content.accept(out);
        }
        return text.toString();
    }
}
