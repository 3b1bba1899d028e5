package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;
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
import io.headrace.model.TokenLogprob;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.test.StepVerifier;

/** What goes out in Chat Completions, and what whole answers of OpenAI and of compatible servers come in as. */
class ChatCompletionsTest extends OpenAiOverLoopback {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final String OF_OPENAI = """
            {"id":"chatcmpl-A1","object":"chat.completion","created":1726012687,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_1",
             "choices":[{"index":0,"message":{"role":"assistant","content":"Grüße 🌊","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],
             "usage":{"prompt_tokens":13,"completion_tokens":5,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":4},
              "completion_tokens_details":{"reasoning_tokens":2}},"future":{"a":[1,{"b":null}]}}""";

    @Test
    void request_holdsAllThatItSays() {
        server.next(new Reply(200, ANSWER));
        JsonSchema schema = JsonSchema.of("{\"type\":\"object\"}");
        ChatRequest request = ChatRequest.builder("m")
                .message(new Message(Role.SYSTEM, List.of(new Text("Be "), new Text("brief."), CachePoint.LONG)))
                .user(
                        new Text("See"),
                        new Image(Media.of("image/png", new byte[] {1})),
                        new Image(Media.url("https://a.example/b.png"), "low"),
                        new Document(Media.of("application/pdf", new byte[] {2}), "a.pdf"),
                        new Document(Media.text("x")))
                .message(new Message(
                        Role.ASSISTANT,
                        List.of(
                                new Reasoning("hm"),
                                new ToolCall("call_1", "f", "{}"),
                                new ToolCall("call_2", "f", ""))))
                .toolResults(new ToolResult("call_1", "sun"), new ToolResult("call_2", List.of(), true))
                .message(new Message(Role.ASSISTANT, List.of(new Refusal("No."))))
                .presencePenalty(-1.5)
                .frequencyPenalty(2)
                .maxOutputTokens(100)
                .n(3)
                .topLogprobs(2)
                .reasoningEffort(ReasoningEffort.XHIGH)
                .answerFormat(new AnswerFormat.Schema("s", "What it is.", schema, true))
                .tools(Tool.of("f", "Does.", schema).withStrict(true), Tool.of("g", "", schema))
                .toolChoice(ToolChoice.of("f"))
                .parallelToolCalls(false)
                .build();

        openAi.chat().apply(request).block(SOON);

        assertThat(server.received().get(0).body()).isEqualTo("""
                        {"model":"m","messages":[{"role":"system","content":"Be brief."},\
                        {"role":"user","content":[{"type":"text","text":"See"},\
                        {"type":"image_url","image_url":{"url":"data:image/png;base64,AQ=="}},\
                        {"type":"image_url","image_url":{"url":"https://a.example/b.png","detail":"low"}},\
                        {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,Ag=="}},\
                        {"type":"file","file":{"filename":"document.txt","file_data":"data:text/plain;base64,eA=="}}]},\
                        {"role":"assistant","content":null,"tool_calls":[\
                        {"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}},\
                        {"id":"call_2","type":"function","function":{"name":"f","arguments":""}}]},\
                        {"role":"tool","tool_call_id":"call_1","content":"sun"},\
                        {"role":"tool","tool_call_id":"call_2","content":""},\
                        {"role":"assistant","content":null,"refusal":"No."}],\
                        "max_completion_tokens":100,"n":3,"presence_penalty":-1.5,"frequency_penalty":2.0,\
                        "logprobs":true,"top_logprobs":2,"reasoning_effort":"xhigh",\
                        "response_format":{"type":"json_schema","json_schema":{"name":"s","description":"What it is.","schema":{"type":"object"},"strict":true}},\
                        "tools":[{"type":"function","function":{"name":"f","description":"Does.","parameters":{"type":"object"},"strict":true}},\
                        {"type":"function","function":{"name":"g","parameters":{"type":"object"}}}],\
                        "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false}""");
    }

    @Test
    void whatChatCompletionsHasNoPlaceFor_isRefusedBeforeSending() {
        for (ChatRequest request : List.of(
                ask("Hi").toBuilder().topK(5).build(),
                ask("Hi").toBuilder()
                        .user(new Document(Media.url("https://a.example/b.pdf")))
                        .build(),
                ask("Hi").toBuilder()
                        .toolResults(new ToolResult(
                                "c", List.of(new Image(Media.of("image/png", new byte[] {1}))), false))
                        .build())) {
            ApiException error = fail(request);
            assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error).hasMessageStartingWith("openai m: not sent: ").hasMessageContaining("Chat Completions");
        }
        assertThat(server.received()).isEmpty();
    }

    @Test
    void request_holdsAllFieldsInAFixedOrder_andExtrasOverrule() {
        server.always(new Reply(200, ANSWER));
        ChatRequest request = ChatRequest.builder("gpt-4o")
                .system("Be brief.\n\"Quote\" é")
                .user("Hi")
                .assistant("Yes?")
                .temperature(0.5)
                .topP(0.9)
                .maxOutputTokens(7)
                .stop("END", "\n")
                .seed(42)
                .extra("reasoning_effort", "low")
                .extra("temperature", 1)
                .extra("response_format", Map.of("type", "json_object"))
                .extra("nothing", null)
                .extra("list", List.of(1, 2.5, true))
                .build();

        openAi.chat().apply(request).then(openAi.chat().apply(request)).block();

        LoopbackServer.Received first = server.received().get(0);
        assertThat(first.path()).isEqualTo("/v1/chat/completions");
        assertThat(first.headers().get("Authorization")).isEqualTo("Bearer " + KEY);
        assertThat(first.headers().get("Content-Type")).isEqualTo("application/json");
        assertThat(first.body()).isEqualTo("""
                        {"model":"gpt-4o","messages":[{"role":"system","content":"Be brief.\\n\\"Quote\\" é"},\
                        {"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"}],"top_p":0.9,\
                        "max_completion_tokens":7,"stop":["END","\\n"],"seed":42,"reasoning_effort":"low","temperature":1,\
                        "response_format":{"type":"json_object"},"nothing":null,"list":[1,2.5,true]}""");
        assertThat(server.received().get(1).body()).isEqualTo(first.body());
    }

    @Test
    void request_ofTwoFields_sendsNothingElse() {
        server.always(new Reply(200, ANSWER));

        openAi.chat().apply(ask("Hi")).block();

        assertThat(server.received().get(0).body())
                .isEqualTo("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    }

    @Test
    void halfASurrogatePair_isSentEscaped() {
        server.always(new Reply(200, ANSWER));

        openAi.chat().apply(ask("broken \ud800 pair")).block();

        assertThat(server.received().get(0).body()).contains("broken \\uD800 pair");
    }

    @Test
    void answer_isReadWhole() {
        server.next(new Reply(200, """
                {"id":"c","object":"chat.completion","model":"m-1","service_tier":"flex","choices":[
                 {"index":1,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"refusal":null,"reasoning_content":"Hm.",
                  "tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\\"a\\":1}"}},
                   {"id":"call_2","type":"function","function":{"name":"g","arguments":{"b":[1, 2]}}}]}},
                 {"index":0,"finish_reason":"stop","message":{"content":"Hi","reasoning":null},"stop_reason":7,
                  "logprobs":{"content":[{"token":"Hi","logprob":-0.25,"bytes":[72,105],"top_logprobs":[{"token":"Ho","logprob":-2,"bytes":null}]}],"refusal":null}}],
                 "usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},
                  "completion_tokens_details":{"reasoning_tokens":2}},"timings":{"predicted_ms":1.5}}""", "x-request-id", "req_7"));

        assertThat(openAi.chat().apply(ask("Hi")).block(SOON))
                .isEqualTo(new ChatResponse(
                        "c",
                        "m-1",
                        List.of(
                                new Choice(
                                        0,
                                        List.of(new Text("Hi")),
                                        FinishReason.STOP,
                                        "stop",
                                        List.of(new TokenLogprob("Hi", -0.25, List.of(new TokenLogprob("Ho", -2))))),
                                new Choice(
                                        1,
                                        List.of(
                                                new Reasoning("Hm."),
                                                new ToolCall("call_1", "f", "{\"a\":1}"),
                                                new ToolCall("call_2", "g", "{\"b\":[1,2]}")),
                                        FinishReason.TOOL_CALLS,
                                        "tool_calls",
                                        List.of())),
                        new Usage(10, 4, 3, 0, 5, 2, 0),
                        "req_7",
                        "flex"));
    }

    @Test
    void answerOfOpenAi_isReadWhole() {
        server.next(new Reply(200, OF_OPENAI));

        StepVerifier.create(openAi.chat().apply(ask("hello")))
                .expectNext(new ChatResponse(
                        "chatcmpl-A1",
                        "gpt-4o-2024-08-06",
                        List.of(new Choice(0, List.of(new Text("Grüße 🌊")), FinishReason.STOP, "stop", List.of())),
                        new Usage(13, 4, 0, 0, 5, 2, 0)))
                .verifyComplete();
    }

    @Test
    void refusal_isAnAnswer() {
        server.next(
                new Reply(
                        200,
                        "{\"id\":\"a\",\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":null,\"refusal\":\"I cannot.\"}}]}"));

        StepVerifier.create(openAi.chat().apply(ask("hello")))
                .assertNext(answer -> {
                    assertThat(answer.refusal()).isEqualTo("I cannot.");
                    assertThat(answer.finishReason()).isEqualTo(FinishReason.REFUSAL);
                    assertThat(answer.text()).isEmpty();
                    assertThat(answer.usage()).isEqualTo(Usage.UNKNOWN);
                })
                .verifyComplete();
    }

    @ParameterizedTest
    @CsvSource({
        "stop, STOP",
        "length, LENGTH",
        "tool_calls, TOOL_CALLS",
        "function_call, TOOL_CALLS",
        "content_filter, CONTENT_FILTER",
        "from_the_future, OTHER"
    })
    void finishReason_isMapped(String wire, FinishReason reason) {
        server.next(
                new Reply(
                        200,
                        "{\"choices\":[{\"finish_reason\":\"" + wire
                                + "\",\"message\":{\"content\":[{\"type\":\"text\","
                                + "\"text\":\"a\"},{\"type\":\"image\"},{\"type\":\"text\",\"text\":\"b\"}]}}],\"usage\":null}"));

        StepVerifier.create(openAi.chat().apply(ask("hello")))
                .assertNext(answer -> {
                    assertThat(answer.finishReason()).isEqualTo(reason);
                    assertThat(answer.text()).isEqualTo("ab");
                    assertThat(answer.usage()).isEqualTo(Usage.UNKNOWN);
                })
                .verifyComplete();
    }

    @ParameterizedTest
    @CsvSource({"null, TOOL_CALLS", "'\"\"', TOOL_CALLS", "'\"from_the_future\"', OTHER", "'\"stop\"', STOP"})
    void finishReasonOfAnAnswerWithACall_isTheServersIfItGivesOne(String wire, FinishReason reason) {
        server.next(
                new Reply(
                        200,
                        "{\"choices\":[{\"finish_reason\":" + wire
                                + ",\"message\":{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}"));

        ChatResponse answer = openAi.chat().apply(ask("hello")).block();

        assertThat(answer.finishReason()).isEqualTo(reason);
        assertThat(answer.toolCalls()).hasSize(1);
    }

    @Test
    void oddNumbers_breakNothing() {
        server.next(
                new Reply(
                        201,
                        "{\"created\":1e99,\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"Hi\"}}],"
                                + "\"usage\":{\"prompt_tokens\":99999999999999999999,\"completion_tokens\":9007199254740993}}"));
        server.next(new Reply(200, "{\"data\":[{\"id\":\"m\",\"created\":9223372036854775807}]}"));

        ChatResponse answer = openAi.chat().apply(ask("hello")).block();

        assertThat(answer.text()).isEqualTo("Hi");
        assertThat(answer.usage()).isEqualTo(Usage.UNKNOWN);
        assertThat(openAi.models().block()).containsExactly(new ModelInfo("m", null, ""));
    }

    @Test
    void deltaBesideTheMessage_isNoPartOfTheAnswer() {
        server.next(new Reply(
                200,
                "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"Hi\"},"
                        + "\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"));

        assertThat(openAi.chat().apply(ask("hello")).block().text()).isEqualTo("Hi");
    }

    @ParameterizedTest
    @CsvSource({"118, 108", "15, 5", "9, 5", "null, 5"})
    void tokensThatOnlyTheSumHas_areOfTheAnswer(String total, long output) {
        server.next(new Reply(
                200,
                "{\"choices\":[{\"message\":{\"content\":\"Hi\"}}],\"usage\":{\"prompt_tokens\":10,"
                        + "\"completion_tokens\":5,\"total_tokens\":" + total + "}}"));

        assertThat(openAi.chat().apply(ask("hello")).block().usage()).isEqualTo(Usage.of(10, output));
    }

    @Test
    void choicesThatAllHaveOneIndex_areToldApart() {
        String choice = "{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"%s\"}}";
        server.next(new Reply(200, "{\"choices\":[" + choice.formatted("a") + "," + choice.formatted("b") + "]}"));

        ChatResponse answer = openAi.chat().apply(ask("hello")).block();

        assertThat(answer.choices()).extracting(Choice::text).containsExactly("a", "b");
    }
}
