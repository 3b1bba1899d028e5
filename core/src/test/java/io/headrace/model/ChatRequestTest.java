package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Usage;
import io.headrace.model.Message.Role;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ChatRequestTest {

    private static final Tool TOOL = Tool.of("f", "secret", JsonSchema.of("{}"));

    private static final Map<String, UnaryOperator<ChatRequest.Builder>> SET = new LinkedHashMap<>();

    static {
        SET.put("temperature", q -> q.temperature(0));
        SET.put("topP", q -> q.topP(1));
        SET.put("topK", q -> q.topK(1));
        SET.put("presencePenalty", q -> q.presencePenalty(0));
        SET.put("frequencyPenalty", q -> q.frequencyPenalty(0));
        SET.put("maxOutputTokens", q -> q.maxOutputTokens(1));
        SET.put("stop", q -> q.stop("x"));
        SET.put("seed", q -> q.seed(0));
        SET.put("n", q -> q.n(1));
        SET.put("topLogprobs", q -> q.topLogprobs(0));
        SET.put("reasoningEffort", q -> q.reasoningEffort(ReasoningEffort.NONE));
        SET.put("answerFormat", q -> q.answerFormat(AnswerFormat.json()));
        SET.put("tools", q -> q.tools(TOOL));
        SET.put("toolChoice", q -> q.tools(TOOL).toolChoice(ToolChoice.AUTO));
        SET.put("parallelToolCalls", q -> q.tools(TOOL).parallelToolCalls(true));
    }

    @Test
    void componentThatAnEncoderDoesNotSupport_isRefusedByName() {
        Set<String> components = Arrays.stream(ChatRequest.class.getRecordComponents())
                .map(component -> component.getName())
                .filter(name -> !Set.of("model", "messages", "extra").contains(name))
                .collect(Collectors.toSet());
        assertThat(SET.keySet()).containsExactlyInAnyOrderElementsOf(components);
        SET.forEach((component, set) -> {
            ChatRequest request = set.apply(ChatRequest.builder("m").user("x")).build();
            assertThatCode(() -> request.requireOnly("Acme", components)).doesNotThrowAnyException();
            Set<String> others =
                    components.stream().filter(name -> !name.equals(component)).collect(Collectors.toSet());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> request.requireOnly("Acme", others))
                    .withMessage(component + " is set: Acme has none");
        });
        assertThatCode(() -> ChatRequest.builder("m").user("x").build().requireOnly("Acme", Set.of()))
                .doesNotThrowAnyException();
    }

    @Test
    void builderOfARequest_makesTheSameAgain() {
        ChatRequest.Builder builder = ChatRequest.builder("m").user("x").extra("a", null);
        ChatRequest full = builder.temperature(1)
                .topP(0.5)
                .topK(3)
                .presencePenalty(1)
                .frequencyPenalty(-1)
                .maxOutputTokens(7)
                .stop("s")
                .seed(4)
                .n(2)
                .topLogprobs(1)
                .reasoningEffort(ReasoningEffort.MAX)
                .answerFormat(AnswerFormat.json())
                .tools(TOOL)
                .toolChoice(ToolChoice.of("f"))
                .parallelToolCalls(false)
                .build();
        assertThat(full.toBuilder().build()).isEqualTo(full);
    }

    @Test
    void answer_goesOnAsAConversation() {
        Part.Reasoning thought = new Part.Reasoning("r", "hm", "sig", "");
        Part.ToolCall call = new Part.ToolCall("c1", "f", "{}");
        ChatResponse answer = new ChatResponse(
                "i",
                "m",
                List.of(new Choice(0, List.of(thought, new Part.Text("a"), call), FinishReason.TOOL_CALLS)),
                Usage.UNKNOWN);
        ChatRequest next = ChatRequest.builder("m")
                .user("x")
                .answer(answer)
                .toolResults(new Part.ToolResult("c1", "42"))
                .build();
        assertThat(next.messages().get(1))
                .isEqualTo(new Message(Role.ASSISTANT, List.of(thought, new Part.Text("a"), call)));
        assertThat(next.messages().get(2).role()).isEqualTo(Role.TOOL);
        assertThat(next.prompts()).containsExactly("x", "hm", "a", "{}", "42");
        ChatResponse empty = new ChatResponse("i", "m", "", FinishReason.STOP, null, Usage.UNKNOWN);
        assertThat(ChatRequest.builder("m").answer(empty).build().messages()).containsExactly(Message.assistant(""));
    }

    @Test
    void partsThatARoleDoesNotHave_areRefused() {
        Part text = new Part.Text("a");
        Part image = new Part.Image(Media.url("u"));
        Part call = new Part.ToolCall("c", "f", "{}");
        Part result = new Part.ToolResult("c", "r");
        assertBad(Role.SYSTEM, image, "SYSTEM", "Image");
        assertBad(Role.USER, call, "USER", "ToolCall");
        assertBad(Role.ASSISTANT, image, "ASSISTANT", "Image");
        assertBad(Role.TOOL, text, "TOOL", "Text");
        assertBad(Role.USER, result, "USER", "ToolResult");
        assertBad(Role.USER, Part.CachePoint.SHORT, "cache point");
        assertThatIllegalArgumentException().isThrownBy(() -> new Message(Role.USER, List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> new Part.ToolResult("c", List.of(call), false));
        assertThatIllegalArgumentException().isThrownBy(() -> new Choice(0, List.of(image), FinishReason.STOP));
    }

    @Test
    void valuesOutsideTheirRange_areRefusedByName() {
        Map<String, UnaryOperator<ChatRequest.Builder>> bad = Map.of(
                "temperature", q -> q.temperature(-1),
                "topP", q -> q.topP(0),
                "topK", q -> q.topK(0),
                "presencePenalty", q -> q.presencePenalty(Double.NaN),
                "frequencyPenalty", q -> q.frequencyPenalty(2.1),
                "maxOutputTokens", q -> q.maxOutputTokens(0),
                "n must", q -> q.n(0),
                "topLogprobs", q -> q.topLogprobs(-1),
                "one name", q -> q.tools(TOOL, TOOL),
                "toolChoice", q -> q.toolChoice(ToolChoice.AUTO));
        bad.forEach((word, set) -> assertThatIllegalArgumentException()
                .isThrownBy(() -> set.apply(ChatRequest.builder("m").user("x")).build())
                .withMessageContaining(word));
    }

    @Test
    void choiceOfAToolThatIsNotThere_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ChatRequest.builder("m")
                        .user("x")
                        .tools(TOOL)
                        .toolChoice(ToolChoice.of("other"))
                        .build())
                .withMessageContaining("toolChoice names other, which is none of the tools");
    }

    @Test
    void toString_hidesPromptsAndAnswers() {
        ChatRequest request = ChatRequest.builder("m")
                .system("secret")
                .user(
                        new Part.Text("secret"),
                        new Part.Image(Media.url("secret")),
                        new Part.Document(Media.text("secret"), "secret"))
                .message(new Message(
                        Role.ASSISTANT,
                        List.of(
                                new Part.Reasoning("", "secret", "", ""),
                                new Part.Refusal("secret"),
                                new Part.ToolCall("c", "f", "secret"))))
                .toolResults(new Part.ToolResult("c", "secret"))
                .tools(TOOL)
                .build();
        assertThat(request.toString()).contains("m").doesNotContain("secret");
        assertThat(request.messages().toString()).doesNotContain("secret");
        assertThat(new ChatResponse("i", "m", "secret", FinishReason.STOP, "secret", Usage.UNKNOWN).toString())
                .doesNotContain("secret");
    }

    private static void assertBad(Role role, Part part, String... words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Message(role, List.of(part)))
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }
}
