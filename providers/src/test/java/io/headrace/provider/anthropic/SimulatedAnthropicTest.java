package io.headrace.provider.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.DeltaSink;
import io.headrace.model.FinishReason;
import io.headrace.model.JsonSchema;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part;
import io.headrace.model.Part.CachePoint;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import io.headrace.provider.http.HttpTransport;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import reactor.core.publisher.Mono;

/** The client and the simulated provider, over real sockets. */
class SimulatedAnthropicTest {

    private static final String KEY = "sk-ant-secret-0123456789";
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String DUCKS = "Ducks and geese swim on the pond near the old mill in Paris.";
    private static final JsonSchema CITY = JsonSchema.of(
            "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"],\"additionalProperties\":false}");
    private static final Tool LOOK_UP = Tool.of("look_up", "Looks something up.", CITY);

    private static final Map<String, UnaryOperator<ChatRequest.Builder>> REQUESTS = Map.of(
            "text", request -> request,
            "limit", request -> request.maxOutputTokens(3),
            "stop", request -> request.stop("geese", "mill"),
            "thinking", request -> request.reasoningEffort(ReasoningEffort.LOW),
            "schema", request -> request.answerFormat(AnswerFormat.of("city", CITY)),
            "tool", request -> request.tools(LOOK_UP).toolChoice(ToolChoice.REQUIRED),
            "thoughtful tool",
                    request -> request.tools(LOOK_UP)
                            .toolChoice(ToolChoice.of("look_up"))
                            .reasoningEffort(ReasoningEffort.HIGH),
            "refusal", request -> request.user("You must refuse."));

    private static final List<String> NAMES = List.copyOf(REQUESTS.keySet());

    private final SimulatedProvider provider =
            SimulatedProvider.builder().keys(KEY).start();
    private final Anthropic anthropic =
            Anthropic.builder().baseUrl(provider.baseUrl()).apiKey(KEY).build();

    @AfterEach
    void close() {
        anthropic.close();
        provider.close();
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void stream_makesTheSameAnswerAsTheWhole(String name) {
        ChatRequest request = REQUESTS.get(name).apply(ask()).build();

        ChatResponse whole = anthropic.chat().apply(request).block(SOON);
        ChatResponse streamed = stream(request).block(SOON);

        assertThat(comparable(streamed)).isEqualTo(comparable(whole));
        assertThat(streamed.usage()).isEqualTo(whole.usage());
        assertThat(streamed.serviceTier()).isEqualTo(whole.serviceTier()).isEqualTo("standard");
        assertThat(List.of(streamed.requestId(), whole.requestId())).allMatch(id -> id.startsWith("req_"));
    }

    @Test
    void thoughts_goBackWithTheirSignature() {
        ChatRequest first = ask().reasoningEffort(ReasoningEffort.LOW).build();
        ChatResponse answer = anthropic.chat().apply(first).block(SOON);
        ChatResponse streamed = stream(first).block(SOON);

        assertThat(answer.choice().parts().get(0))
                .isInstanceOfSatisfying(
                        Reasoning.class,
                        thought -> assertThat(thought.signature()).isNotEmpty());
        assertThat(answer.usage().reasoningTokens()).isPositive();
        for (ChatResponse turn : List.of(answer, streamed)) {
            ChatRequest next = first.toBuilder().answer(turn).user("And then?").build();
            assertThat(anthropic.chat().apply(next).block(SOON).text()).isNotEmpty();
        }
    }

    @Test
    void toolCall_isAnsweredByItsResult() {
        ChatRequest first = ask().tools(LOOK_UP).toolChoice(ToolChoice.REQUIRED).build();
        ChatResponse call = stream(first).block(SOON);
        ToolCall wanted = call.toolCalls().get(0);

        assertThat(call.finishReason()).isEqualTo(FinishReason.TOOL_CALLS);
        assertThat(wanted.arguments()).isEqualTo("{\"city\":\"Paris\"}");
        ChatRequest next = first.toBuilder()
                .answer(call)
                .toolResults(new ToolResult(wanted.id(), "sunny"))
                .toolChoice(ToolChoice.AUTO)
                .build();
        assertThat(anthropic.chat().apply(next).block(SOON).text()).contains("sunny");
    }

    @Test
    void cachePoints_showInTheUsage() {
        ChatRequest request = ask().message(new Message(
                        Role.USER,
                        List.of(new Text("Something long."), CachePoint.LONG, new Text("Short."), CachePoint.SHORT)))
                .build();
        var first = anthropic.chat().apply(request).block(SOON).usage();
        var second = stream(request).block(SOON).usage();

        assertThat(first.cacheWriteTokens()).isEqualTo(first.inputTokens()).isGreaterThan(first.longCacheWriteTokens());
        assertThat(first.longCacheWriteTokens()).isPositive();
        assertThat(first.cachedInputTokens()).isZero();
        assertThat(second.cachedInputTokens()).isEqualTo(first.cacheWriteTokens());
        assertThat(second.inputTokens()).isEqualTo(first.inputTokens());
    }

    @Test
    void countedTokens_areThoseThatAreBilled() {
        ChatRequest request = ChatRequest.builder("claude-sonnet-4-5")
                .system("Be brief.")
                .user(DUCKS)
                .maxOutputTokens(200)
                .tools(LOOK_UP)
                .temperature(1)
                .build();

        assertThat(anthropic.countTokens().apply(request).block(SOON))
                .isEqualTo(anthropic.chat().apply(request).block(SOON).usage().inputTokens());
        assertThat(anthropic.models().block(SOON)).extracting(ModelInfo::id).contains("claude-sonnet-4-5-20250929");
        assertThat(anthropic.model("claude-x").block(SOON).id()).isEqualTo("claude-x");
    }

    @Test
    void bearerAndNewerVersion_areTakenToo() {
        try (Anthropic newer = Anthropic.builder()
                .baseUrl(provider.baseUrl())
                .apiKey(KEY)
                .bearer()
                .version("2026-10-21")
                .build()) {
            assertThat(newer.chat().apply(ask().build()).block(SOON).text()).isNotEmpty();
        }
    }

    @Test
    void everyFault_isItsError_wholeAndStreamed() {
        Map<Fault, ErrorKind> kinds = Map.ofEntries(
                Map.entry(Fault.rateLimited(Duration.ofSeconds(1)), ErrorKind.RATE_LIMITED),
                Map.entry(Fault.quotaExhausted(), ErrorKind.QUOTA_EXHAUSTED),
                Map.entry(Fault.serverError(), ErrorKind.SERVER_ERROR),
                Map.entry(Fault.unavailable(), ErrorKind.OVERLOADED),
                Map.entry(Fault.overloaded(), ErrorKind.OVERLOADED),
                Map.entry(Fault.resetBeforeRead(), ErrorKind.TRANSPORT),
                Map.entry(Fault.resetAfterRead(), ErrorKind.TRANSPORT),
                Map.entry(Fault.cutBody(), ErrorKind.TRANSPORT),
                Map.entry(
                        Fault.answer(502, Map.of(), "<html><title>Bad gateway " + KEY + "</title></html>"),
                        ErrorKind.SERVER_ERROR),
                Map.entry(Fault.answer(200, Map.of(), "hello"), ErrorKind.MALFORMED_RESPONSE));
        kinds.forEach((fault, kind) -> {
            for (boolean streamed : new boolean[] {false, true}) {
                provider.failNext(1, fault);
                ApiException error =
                        fail(streamed ? stream(ask().build()) : anthropic.chat().apply(ask().build()));
                assertThat(error.kind())
                        .as(fault.label() + ", streamed: " + streamed)
                        .isEqualTo(kind);
                assertKeepsSecrets(error);
            }
        });
    }

    @Test
    void everyFaultWithinAStream_isAnError_neverAnotherAnswer() {
        ChatRequest request = ask().reasoningEffort(ReasoningEffort.LOW).build();
        ChatResponse good = stream(request).block(SOON);
        for (int events = 0; events < 12; events++) {
            for (Fault fault : List.of(
                    Fault.cutStream(events),
                    Fault.endStream(events),
                    Fault.malformedEvent(events),
                    Fault.errorEvent(events))) {
                provider.failNext(1, fault);
                ApiException error = fail(stream(request));
                assertThat(error.kind())
                        .as(fault.label() + " after " + events)
                        .isIn(ErrorKind.TRANSPORT, ErrorKind.MALFORMED_RESPONSE, ErrorKind.OVERLOADED);
                assertThat(error.isTransient()).isTrue();
                assertKeepsSecrets(error);
            }
        }
        provider.failNext(1, Fault.dribble(5, Duration.ZERO));
        assertThat(comparable(stream(request).block(SOON))).isEqualTo(comparable(good));
    }

    @Test
    void silence_isATimeout_wholeAndWithinAStream() {
        HttpTransport impatient = HttpTransport.builder()
                .firstByteTimeout(Duration.ofMillis(300))
                .idleTimeout(Duration.ofMillis(300))
                .build();
        Anthropic hasty = Anthropic.builder()
                .baseUrl(provider.baseUrl())
                .apiKey(KEY)
                .transport(impatient)
                .build();
        provider.failNext(1, Fault.stall());
        assertThat(fail(hasty.chat().apply(ask().build())).kind()).isEqualTo(ErrorKind.TIMEOUT);
        provider.failNext(1, Fault.stallStream(3));
        assertThat(fail(stream(hasty, ask().build())).kind()).isEqualTo(ErrorKind.TIMEOUT);
        impatient.close();
    }

    private Mono<ChatResponse> stream(ChatRequest request) {
        return stream(anthropic, request);
    }

    private static Mono<ChatResponse> stream(Anthropic anthropic, ChatRequest request) {
        return anthropic.chat().apply(request).contextWrite(new Drain()::into);
    }

    private static ApiException fail(Mono<ChatResponse> call) {
        return call.map(answer -> new AssertionError("an answer: " + answer))
                .cast(Throwable.class)
                .onErrorResume(Mono::just)
                .map(ApiException.class::cast)
                .block(SOON);
    }

    private static void assertKeepsSecrets(ApiException error) {
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace));
        assertThat(trace.toString()).doesNotContain(KEY).doesNotContain("geese");
    }

    /** The choice without the ids of its tool calls, which differ from request to request. */
    private static Choice comparable(ChatResponse answer) {
        List<Part> parts = new ArrayList<>();
        for (Part part : answer.choice().parts()) {
            parts.add(part instanceof ToolCall call ? new ToolCall("", call.name(), call.arguments()) : part);
        }
        return new Choice(0, parts, answer.finishReason(), answer.choice().providerReason(), List.of());
    }

    private static ChatRequest.Builder ask() {
        return ChatRequest.builder("claude-sonnet-4-5").user(DUCKS).maxOutputTokens(200);
    }

    /** Takes every delta at once. */
    private static final class Drain implements DeltaSink {

        private volatile boolean delivered;

        @Override
        public Mono<Void> emit(ChatDelta delta) {
            return Mono.fromRunnable(() -> delivered = true);
        }

        @Override
        public boolean delivered() {
            return delivered;
        }
    }
}
