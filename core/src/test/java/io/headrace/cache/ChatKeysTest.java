package io.headrace.cache;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Fingerprint;
import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.JsonSchema;
import io.headrace.model.Media;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChatKeysTest {

    private static final KeyFunction<ChatRequest> KEYS = ChatKeys.of("https://api.example.com/v1");

    private static final ChatRequest FULL = ChatRequest.builder("gpt-4o-mini")
            .system("Be brief.")
            .user("Name the topics.")
            .temperature(0.7)
            .topP(0.9)
            .maxOutputTokens(100)
            .stop("END")
            .seed(42)
            .extra("top_k", 5)
            .build();

    private static final Media PNG = Media.of("image/png", new byte[] {1});
    private static final Part.Reasoning THOUGHT = new Part.Reasoning("a", "b", "c", "d");
    private static final Part.ToolCall CALL = new Part.ToolCall("a", "b", "c");
    private static final Part.ToolResult RESULT = new Part.ToolResult("a", "b");

    private static final ChatRequest RICH = FULL.toBuilder()
            .user(
                    new Part.Text("Look:"),
                    new Part.Image(Media.of("image/png", new byte[] {1, 2, 3}), "low"),
                    new Part.Document(Media.url("https://example.com/a.pdf"), "a.pdf"),
                    Part.CachePoint.SHORT)
            .message(new Message(
                    Role.ASSISTANT,
                    List.of(
                            new Part.Reasoning("r1", "hm", "sig", "enc"),
                            new Part.Refusal("no"),
                            new Part.ToolCall("c1", "f", "{}"))))
            .toolResults(new Part.ToolResult("c1", List.of(new Part.Text("42")), false))
            .topK(40)
            .presencePenalty(0.5)
            .frequencyPenalty(-0.5)
            .n(2)
            .topLogprobs(3)
            .reasoningEffort(ReasoningEffort.LOW)
            .answerFormat(new AnswerFormat.Schema("s", "d", JsonSchema.of("{\"type\":\"object\"}"), true))
            .tools(new Tool("f", "does", JsonSchema.of("{\"type\":\"object\"}"), true, Part.CachePoint.SHORT))
            .toolChoice(ToolChoice.REQUIRED)
            .parallelToolCalls(false)
            .build();

    /**
     * Every component of a request with a change to it: each shapes the answer. A component that is added must be entered
     * here, with a change if it shapes the answer, else with a change that leaves the key alone in a test of its own.
     */
    private static final Map<String, UnaryOperator<ChatRequest.Builder>> SHAPING = Map.ofEntries(
            entry("model", q -> q.model("gpt-4o")),
            entry("messages", q -> q.user("Other")),
            entry("temperature", q -> q.temperature(0.8)),
            entry("topP", q -> q.topP(0.8)),
            entry("topK", q -> q.topK(41)),
            entry("presencePenalty", q -> q.presencePenalty(0.6)),
            entry("frequencyPenalty", q -> q.frequencyPenalty(0.6)),
            entry("maxOutputTokens", q -> q.maxOutputTokens(101)),
            entry("stop", q -> q.stop("STOP")),
            entry("seed", q -> q.seed(43)),
            entry("topLogprobs", q -> q.topLogprobs(4)),
            entry("reasoningEffort", q -> q.reasoningEffort(ReasoningEffort.HIGH)),
            entry("answerFormat", q -> q.answerFormat(AnswerFormat.json())),
            entry("tools", q -> q.tools(Tool.of("g", "", JsonSchema.of("{}")))),
            entry("toolChoice", q -> q.toolChoice(ToolChoice.of("f"))),
            entry("parallelToolCalls", q -> q.parallelToolCalls(true)),
            entry("extra", q -> q.extra("top_k", 6)));

    /**
     * Every component of what a request is made of, each in a part that differs from the one before it in that component only;
     * a component with a {@code -} before it shapes nothing.
     */
    private static final Map<Class<?>, Map<String, List<Message>>> COMPONENTS = Map.ofEntries(
            Map.entry(
                    Message.class,
                    Map.of(
                            "role", List.of(Message.user("a"), Message.assistant("a")),
                            "parts", List.of(Message.user("a"), Message.user("b")))),
            Map.entry(Part.Text.class, Map.of("text", user(new Part.Text("a"), new Part.Text("b")))),
            Map.entry(
                    Part.Image.class,
                    Map.of(
                            "source", user(new Part.Image(PNG), new Part.Image(Media.url("u"))),
                            "detail", user(new Part.Image(PNG), new Part.Image(PNG, "low")))),
            Map.entry(
                    Part.Document.class,
                    Map.of(
                            "source", user(new Part.Document(PNG), new Part.Document(Media.url("u"))),
                            "name", user(new Part.Document(PNG), new Part.Document(PNG, "n")))),
            Map.entry(
                    Media.Data.class,
                    Map.of(
                            "mediaType",
                                    user(new Part.Image(PNG), new Part.Image(Media.of("image/jpeg", new byte[] {1}))),
                            "bytes", user(new Part.Image(PNG), new Part.Image(Media.of("image/png", new byte[] {2}))))),
            Map.entry(
                    Media.Url.class,
                    Map.of("url", user(new Part.Image(Media.url("u")), new Part.Image(Media.url("v"))))),
            Map.entry(
                    Part.Reasoning.class,
                    Map.of(
                            "id", assistant(THOUGHT, new Part.Reasoning("i", "b", "c", "d")),
                            "text", assistant(THOUGHT, new Part.Reasoning("a", "i", "c", "d")),
                            "signature", assistant(THOUGHT, new Part.Reasoning("a", "b", "i", "d")),
                            "encrypted", assistant(THOUGHT, new Part.Reasoning("a", "b", "c", "i")))),
            Map.entry(Part.Refusal.class, Map.of("text", assistant(new Part.Refusal("a"), new Part.Refusal("b")))),
            Map.entry(
                    Part.ToolCall.class,
                    Map.of(
                            "id", assistant(CALL, new Part.ToolCall("i", "b", "c")),
                            "name", assistant(CALL, new Part.ToolCall("a", "i", "c")),
                            "arguments", assistant(CALL, new Part.ToolCall("a", "b", "i")))),
            Map.entry(
                    Part.ToolResult.class,
                    Map.of(
                            "callId", List.of(Message.tool(RESULT), Message.tool(new Part.ToolResult("i", "b"))),
                            "content", List.of(Message.tool(RESULT), Message.tool(new Part.ToolResult("a", "i"))),
                            "failed",
                                    List.of(
                                            Message.tool(RESULT),
                                            Message.tool(new Part.ToolResult("a", RESULT.content(), true))))),
            Map.entry(
                    Part.CachePoint.class,
                    Map.of(
                            "-keep",
                            List.of(
                                    Message.user(new Part.Text("a"), Part.CachePoint.SHORT),
                                    Message.user(new Part.Text("a"), Part.CachePoint.LONG)))));

    @Test
    void everyComponent_isClassified() {
        assertThat(components(ChatRequest.class))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.concat(SHAPING.keySet().stream(), Stream.of("n")).toList());
        COMPONENTS.forEach((type, components) -> assertThat(components(type))
                .as(type.getSimpleName())
                .containsExactlyInAnyOrderElementsOf(components.keySet().stream()
                        .map(name -> name.replace("-", ""))
                        .toList()));
        assertThat(components(Tool.class))
                .containsExactlyInAnyOrder("name", "description", "parameters", "strict", "cachePoint");
        assertThat(components(AnswerFormat.Schema.class))
                .containsExactlyInAnyOrder("name", "description", "schema", "strict");
        assertThat(components(ToolChoice.class)).containsExactlyInAnyOrder("mode", "tool");
        assertThat(components(JsonSchema.class)).containsExactly("json");
        assertThat(COMPONENTS.keySet()).containsAll(List.of(Part.class.getPermittedSubclasses()));
        assertThat(COMPONENTS.keySet()).containsAll(List.of(Media.class.getPermittedSubclasses()));
    }

    @Test
    void everyShapingComponent_changesTheKey() {
        SHAPING.forEach((component, change) -> assertThat(
                        of(change.apply(RICH.toBuilder()).build()))
                .as(component)
                .isNotEqualTo(of(RICH)));
        COMPONENTS.forEach((type, components) -> components.forEach((component, messages) -> {
            Fingerprint one =
                    of(ChatRequest.builder("m").message(messages.get(0)).build());
            Fingerprint two =
                    of(ChatRequest.builder("m").message(messages.get(1)).build());
            assertThat(one.equals(two))
                    .as(type.getSimpleName() + "." + component)
                    .isEqualTo(component.startsWith("-"));
        }));
    }

    @Test
    void everyComponentOfToolsAndFormats_changesTheKey() {
        JsonSchema any = JsonSchema.of("{}");
        assertThat(List.of(
                        tool("f", "d", any, null),
                        tool("g", "d", any, null),
                        tool("f", "e", any, null),
                        tool("f", "d", JsonSchema.of("{\"a\":1}"), null),
                        tool("f", "d", any, true),
                        tool("f", "d", any, false)))
                .doesNotHaveDuplicates();
        assertThat(List.of(
                        format(AnswerFormat.json()),
                        format(new AnswerFormat.Schema("s", "d", any, true)),
                        format(new AnswerFormat.Schema("t", "d", any, true)),
                        format(new AnswerFormat.Schema("s", "e", any, true)),
                        format(new AnswerFormat.Schema("s", "d", JsonSchema.of("{\"a\":1}"), true)),
                        format(new AnswerFormat.Schema("s", "d", any, false))))
                .doesNotHaveDuplicates();
        ChatRequest.Builder tools =
                ChatRequest.builder("m").user("x").tools(Tool.of("f", "", any), Tool.of("g", "", any));
        assertThat(List.of(
                        of(tools.build()),
                        of(tools.toolChoice(ToolChoice.AUTO).build()),
                        of(tools.toolChoice(ToolChoice.NONE).build()),
                        of(tools.toolChoice(ToolChoice.REQUIRED).build()),
                        of(tools.toolChoice(ToolChoice.of("f")).build()),
                        of(tools.toolChoice(ToolChoice.of("g")).build())))
                .doesNotHaveDuplicates();
    }

    @Test
    void orderOfASchemasMembers_changesTheKey() {
        assertThat(tool("f", "", JsonSchema.of("{\"a\":1,\"b\":2}"), null))
                .isEqualTo(tool("f", "", JsonSchema.of(" { \"a\" : 1,\n\"b\" : 2 } "), null))
                .isNotEqualTo(tool("f", "", JsonSchema.of("{\"b\":2,\"a\":1}"), null));
    }

    @Test
    void cachePoints_areNoPartOfTheKey() {
        ChatRequest plain = ChatRequest.builder("m")
                .system("s")
                .user(new Part.Text("a"), new Part.Text("b"))
                .tools(Tool.of("f", "", JsonSchema.of("{}")))
                .build();
        ChatRequest marked = ChatRequest.builder("m")
                .message(new Message(Role.SYSTEM, List.of(new Part.Text("s"), Part.CachePoint.LONG)))
                .user(new Part.Text("a"), Part.CachePoint.SHORT, new Part.Text("b"), Part.CachePoint.LONG)
                .tools(Tool.of("f", "", JsonSchema.of("{}")).withCachePoint(Part.CachePoint.SHORT))
                .build();
        assertThat(of(marked)).isEqualTo(of(plain));
    }

    @Test
    void numberOfAnswers_isNoPartOfTheKey() {
        ChatRequest one = ChatRequest.builder("m").user("x").build();
        assertThat(KEYS.key(one.toBuilder().n(1).build())).isEqualTo(KEYS.key(one));
        assertThat(KEYS.key(one.toBuilder().n(3).build())).isEqualTo(KEYS.key(one));
    }

    @Test
    void partsOfAMessage_areKeptApart() {
        assertThat(List.of(
                        of(ChatRequest.builder("m").user("ab").build()),
                        of(ChatRequest.builder("m")
                                .user(new Part.Text("a"), new Part.Text("b"))
                                .build()),
                        of(ChatRequest.builder("m")
                                .user(new Part.Text("b"), new Part.Text("a"))
                                .build()),
                        of(ChatRequest.builder("m").user("a").user("b").build())))
                .doesNotHaveDuplicates();
        assertThat(of(ChatRequest.builder("m").user(new Part.Text("ab")).build()))
                .isEqualTo(of(ChatRequest.builder("m").user("ab").build()));
    }

    @Test
    void goldenFingerprints_neverChange() {
        assertThat(of(ChatRequest.builder("gpt-4o-mini").user("Hi").build()))
                .hasToString("1af784ffeed743370f35c9bba9f6675bc7899e813af7908f5018426f3dedb270");
        assertThat(of(FULL)).hasToString("99112a519729f90e6aaf9740c5c42d8e3f0a450fd5955d85522a62cccb7bbda6");
        assertThat(of(ChatRequest.builder("claude-sonnet-4-5")
                        .system("Antworte auf Deutsch: \u00e4\u00f6\u00fc \u20ac \ud83d\ude00")
                        .user("")
                        .assistant("Ja\n\t\"\\")
                        .temperature(1)
                        .extra("response_format", Map.of("type", "json_schema", "strict", true))
                        .extra("nothing", null)
                        .build()))
                .hasToString("1e8ea6a7f2175cd55020e5eb978c88ab540fadcecced49013f6a088395ecf8d7");
        assertThat(of(RICH)).hasToString("e7a3eb6ad25161f6548fcd20e025a7c5a83a6253d9bb4e5f3857e60111be8051");
        assertThat(ChatKeys.of("simulated")
                        .key(ChatRequest.builder("gpt-4o-mini")
                                .user("x".repeat(10_000))
                                .build())
                        .fingerprint())
                .hasToString("1462203dc7f70119809954b7608714861499e8f9c5711d4be8bfc0323985169c");
    }

    @Test
    void goldenFieldDigests_neverChange() {
        assertThat(KEYS.key(FULL).fields().stream().map(f -> f.field() + "=" + Long.toHexString(f.digest())))
                .containsExactly(
                        "extra.top_k=b3dc73a34fe66a01",
                        "maxOutputTokens=5c50ce363e740124",
                        "messages=cb96e12fa8292842",
                        "model=ae9b14413a6edd42",
                        "operation=b50e3cbd14ae7df9",
                        "provider=e0b7ca4820f76391",
                        "seed=7309939f6b64c737",
                        "stop=80aa43e9e5e3e659",
                        "temperature=b6363127f29882e4",
                        "topP=50cae0070079617e");
    }

    @Test
    void absentAndEmpty_areOne() {
        ChatRequest bare = ChatRequest.builder("m").user("x").build();
        assertThat(of(bare))
                .isEqualTo(of(ChatRequest.builder("m").user("x").stop().tools().build()));
        assertThat(KEYS.key(bare).fields())
                .extracting(CallKey.FieldDigest::field)
                .containsExactly("messages", "model", "operation", "provider");
    }

    @Test
    void provider_isPartOfTheKey() {
        assertThat(ChatKeys.of("a").key(FULL).fingerprint())
                .isNotEqualTo(ChatKeys.of("b").key(FULL).fingerprint());
    }

    @Test
    void extraField_isKeptApartFromTheNamedOneItMayOverrule() {
        ChatRequest plain = ChatRequest.builder("m").user("x").build();
        ChatRequest named = ChatRequest.builder("m").user("x").temperature(0.5).build();
        ChatRequest extra =
                ChatRequest.builder("m").user("x").extra("temperature", 0.5).build();
        ChatRequest overruled = ChatRequest.builder("m")
                .user("x")
                .temperature(0.5)
                .extra("temperature", 0.9)
                .build();
        ChatRequest removed = ChatRequest.builder("m")
                .user("x")
                .temperature(0.5)
                .extra("temperature", null)
                .build();
        assertThat(List.of(of(plain), of(named), of(extra), of(overruled), of(removed)))
                .doesNotHaveDuplicates();
    }

    @Test
    void nullInRawJson_isKept() {
        Map<String, @Nullable Object> schema = new HashMap<>();
        schema.put("const", null);
        assertThat(of(ChatRequest.builder("m").user("x").extra("schema", schema).build()))
                .isNotEqualTo(of(ChatRequest.builder("m")
                        .user("x")
                        .extra("schema", Map.of())
                        .build()));
    }

    @Test
    void textMovedBetweenMessages_changesTheKey() {
        assertThat(List.of(
                        of(ChatRequest.builder("m").user("ab").user("c").build()),
                        of(ChatRequest.builder("m").user("a").user("bc").build()),
                        of(ChatRequest.builder("m").user("abc").build()),
                        of(ChatRequest.builder("m").user("abc").user("").build()),
                        of(ChatRequest.builder("m").user("").user("abc").build()),
                        of(ChatRequest.builder("m").system("ab").user("c").build())))
                .doesNotHaveDuplicates();
    }

    /** Two requests from a small space are equal exactly when their keys are. */
    @Test
    void randomRequests_haveEqualKeysExactlyWhenTheyAreEqual() {
        Random random = new Random(3);
        Map<Fingerprint, ChatRequest> byKey = new HashMap<>();
        Map<ChatRequest, Fingerprint> byRequest = new HashMap<>();
        for (int i = 0; i < 50_000; i++) {
            ChatRequest request = random(random);
            Fingerprint key = of(request);
            ChatRequest same = byKey.putIfAbsent(key, request);
            if (same != null) {
                assertThat(request).isEqualTo(same);
            }
            Fingerprint known = byRequest.putIfAbsent(request, key);
            if (known != null) {
                assertThat(key).isEqualTo(known);
            }
        }
        assertThat(byKey).hasSizeGreaterThan(1_000).hasSameSizeAs(byRequest);
    }

    @Test
    void sameMeaningInOtherTypesAndOrder_givesTheSameKey() {
        Map<String, Object> format = new LinkedHashMap<>();
        format.put("type", "json_object");
        format.put("depth", 2.0);
        ChatRequest one = ChatRequest.builder("m")
                .user("x")
                .temperature(1)
                .extra("a", format)
                .extra("b", List.of(1, 2L))
                .build();
        ChatRequest two = ChatRequest.builder("m")
                .extra("b", List.of(1.0, 2))
                .extra("a", Map.of("depth", 2, "type", "json_object"))
                .temperature(1.0)
                .user("x")
                .build();
        assertThat(of(one)).isEqualTo(of(two));
    }

    private static ChatRequest random(Random random) {
        String[] texts = {"", "a", "b", "ab", "a\"", "{}", "\u20ac"};
        List<Message> messages = new ArrayList<>();
        for (int i = 1 + random.nextInt(2); i > 0; i--) {
            Part[] parts = new Part[1 + random.nextInt(2)];
            for (int j = 0; j < parts.length; j++) {
                parts[j] = new Part.Text(texts[random.nextInt(texts.length)]);
            }
            messages.add(new Message(Role.values()[random.nextInt(3)], List.of(parts)));
        }
        List<String> stop = random.nextInt(3) > 0 ? List.of() : List.of(texts[random.nextInt(texts.length)]);
        Map<String, Object> extra =
                random.nextInt(3) > 0 ? Map.of() : Map.of(texts[random.nextInt(3)], texts[random.nextInt(3)]);
        ChatRequest.Builder request = ChatRequest.builder(random.nextBoolean() ? "m" : "n");
        messages.forEach(request::message);
        if (random.nextBoolean()) {
            request.temperature(random.nextInt(2));
        }
        if (random.nextInt(3) == 0) {
            request.maxOutputTokens(1 + random.nextInt(2));
        }
        if (random.nextInt(3) == 0) {
            request.seed(random.nextInt(2));
        }
        extra.forEach(request::extra);
        return request.stop(stop.toArray(String[]::new)).build();
    }

    private static List<String> components(Class<?> type) {
        return Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getName)
                .toList();
    }

    private static List<Message> user(Part one, Part two) {
        return List.of(Message.user(one), Message.user(two));
    }

    private static List<Message> assistant(Part one, Part two) {
        return List.of(new Message(Role.ASSISTANT, List.of(one)), new Message(Role.ASSISTANT, List.of(two)));
    }

    private static Fingerprint tool(String name, String description, JsonSchema parameters, @Nullable Boolean strict) {
        Tool tool = new Tool(name, description, parameters, strict, null);
        return of(ChatRequest.builder("m").user("x").tools(tool).build());
    }

    private static Fingerprint format(AnswerFormat format) {
        return of(ChatRequest.builder("m").user("x").answerFormat(format).build());
    }

    private static Fingerprint of(ChatRequest request) {
        return KEYS.key(request).fingerprint();
    }
}
