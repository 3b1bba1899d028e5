package io.headrace.provider.anthropic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.JsonSchema;
import io.headrace.model.Media;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part;
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
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

class MessagesTest {

    private static final Messages CLASSIC = new Messages("2023-06-01");
    private static final Messages NEWER = new Messages("2026-10-21");
    private static final JsonSchema CITY =
            JsonSchema.of("{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}");
    private static final Tool WEATHER = Tool.of("weather", "Tells the weather.", CITY);

    @Test
    void parts_becomeBlocksInOrder() {
        String written = write(ask().user(
                        new Text("Look:"),
                        new Image(Media.of("image/png", new byte[] {1, 2, 3})),
                        new Image(Media.url("https://pictures.example/1.png")),
                        new Document(Media.of("application/pdf", new byte[] {4, 5, 6}), "Report"),
                        new Document(Media.text("plain")),
                        new Document(Media.url("https://papers.example/1.pdf"))));

        assertThat(written).contains("""
                {"role":"user","content":[{"type":"text","text":"Look:"},\
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AQID"}},\
                {"type":"image","source":{"type":"url","url":"https://pictures.example/1.png"}},\
                {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"BAUG"},"title":"Report"},\
                {"type":"document","source":{"type":"text","media_type":"text/plain","data":"plain"}},\
                {"type":"document","source":{"type":"url","url":"https://papers.example/1.pdf"}}]}""");
    }

    @Test
    void toolsCallsAndResults_goThereAndBack() {
        String written = write(ask().tools(WEATHER, Tool.of("now", "", CITY).withStrict(true))
                .toolChoice(ToolChoice.of("weather"))
                .parallelToolCalls(false)
                .user("Paris?")
                .message(new Message(
                        Role.ASSISTANT,
                        List.of(
                                new Text("I look."),
                                new ToolCall("toolu_1", "weather", "{ \"city\": \"Paris\", \"n\": 1.50 }"),
                                new ToolCall("toolu_2", "now", ""))))
                .toolResults(
                        new ToolResult("toolu_1", "sunny"),
                        new ToolResult("toolu_2", List.of(new Text("a"), new Text(""), new Text("b")), true),
                        new ToolResult("toolu_3", List.of(), false)));

        assertThat(written)
                .contains("\"tools\":[{\"name\":\"weather\",\"description\":\"Tells the weather.\",\"input_schema\":"
                        + CITY.json() + "},{\"name\":\"now\",\"input_schema\":" + CITY.json() + ",\"strict\":true}]")
                .contains("\"tool_choice\":{\"type\":\"tool\",\"name\":\"weather\",\"disable_parallel_tool_use\":true}")
                .contains("""
                        {"role":"assistant","content":[{"type":"text","text":"I look."},\
                        {"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Paris","n":1.50}},\
                        {"type":"tool_use","id":"toolu_2","name":"now","input":{}}]},\
                        {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"sunny"},\
                        {"type":"tool_result","tool_use_id":"toolu_2","content":[{"type":"text","text":"a"},\
                        {"type":"text","text":"b"}],"is_error":true},\
                        {"type":"tool_result","tool_use_id":"toolu_3"}]}""");
    }

    @ParameterizedTest
    @CsvSource({
        "AUTO,, '{\"type\":\"auto\"}'",
        "NONE, false, '{\"type\":\"none\"}'",
        "REQUIRED,, '{\"type\":\"any\"}'",
        "REQUIRED, true, '{\"type\":\"any\",\"disable_parallel_tool_use\":false}'",
        ", false, '{\"type\":\"auto\",\"disable_parallel_tool_use\":true}'",
    })
    void toolChoice_hasItsWord(ToolChoice.Mode mode, Boolean parallel, String expected) {
        ChatRequest.Builder request = ask().user("a").tools(WEATHER);
        if (mode != null) {
            request.toolChoice(new ToolChoice(mode, null));
        }
        if (parallel != null) {
            request.parallelToolCalls(parallel);
        }
        assertThat(write(request)).contains("\"tool_choice\":" + expected);
    }

    @Test
    void reasoningOfAnthropic_isSentBack_andThatOfOthersIsNot() {
        String written = write(ask().user("a")
                .message(new Message(
                        Role.ASSISTANT,
                        List.of(
                                new Reasoning("", "hm", "sig", ""),
                                new Reasoning("", "", "sig2", ""),
                                new Reasoning("", "", "", "secret"),
                                new Reasoning("rs_1", "", "", "of another"),
                                new Reasoning("unsigned"),
                                new Text("b"))))
                .user("c"));

        assertThat(written).contains("""
                "content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"thinking","thinking":"",\
                "signature":"sig2"},{"type":"redacted_thinking","data":"secret"},{"type":"text","text":"b"}]""");
    }

    @Test
    void cachePoints_markTheBlockBefore() {
        String written = write(ask().tools(WEATHER.withCachePoint(CachePoint.LONG))
                .message(new Message(Role.SYSTEM, List.of(new Text("long"), CachePoint.LONG)))
                .user(
                        new Text("one"),
                        new CachePoint(Duration.ofMinutes(30)),
                        new Text("two"),
                        new Text(""),
                        CachePoint.SHORT)
                .message(new Message(
                        Role.ASSISTANT,
                        List.of(new Text("three"), new Reasoning("", "hm", "sig", ""), CachePoint.SHORT))));

        assertThat(written)
                .contains("\"input_schema\":" + CITY.json()
                        + ",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}")
                .contains(
                        "\"system\":[{\"type\":\"text\",\"text\":\"long\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]")
                .contains("""
                        "content":[{"type":"text","text":"one"},{"type":"text","text":"two",\
                        "cache_control":{"type":"ephemeral"}}]""")
                .contains("""
                        "content":[{"type":"text","text":"three","cache_control":{"type":"ephemeral"}},\
                        {"type":"thinking","thinking":"hm","signature":"sig"}]""");
    }

    @Test
    void fifthCachePoint_isRefused() {
        Part[] five = new Part[10];
        for (int i = 0; i < five.length; i += 2) {
            five[i] = new Text("text " + i);
            five[i + 1] = CachePoint.SHORT;
        }
        assertRefused(ask().user(five), "more than 4 cache points");
    }

    @Test
    void schema_goesIntoTheOutputConfig() {
        assertThat(write(ask().user("a").answerFormat(AnswerFormat.of("city", CITY))))
                .contains("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":" + CITY.json() + "}}");
    }

    @ParameterizedTest
    @EnumSource(
            value = ReasoningEffort.class,
            names = {"LOW", "MEDIUM", "HIGH", "XHIGH", "MAX"})
    void effort_isSentWithAdaptiveThinking(ReasoningEffort effort) {
        assertThat(write(ask().user("a").reasoningEffort(effort)))
                .contains("\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\""
                        + effort.name().toLowerCase(Locale.ROOT) + "\"}");
    }

    @Test
    void noEffort_switchesThinkingOff_andABudgetOverrules() {
        assertThat(write(ask().user("a").reasoningEffort(ReasoningEffort.NONE)))
                .contains("\"thinking\":{\"type\":\"disabled\"}")
                .doesNotContain("output_config");
        assertThat(write(ask().user("a").extra("thinking", Map.of("type", "enabled"))))
                .contains("\"thinking\":{\"type\":\"enabled\"}");
    }

    @Test
    void refusalsAndRolesOfTools_findTheirPlace() {
        String written = write(ask().user("a")
                .message(new Message(Role.ASSISTANT, List.of(new Refusal("No."))))
                .user("b"));

        assertThat(written).contains("{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"No.\"}]}");
    }

    @Test
    void samplingParameters_areRefusedByTheNewerVersionOnly() {
        ChatRequest.Builder sampled = ask().user("a").temperature(0.5).topP(0.9).topK(40);

        assertThat(write(sampled)).contains("\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40");
        assertRefused(NEWER, ask().user("a").temperature(1), "temperature");
        assertRefused(NEWER, ask().user("a").topP(1), "topP");
        assertRefused(NEWER, ask().user("a").topK(1), "topK");
        assertThat(write(NEWER, ask().user("a"))).doesNotContain("temperature");
    }

    @Test
    void oneAnswer_isWhatThereIs() {
        assertThat(write(ask().user("a").n(1))).doesNotContain("\"n\"");
        assertRefused(ask().user("a").n(2), "n is 2");
    }

    @Test
    void whatHasNoPlace_isRefusedByName() {
        assertRefused(ChatRequest.builder("m").user("a"), "maxOutputTokens");
        assertRefused(ask().user("a").seed(1), "seed");
        assertRefused(ask().user("a").presencePenalty(1), "presencePenalty");
        assertRefused(ask().user("a").frequencyPenalty(1), "frequencyPenalty");
        assertRefused(ask().user("a").topLogprobs(0), "topLogprobs");
        assertRefused(ask().user("a").temperature(1.5), "temperature is 1.5");
        assertRefused(ask().user("a").reasoningEffort(ReasoningEffort.MINIMAL), "MINIMAL");
        assertRefused(ask().user("a").answerFormat(AnswerFormat.json()), "answerFormat");
        assertRefused(
                ask().user("a").answerFormat(new AnswerFormat.Schema("a", "what for", CITY, true)), "description");
        assertRefused(ask().user("a").message(Message.system("late")), "messages[1]");
        assertRefused(ask().system("a"), "messages");
        assertRefused(ask().user(""), "messages[0] is empty");
        assertRefused(ask().user(new Image(Media.of("image/tiff", new byte[1]))), "image/tiff");
        assertRefused(ask().user(new Document(Media.of("text/html", new byte[1]))), "text/html");
        assertRefused(ask().user(new Image(Media.url("https://a.example"), "low")), "detail");
        assertRefused(ask().user("a").extra("stream", true), "stream");
        assertRefused(
                ask().user("a")
                        .message(new Message(Role.ASSISTANT, List.of(new ToolCall("1", "weather", "{\"city\":\"Pa")))),
                "messages[1] calls the tool weather with arguments that are no JSON object");
        assertRefused(
                ask().user("a").message(new Message(Role.ASSISTANT, List.of(new ToolCall("1", "weather", "[1]")))),
                "no JSON object");
    }

    @Test
    void sameRequest_isTheSameBytes_andAStreamOnlyAddsItsFlag() {
        ChatRequest request = ask().user("a")
                .tools(WEATHER)
                .extra("metadata", Map.of("user_id", "u"))
                .build();

        assertThat(write(CLASSIC, request)).isEqualTo(write(CLASSIC, request));
        StringWriter streamed = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), streamed)) {
            CLASSIC.writeStreamed(request, out);
        }
        assertThat(streamed.toString().replace("\"stream\":true,", "")).isEqualTo(write(CLASSIC, request));
    }

    private static ChatRequest.Builder ask() {
        return ChatRequest.builder("m").maxOutputTokens(10);
    }

    private static String write(ChatRequest.Builder request) {
        return write(CLASSIC, request);
    }

    private static String write(Messages messages, ChatRequest.Builder request) {
        return write(messages, request.build());
    }

    private static String write(Messages messages, ChatRequest request) {
        StringWriter written = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), written)) {
            messages.write(request, out);
        }
        return written.toString();
    }

    private static void assertRefused(ChatRequest.Builder request, String words) {
        assertRefused(CLASSIC, request, words);
    }

    private static void assertRefused(Messages messages, ChatRequest.Builder request, String words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> write(messages, request))
                .withMessageContaining(words);
    }
}
