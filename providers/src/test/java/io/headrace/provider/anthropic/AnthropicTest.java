package io.headrace.provider.anthropic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;
import io.headrace.model.Message;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.test.StepVerifier;

class AnthropicTest {

    private static final String KEY = "sk-ant-test-0123456789";
    private static final String ANSWER = """
            {"id":"msg_01X","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929",
             "content":[{"type":"thinking","thinking":"hm","text":"no"},{"type":"text","text":"Hel"},{"type":"text","text":"lo"},
              {"type":"tool_use","id":"toolu_1","name":"f","input":{ "text": "no", "n": 1.50 }},
              {"type":"from_the_future","text":"no"}],
             "stop_reason":"end_turn","stop_sequence":null,
             "usage":{"input_tokens":11,"output_tokens":6,"cache_creation_input_tokens":100,"cache_read_input_tokens":1000,
              "cache_creation":{"ephemeral_5m_input_tokens":60,"ephemeral_1h_input_tokens":40},"service_tier":"priority","server_tool_use":null,"output_tokens_details":{"thinking_tokens":2}}}""";

    private final LoopbackServer server = new LoopbackServer();
    private final Anthropic anthropic =
            Anthropic.builder().apiKey(KEY).baseUrl(server.url() + "/v1").build();

    @AfterEach
    void disconnect() {
        anthropic.close();
        server.close();
    }

    @Test
    void answer_isReadWhole() {
        server.next(new Reply(200, ANSWER, "request-id", "req_1"));

        StepVerifier.create(anthropic.chat().apply(ask().build()))
                .expectNext(new ChatResponse(
                        "msg_01X",
                        "claude-sonnet-4-5-20250929",
                        List.of(new Choice(
                                0,
                                List.of(
                                        new Reasoning("", "hm", "", ""),
                                        new Text("Hello"),
                                        new ToolCall("toolu_1", "f", "{\"text\":\"no\",\"n\":1.50}")),
                                FinishReason.STOP,
                                "end_turn",
                                List.of())),
                        new Usage(1111, 1000, 100, 40, 6, 2, 0),
                        "req_1",
                        "priority"))
                .verifyComplete();
    }

    @Test
    void cacheWritesThatAreToldInPartsOnly_areAddedUp() {
        server.next(new Reply(
                200,
                "{\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":11,\"output_tokens\":6,\"cache_read_input_tokens\":1000,"
                        + "\"cache_creation\":{\"ephemeral_5m_input_tokens\":60,\"ephemeral_1h_input_tokens\":40}}}"));

        assertThat(anthropic
                        .chat()
                        .apply(ask().build())
                        .map(ChatResponse::usage)
                        .block())
                .isEqualTo(new Usage(1111, 1000, 100, 40, 6, 0, 0));
    }

    @Test
    void request_holdsAllFieldsInAFixedOrder_andExtrasOverrule() {
        server.always(new Reply(200, ANSWER));

        anthropic
                .chat()
                .apply(ChatRequest.builder("claude")
                        .system("Be brief.")
                        .user("Hi")
                        .assistant("Yes?")
                        .user("Why?")
                        .temperature(0.5)
                        .topP(0.9)
                        .maxOutputTokens(7)
                        .stop("END")
                        .extra("top_k", 5)
                        .extra("metadata", Map.of("user_id", "u"))
                        .build())
                .block();

        LoopbackServer.Received received = server.received().get(0);
        assertThat(received.path()).isEqualTo("/v1/messages");
        assertThat(received.headers().get("x-api-key")).isEqualTo(KEY);
        assertThat(received.headers().get("anthropic-version")).isEqualTo("2023-06-01");
        assertThat(received.body()).isEqualTo("""
                        {"model":"claude","max_tokens":7,"system":"Be brief.","messages":[{"role":"user","content":"Hi"},\
                        {"role":"assistant","content":"Yes?"},{"role":"user","content":"Why?"}],"temperature":0.5,"top_p":0.9,\
                        "stop_sequences":["END"],"top_k":5,"metadata":{"user_id":"u"}}""");
    }

    @Test
    void severalSystemMessages_stayApart() {
        server.always(new Reply(200, ANSWER));

        anthropic
                .chat()
                .apply(ChatRequest.builder("claude")
                        .system("One.")
                        .system("Two.")
                        .user("Hi")
                        .maxOutputTokens(1)
                        .build())
                .block();

        assertThat(server.received().get(0).body())
                .contains("\"system\":[{\"type\":\"text\",\"text\":\"One.\"},{\"type\":\"text\",\"text\":\"Two.\"}]");
    }

    @Test
    void whatAnthropicCannotDo_isSaidBeforeSending() {
        assertNotSent(ChatRequest.builder("m").user("a").build(), "maxOutputTokens");
        assertNotSent(ask().seed(1).build(), "seed");
        assertNotSent(ask().message(Message.system("late")).build(), "messages[1]");
        assertNotSent(ChatRequest.builder("m").system("a").maxOutputTokens(1).build(), "messages");
        assertNotSent(ask().extra("stream", true).build(), "stream");
        try (Anthropic newer = Anthropic.builder()
                .apiKey(KEY)
                .version("2026-10-21")
                .baseUrl(server.url())
                .build()) {
            assertNotSent(newer, ask().temperature(1).build(), "temperature");
            assertNotSent(newer, ask().topP(1).build(), "topP");
        }
        assertThat(server.received()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "end_turn, STOP",
        "stop_sequence, STOP",
        "max_tokens, LENGTH",
        "model_context_window_exceeded, LENGTH",
        "tool_use, TOOL_CALLS",
        "pause_turn, OTHER",
        "from_the_future, OTHER"
    })
    void stopReason_isMapped(String wire, FinishReason reason) {
        server.next(new Reply(200, "{\"content\":[],\"stop_reason\":\"" + wire + "\"}"));

        StepVerifier.create(anthropic.chat().apply(ask().build()))
                .assertNext(answer -> {
                    assertThat(answer.finishReason()).isEqualTo(reason);
                    assertThat(answer.refusal()).isNull();
                    assertThat(answer.usage()).isEqualTo(Usage.UNKNOWN);
                })
                .verifyComplete();
    }

    @Test
    void refusal_isAnAnswerWithItsWords() {
        server.next(
                new Reply(
                        200,
                        "{\"content\":[],\"stop_reason\":\"refusal\",\"stop_details\":{\"type\":\"refusal\",\"category\":\"x\",\"explanation\":\"No.\"}}"));

        StepVerifier.create(anthropic.chat().apply(ask().build()))
                .assertNext(answer -> {
                    assertThat(answer.finishReason()).isEqualTo(FinishReason.REFUSAL);
                    assertThat(answer.refusal()).isEqualTo("No.");
                })
                .verifyComplete();
    }

    @ParameterizedTest
    @CsvSource({
        "400, invalid_request_error, '', bad, INVALID_REQUEST, REFUSED, false",
        "400, invalid_request_error, '', Your credit balance is too low to go on, QUOTA_EXHAUSTED, REFUSED, false",
        "400, invalid_request_error, '', You have reached your specified API usage limits., QUOTA_EXHAUSTED, REFUSED, false",
        "400, invalid_request_error, '', You met the spend limit of the workspace, QUOTA_EXHAUSTED, REFUSED, false",
        "200, invalid_request_error, '', Your credit balance is too low to go on, QUOTA_EXHAUSTED, REFUSED, false",
        "200, billing_error, '', bad, QUOTA_EXHAUSTED, REFUSED, false",
        "200, invalid_request_error, '', bad, INVALID_REQUEST, REFUSED, false",
        "200, authentication_error, '', bad, AUTHENTICATION, REFUSED, false",
        "200, permission_error, '', bad, AUTHENTICATION, REFUSED, false",
        "200, not_found_error, '', bad, NOT_FOUND, REFUSED, false",
        "200, conflict_error, '', bad, SERVER_ERROR, REFUSED, true",
        "200, request_too_large, '', bad, INVALID_REQUEST, REFUSED, false",
        "200, rate_limit_error, '', bad, RATE_LIMITED, REFUSED, true",
        "200, rate_limit_error, enforced_spend_limit_reached, bad, QUOTA_EXHAUSTED, REFUSED, false",
        "200, timeout_error, '', bad, TIMEOUT, UNKNOWN, true",
        "408, timeout_error, '', bad, TIMEOUT, UNKNOWN, true",
        "409, conflict_error, '', bad, SERVER_ERROR, REFUSED, true",
        "503, api_error, '', bad, OVERLOADED, REFUSED, true",
        "401, authentication_error, '', bad, AUTHENTICATION, REFUSED, false",
        "402, billing_error, '', bad, QUOTA_EXHAUSTED, REFUSED, false",
        "403, permission_error, '', bad, AUTHENTICATION, REFUSED, false",
        "404, not_found_error, '', bad, NOT_FOUND, REFUSED, false",
        "413, request_too_large, '', bad, INVALID_REQUEST, REFUSED, false",
        "429, rate_limit_error, '', bad, RATE_LIMITED, REFUSED, true",
        "429, rate_limit_error, ramp_limit_exceeded, bad, RATE_LIMITED, REFUSED, true",
        "429, rate_limit_error, enforced_spend_limit_reached, bad, QUOTA_EXHAUSTED, REFUSED, false",
        "429, rate_limit_error, contract_spend_limit_reached, bad, QUOTA_EXHAUSTED, REFUSED, false",
        "500, api_error, '', bad, SERVER_ERROR, REFUSED, true",
        "504, timeout_error, '', bad, TIMEOUT, UNKNOWN, true",
        "529, overloaded_error, '', bad, OVERLOADED, REFUSED, true",
        "200, overloaded_error, '', bad, OVERLOADED, REFUSED, true",
        "200, api_error, '', bad, SERVER_ERROR, UNKNOWN, true",
    })
    void errorStatus_becomesItsKind(
            int status,
            String type,
            String detail,
            String words,
            ErrorKind kind,
            Delivery delivery,
            boolean isTransient) {
        server.next(new Reply(
                status,
                "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"%s\",\"details\":{\"error_code\":\"%s\"}},\"request_id\":\"req_9\"}"
                        .formatted(type, words, detail)));

        ApiException error = fail(anthropic, ask().build());

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.delivery()).isEqualTo(delivery);
        assertThat(error.isTransient()).isEqualTo(isTransient);
        assertThat(error.requestId()).hasValue("req_9");
        assertThat(error).hasMessageContaining("anthropic m: HTTP " + status + " " + type);
    }

    @Test
    void tokens_areCountedByTheInputAlone() {
        server.next(new Reply(200, "{\"input_tokens\":2095,\"new\":{}}"));
        server.next(new Reply(200, "{}"));
        ChatRequest ordered = ChatRequest.builder("m")
                .system("Be brief.")
                .user("Hi")
                .maxOutputTokens(9)
                .temperature(1)
                .stop("END")
                .extra("service_tier", "auto")
                .extra("max_tokens", 8)
                .extra("metadata", Map.of("user_id", "u"))
                .extra("speed", "fast")
                .extra("container", "c")
                .extra("stop_sequences", List.of("END"))
                .extra("stream", true)
                .extra("temperature", 1)
                .extra("top_k", 1)
                .extra("top_p", 1)
                .extra("new", 1)
                .build();

        StepVerifier.create(anthropic.countTokens().apply(ordered))
                .expectNext(2095L)
                .verifyComplete();
        StepVerifier.create(anthropic.countTokens().apply(ordered))
                .verifyErrorSatisfies(e -> assertThat(e).hasMessageContaining("has no input_tokens"));
        assertThat(server.received().get(0).path()).isEqualTo("/v1/messages/count_tokens");
        assertThat(server.received().get(0).body())
                .isEqualTo(
                        "{\"model\":\"m\",\"system\":\"Be brief.\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"new\":1}");
    }

    @Test
    void models_areReadPageByPage() {
        server.next(new Reply(
                200,
                "{\"data\":[{\"type\":\"model\",\"id\":\"claude-b\",\"display_name\":\"Claude B\",\"created_at\":\"2025-09-29T00:00:00Z\"}],"
                        + "\"has_more\":true,\"first_id\":\"claude-b\",\"last_id\":\"claude-b\"}"));
        server.next(
                new Reply(
                        200,
                        "{\"data\":[{\"id\":\"claude-a\",\"created_at\":\"soon\"},{}],\"has_more\":true,\"last_id\":\"claude-b\"}"));
        server.next(new Reply(200, "{\"id\":\"claude-a\"}"));

        StepVerifier.create(anthropic.models())
                .expectNext(List.of(
                        new ModelInfo("claude-b", "Claude B", Instant.parse("2025-09-29T00:00:00Z")),
                        new ModelInfo("claude-a", "", null)))
                .verifyComplete();
        StepVerifier.create(anthropic.model("a/b c"))
                .expectNext(new ModelInfo("claude-a", "", null))
                .verifyComplete();
        server.next(new Reply(200, "{\"data\":[]}"));
        try (Anthropic gateway =
                Anthropic.builder().baseUrl(server.url() + "/v1?tenant=a").build()) {
            StepVerifier.create(gateway.models()).expectNext(List.of()).verifyComplete();
        }
        assertThat(server.received().stream().map(LoopbackServer.Received::path))
                .containsExactly(
                        "/v1/models?limit=1000",
                        "/v1/models?limit=1000&after_id=claude-b",
                        "/v1/models/a%2Fb%20c",
                        "/v1/models?limit=1000&tenant=a");
        assertThat(server.received().get(0).headers().get("x-api-key")).isEqualTo(KEY);
        assertThat(server.received().get(0).body()).isEmpty();
    }

    @Test
    void bearerKey_isSentAsAuthorization_andStruckFromTheServersWords() {
        server.next(new Reply(401, "{\"error\":{\"message\":\"no " + KEY + " here\"}}"));
        try (Anthropic gateway =
                Anthropic.builder().apiKey(KEY).bearer().baseUrl(server.url()).build()) {
            assertThat(fail(gateway, ask().build())).hasMessageContaining("no [key] here");
        }

        assertThat(server.received().get(0).headers().get("authorization")).isEqualTo("Bearer " + KEY);
        assertThat(server.received().get(0).headers().contains("x-api-key")).isFalse();
    }

    @Test
    void messageWithoutContent_isMalformed() {
        server.next(new Reply(200, "{\"type\":\"message\"}"));

        ApiException error = fail(anthropic, ask().build());

        assertThat(error.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        assertThat(error.delivery()).isEqualTo(Delivery.ANSWERED);
    }

    @Test
    void builder_saysWhatIsWrongWithAKey_andHidesIt() {
        assertThatThrownBy(() -> Anthropic.builder().apiKey("").build()).hasMessageContaining("apiKey is blank");
        assertThatThrownBy(() -> Anthropic.builder()
                        .apiKeyFromEnv()
                        .environment(name -> null)
                        .build())
                .hasMessageContaining("ANTHROPIC_API_KEY");
        assertThat(anthropic.toString() + anthropic.chat()).doesNotContain(KEY);
        assertThat(anthropic.chat().identity()).isEqualTo(server.url());
        try (Anthropic own = Anthropic.builder()
                .apiKeyFromEnv()
                .environment(Map.of("ANTHROPIC_API_KEY", "k")::get)
                .identity("claude")
                .build()) {
            assertThat(own.chat().identity()).isEqualTo("claude");
        }
    }

    private static ChatRequest.Builder ask() {
        return ChatRequest.builder("m").user("hello there, this is a prompt").maxOutputTokens(10);
    }

    private void assertNotSent(ChatRequest request, String field) {
        assertNotSent(anthropic, request, field);
    }

    private static void assertNotSent(Anthropic anthropic, ChatRequest request, String field) {
        ApiException error = fail(anthropic, request);
        assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
        assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(error).hasMessageContaining("not sent: ").hasMessageContaining(field);
        assertThat(List.of(error.getMessage().split(" "))).doesNotContain("prompt");
    }

    private static ApiException fail(Anthropic anthropic, ChatRequest request) {
        Throwable[] thrown = new Throwable[1];
        StepVerifier.create(anthropic.chat().apply(request))
                .consumeErrorWith(e -> thrown[0] = e)
                .verify(Duration.ofSeconds(20));
        assertThat(thrown[0]).isInstanceOf(ApiException.class);
        return (ApiException) thrown[0];
    }
}
