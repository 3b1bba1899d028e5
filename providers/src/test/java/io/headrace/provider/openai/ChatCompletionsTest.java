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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

/** What goes out in Chat Completions, and what whole answers of OpenAI and of compatible servers come in as. */
class ChatCompletionsTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String ANSWER =
            "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";

    private final LoopbackServer server = new LoopbackServer();
    private final OpenAi openAi = OpenAi.builder().baseUrl(server.url() + "/v1").build();

    @AfterEach
    void close() {
        openAi.close();
        server.close();
    }

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
                ask().toBuilder().topK(5).build(),
                ask().toBuilder()
                        .user(new Document(Media.url("https://a.example/b.pdf")))
                        .build(),
                ask().toBuilder()
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

        assertThat(openAi.chat().apply(ask()).block(SOON))
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

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                // vLLM, new and old, and with a key
                "404|{\"error\":{\"message\":\"no such model\",\"type\":\"NotFoundError\",\"param\":null,\"code\":404}}|NOT_FOUND|false",
                "400|{\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}|INVALID_REQUEST|false",
                "401|{\"error\":\"Unauthorized\"}|AUTHENTICATION|false",
                "422|{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"bad\"}]}|INVALID_REQUEST|false",
                // llama.cpp
                "503|{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}|OVERLOADED|true",
                "400|{\"error\":{\"code\":400,\"message\":\"too long\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":9,\"n_ctx\":4}}|INVALID_REQUEST|false",
                // Ollama
                "404|{\"error\":{\"message\":\"model not found\",\"type\":\"not_found_error\",\"param\":null,\"code\":null}}|NOT_FOUND|false",
                "500|{\"error\":\"llama runner process has terminated\"}|SERVER_ERROR|true",
                // gateways: errors in a success, and pages
                "200|{\"error\":{\"code\":429,\"message\":\"Rate limited upstream\"}}|RATE_LIMITED|true",
                "200|{\"error\":{\"code\":402,\"message\":\"Insufficient credits\"}}|QUOTA_EXHAUSTED|false",
                "502|<html><title>Bad Gateway</title></html>|SERVER_ERROR|true",
                // Azure
                "400|{\"error\":{\"message\":\"filtered\",\"type\":null,\"param\":\"prompt\",\"code\":\"content_filter\",\"status\":400,\"innererror\":{\"code\":\"ResponsibleAIPolicyViolation\"}}}|REFUSED|false",
                "429|{\"error\":{\"code\":\"429\",\"message\":\"Please retry after 37 seconds\"}}|RATE_LIMITED|true",
            })
    void errorsOfCompatibleServers_becomeTheirKind(int status, String body, ErrorKind kind, boolean isTransient) {
        server.next(new Reply(status, body));

        ApiException error = fail(ask());

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.isTransient()).isEqualTo(isTransient);
        assertThat(error.status()).hasValue(status);
    }

    private ApiException fail(ChatRequest request) {
        return openAi.chat()
                .apply(request)
                .map(answer -> (Throwable) new AssertionError("an answer: " + answer))
                .onErrorResume(Mono::just)
                .cast(ApiException.class)
                .block(SOON);
    }

    private static ChatRequest ask() {
        return ChatRequest.builder("m").user("Hi").build();
    }
}
