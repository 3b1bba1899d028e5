package io.headrace.provider.openai;

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
import io.headrace.model.Part.Text;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.StepVerifier;

class OpenAiTest {

    private static final String KEY = "sk-test-0123456789abcdef";
    private static final String ANSWER = """
            {"id":"chatcmpl-A1","object":"chat.completion","created":1726012687,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_1",
             "choices":[{"index":0,"message":{"role":"assistant","content":"Grüße 🌊","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],
             "usage":{"prompt_tokens":13,"completion_tokens":5,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":4},
              "completion_tokens_details":{"reasoning_tokens":2}},"future":{"a":[1,{"b":null}]}}""";

    private final LoopbackServer server = new LoopbackServer();
    private OpenAi openAi;

    @BeforeEach
    void connect() {
        openAi = OpenAi.builder()
                .apiKey(KEY)
                .baseUrl(server.url() + "/v1/")
                .clock(Clock.fixed(Instant.parse("2026-11-22T00:00:00Z"), ZoneOffset.UTC))
                .build();
    }

    @AfterEach
    void disconnect() {
        openAi.close();
        server.close();
    }

    @Test
    void answer_isReadWhole() {
        server.next(new Reply(200, ANSWER));

        StepVerifier.create(openAi.chat().apply(ask("hello")))
                .expectNext(new ChatResponse(
                        "chatcmpl-A1",
                        "gpt-4o-2024-08-06",
                        List.of(new Choice(0, List.of(new Text("Grüße 🌊")), FinishReason.STOP, "stop", List.of())),
                        new Usage(13, 4, 0, 0, 5, 2, 0)))
                .verifyComplete();
    }

    @Test
    void pathThatIsNotThere_belowABaseUrlWithoutVersion_getsAHint() {
        try (OpenAi bare = OpenAi.builder().baseUrl(server.url() + "/").build()) {
            server.next(new Reply(404, "{\"detail\":\"Not Found\"}"));
            assertThat(fail(bare, ask("hello")))
                    .hasMessage("openai m: HTTP 404 Not Found; the base URL " + server.url()
                            + " ends without a version, most servers want " + server.url() + "/v1");
            server.next(new Reply(404, "{\"error\":{\"message\":\"The model `m` does not exist\"}}"));
            assertThat(fail(bare, ask("hello"))).hasMessage("openai m: HTTP 404 The model `m` does not exist");
        }
        server.next(new Reply(404, "404 page not found"));
        assertThat(fail(ask("hello"))).hasMessage("openai m: HTTP 404 404 page not found");
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

    @ParameterizedTest
    @CsvSource({
        "400, invalid_request_error, context_length_exceeded, INVALID_REQUEST, REFUSED, false",
        "400, '', content_filter, REFUSED, REFUSED, false",
        "401, invalid_request_error, invalid_api_key, AUTHENTICATION, REFUSED, false",
        "402, '', 402, QUOTA_EXHAUSTED, REFUSED, false",
        "403, '', unsupported_country_region_territory, AUTHENTICATION, REFUSED, false",
        "404, invalid_request_error, model_not_found, NOT_FOUND, REFUSED, false",
        "408, '', '', TIMEOUT, UNKNOWN, true",
        "409, '', '', SERVER_ERROR, REFUSED, true",
        "413, '', '', INVALID_REQUEST, REFUSED, false",
        "422, '', '', INVALID_REQUEST, REFUSED, false",
        "429, requests, rate_limit_exceeded, RATE_LIMITED, REFUSED, true",
        "429, rate_limit_error, slow_down, RATE_LIMITED, REFUSED, true",
        "429, insufficient_quota, insufficient_quota, QUOTA_EXHAUSTED, REFUSED, false",
        "429, insufficient_quota, '', QUOTA_EXHAUSTED, REFUSED, false",
        "429, '', project_spend_limit_exceeded, QUOTA_EXHAUSTED, REFUSED, false",
        "500, server_error, '', SERVER_ERROR, REFUSED, true",
        "502, '', '', SERVER_ERROR, UNKNOWN, true",
        "503, service_unavailable_error, server_is_overloaded, OVERLOADED, REFUSED, true",
        "504, '', '', TIMEOUT, UNKNOWN, true",
        "529, '', '', OVERLOADED, REFUSED, true",
        "200, '', 429, RATE_LIMITED, REFUSED, true",
        "200, server_error, '', SERVER_ERROR, UNKNOWN, true",
        "200, invalid_request_error, model_not_found, NOT_FOUND, REFUSED, false",
    })
    void errorStatus_becomesItsKind(
            int status, String type, String code, ErrorKind kind, Delivery delivery, boolean isTransient) {
        server.next(new Reply(
                status,
                "{\"error\":{\"message\":\"words\",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}}"
                        .formatted(type, code),
                "x-request-id",
                "req_7"));

        ApiException error = fail(ask("hello"));

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.delivery()).isEqualTo(delivery);
        assertThat(error.isTransient()).isEqualTo(isTransient);
        assertThat(error.status()).hasValue(status);
        assertThat(error.requestId()).hasValue("req_7");
        assertThat(error).hasMessageContaining("openai m: HTTP " + status).hasMessageContaining("words");
        assertThat(error.usage().isKnown()).isEqualTo(delivery == Delivery.REFUSED);
    }

    @Test
    void requestAboveTheLimitPerMinute_isNotRetried() {
        server.next(new Reply(
                429,
                "{\"error\":{\"message\":\"Request too large for gpt-4o on tokens per min\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
                "x-should-retry",
                "true"));

        ApiException error = fail(ask("hello"));

        assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
        assertThat(error.isTransient()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "retry-after-ms|1500|retry-after|9|PT1.5S",
                "retry-after|7|x|y|PT7S",
                "retry-after|0.25|x|y|PT0.25S",
                "retry-after|Sun, 22 Nov 2026 00:00:30 GMT|x|y|PT30S",
                "retry-after-ms|oops|retry-after|3|PT3S",
                "retry-after|1e300|x|y|PT8760H",
                "retry-after|2|retry-after|5|PT5S",
                "retry-after|5, 2|x|y|PT5S",
                "retry-after|soon|retry-after|5|PT5S",
                "retry-after-ms|200, 100|retry-after|9|PT0.2S",
                "retry-after|Sun, 22 Nov 2026 01:00:30 GMT|date|Sun, 22 Nov 2026 01:00:00 GMT|PT30S",
                "retry-after|Sat, 21 Nov 2026 23:00:30 GMT|date|Sat, 21 Nov 2026 23:00:00 GMT|PT30S",
            })
    void retryAfter_isRead(String name, String value, String otherName, String otherValue, Duration expected) {
        server.next(new Reply(429, "{}", name, value, otherName, otherValue));

        assertThat(fail(ask("hello")).retryAfter()).hasValue(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Limit 200000, Used 150974, Requested 53621. Please try again in 1.898s. Visit https://|PT1.898S",
                "Please try again in 608ms.|PT0.608S",
                "Please try again in 6m0s.|PT6M",
                "please try again in 1h2m3s|PT1H2M3S",
                "Please try again in 20s (see https://x/1).|PT20S",
                "Please retry after 37 seconds. To raise the limit, ask.|PT37S",
                "Try again in 1 minute|PT1M",
                "Please try again in 0s.|PT0S",
                "Please try again in 999999999h|PT8760H",
            })
    void waitInWords_isReadWhereNoHeaderSaysIt(String words, Duration expected) {
        server.next(new Reply(429, rateLimited(words)));
        assertThat(fail(ask("hello")).retryAfter()).hasValue(expected);
        server.next(new Reply(429, rateLimited(words), "retry-after", "2"));
        assertThat(fail(ask("hello")).retryAfter()).hasValue(Duration.ofSeconds(2));
        server.next(new Reply(503, rateLimited(words)));
        assertThat(fail(ask("hello")).retryAfter()).hasValue(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Please try again in a few seconds.",
                "Please try again in 5.",
                "Please try again in 5m30",
                "Please try again in 1,500ms",
                "Please try again in 1.2.3s",
                "Please try again in 1e3s",
                "Please try again in -5s",
                "Please try again in 10 days",
                "Please try again in 3secs",
                "Please try again in 5S",
                "Please try again in 2s.5",
                "Please try again in 12345678901s",
                "Please try again in ٣s",
                "Please try again later, within 5s",
                "Limit 3, Used 3, Requested 1.",
                "entry in 5s",
            })
    void oddWordsOfAWait_areNone(String words) {
        server.next(new Reply(429, rateLimited(words)));

        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
    }

    @Test
    void wordsOfAWait_meanNothingInAnErrorThatAWaitDoesNotMend() {
        server.next(new Reply(400, rateLimited("Invalid value: 'Please try again in 5s'")));
        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
        server.next(new Reply(429, message("Request too large for m: Limit 9, Requested 10. Please try again in 5s")));
        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
    }

    private static String rateLimited(String words) {
        return message("Rate limit reached for m. " + words);
    }

    private static String message(String words) {
        return "{\"error\":{\"message\":\"" + words + "\",\"type\":\"tokens\"}}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"-1", "NaN", "soon", "Sat, 21 Nov 2026 00:00:00 GMT"})
    void retryAfterThatMeansNothing_isNone(String value) {
        server.next(new Reply(429, "{}", "retry-after", value));

        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"400, true, true", "500, false, false", "500, maybe, true"})
    void shouldRetryHeader_decidesBeforeTheStatus(int status, String header, boolean isTransient) {
        server.next(new Reply(status, "{}", "x-should-retry", header));

        assertThat(fail(ask("hello")).isTransient()).isEqualTo(isTransient);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"error\":\"Unauthorized\"}|HTTP 400 Unauthorized",
                "{\"object\":\"error\",\"message\":\"no such model\",\"type\":\"NotFoundError\",\"param\":null,\"code\":404}|HTTP 400 NotFoundError/404: no such model",
                "{\"detail\":\"Not Found\"}|HTTP 400 Not Found",
                "{\"detail\":[{\"loc\":[\"body\",\"messages\",0],\"msg\":\"field required\",\"input\":\"secret prompt\"}]}|HTTP 400 body.messages.0: field required",
                "[{\"error\":{\"code\":400,\"message\":\"bad\",\"status\":\"INVALID\"}}]|HTTP 400 400: bad",
                "<html><head><title>502 Bad Gateway</title></head><body>x</body></html>|HTTP 400 502 Bad Gateway",
                "upstream connect error|HTTP 400 upstream connect error",
                "{\"error\":{\"message\":\"cut of|HTTP 400 {\"error\":{\"message\":\"cut of",
                "{\"error\":{\"message\":\"bad\",\"param\":\"top_p\",\"code\":null,\"innererror\":{\"code\":\"X\"}}}|HTTP 400 X (field top_p): bad",
            })
    void anyShapeOfErrorBody_isPutIntoWords(String body, String words) {
        server.next(new Reply(400, body));

        assertThat(fail(ask("hello"))).hasMessage("openai m: " + words);
    }

    @Test
    void emptyErrorBody_leavesTheStatus() {
        server.next(new Reply(400, ""));

        assertThat(fail(ask("hello"))).hasMessage("openai m: HTTP 400");
    }

    @Test
    void errorMessage_holdsNeitherKeyNorPrompt_andIsShort() {
        String prompt = "My diary of the summer of 1999, which nobody may ever read. ".repeat(3);
        server.next(new Reply(
                400,
                "{\"error\":{\"message\":\"Incorrect key " + KEY + " input: '" + prompt + "' " + "x".repeat(9000)
                        + "\"}}"));

        ApiException error = fail(ask(prompt));

        assertThat(error.getMessage())
                .contains("Incorrect key [key] input: '[...]")
                .doesNotContain(KEY, "diary", "summer", "ever read");
        assertThat(error.getMessage().length()).isLessThan(600);
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
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "~~|UNKNOWN|the body is empty",
                "~ \n ~|UNKNOWN|the body is empty",
                "<html>hi</html>|UNKNOWN|is not whole JSON",
                "{\"id\":\"a\",\"choices\":[{\"mess|UNKNOWN|is not whole JSON",
                "[1,2]|ANSWERED|no JSON object",
                "{\"id\":\"a\",\"choices\":[]}|ANSWERED|no choices",
                "{}|ANSWERED|no choices",
            })
    void successThatIsNone_isMalformed(String body, Delivery delivery, String words) {
        server.next(new Reply(200, body));

        ApiException error = fail(ask("hello"));

        assertThat(error.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        assertThat(error.delivery()).isEqualTo(delivery);
        assertThat(error).hasMessageContaining(words);
    }

    @Test
    void errorWithinAChoice_isAnError() {
        server.next(
                new Reply(
                        200,
                        "{\"choices\":[{\"finish_reason\":\"error\",\"error\":{\"code\":502,\"message\":\"upstream died\"},\"message\":{\"content\":\"half\"}}]}"));

        assertThat(fail(ask("hello")).kind()).isEqualTo(ErrorKind.SERVER_ERROR);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"object\":\"error\",\"message\":\"boom\",\"type\":\"InternalServerError\",\"code\":500}|SERVER_ERROR|boom",
                "{\"object\":\"error\",\"message\":\"none\",\"type\":\"NotFoundError\",\"code\":404}|NOT_FOUND|none",
                "{\"error\":{\"code\":429,\"message\":\"slow\"}}|RATE_LIMITED|slow",
                "{\"choices\":[{\"error\":{\"code\":429,\"message\":\"slow\"},\"message\":{\"content\":\"half\"}}]}|RATE_LIMITED|slow",
                "{\"choices\":[{\"finish_reason\":\"error\",\"message\":{\"content\":\"half\"}}]}|SERVER_ERROR|without words",
            })
    void errorWithinASuccess_isAnErrorOfItsKind(String body, ErrorKind kind, String words) {
        server.next(new Reply(200, body));

        ApiException error = fail(ask("hello"));

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error).hasMessageContaining(words);
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
    void choicesThatAllHaveOneIndex_areToldApart() {
        String choice = "{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"%s\"}}";
        server.next(new Reply(200, "{\"choices\":[" + choice.formatted("a") + "," + choice.formatted("b") + "]}"));

        ChatResponse answer = openAi.chat().apply(ask("hello")).block();

        assertThat(answer.choices()).extracting(Choice::text).containsExactly("a", "b");
    }

    @Test
    void pageInPlaceOfAnApi_getsAHint() {
        server.next(new Reply(200, "<html>hi</html>", "content-type", "text/html; charset=utf-8"));

        assertThat(fail(ask("hello"))).hasMessageContaining("check the base URL");
    }

    @Test
    void keyInTheQuery_isShownNowhere() {
        String secret = "query-secret-0123";
        try (OpenAi client = OpenAi.builder()
                .baseUrl(server.url() + "/v1?key=" + secret + "&token=query%2Dtoken")
                .build()) {
            server.next(new Reply(
                    404,
                    "Cannot POST /v1/chat/completions?key=" + secret + "&token=query%2Dtoken, query-token",
                    "x-request-id",
                    "of " + secret));

            ApiException error = fail(client, ask("hello"));

            assertThat(server.received().get(0).path()).contains("key=" + secret + "&token=query%2Dtoken");
            assertThat(error.getMessage() + error.requestId() + client + client.chat())
                    .contains("?key=[key]&token=[key], [key]", "of [key]")
                    .doesNotContain(secret, "query%2Dtoken", "query-token");
        }
    }

    @Test
    void whatCannotBeSent_isSaidBeforeSending() {
        for (ChatRequest request : List.of(
                ChatRequest.builder("m").user("a").extra("x", new Object()).build(),
                ChatRequest.builder("m").user("a").extra("x", Double.NaN).build(),
                ChatRequest.builder("m").user("a").extra("stream", true).build())) {
            ApiException error = fail(request);
            assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        }
        assertThat(server.received()).isEmpty();
    }

    @Test
    void halfASurrogatePair_isSentEscaped() {
        server.always(new Reply(200, ANSWER));

        openAi.chat().apply(ask("broken \ud800 pair")).block();

        assertThat(server.received().get(0).body()).contains("broken \\uD800 pair");
    }

    @Test
    void nothingIsSentBeforeTheSubscription_andEachSubscriptionSendsAnew() {
        server.always(new Reply(200, ANSWER));
        var call = openAi.chat().apply(ask("hello"));
        assertThat(server.received()).isEmpty();

        call.then(call).block();

        assertThat(server.received()).hasSize(2);
    }

    @Test
    void builder_saysWhatIsWrongWithAKey() {
        assertThatThrownBy(() -> OpenAi.builder().apiKey(" ").build()).hasMessageContaining("apiKey is blank");
        assertThatThrownBy(() -> OpenAi.builder().apiKey("sk\nx: y").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("sk");
        assertThatThrownBy(() -> OpenAi.builder().build()).hasMessageContaining("OPENAI_API_KEY");
        assertThatThrownBy(() ->
                        OpenAi.builder().baseUrl("https://eu.api.openai.com/v1").build())
                .hasMessageContaining("no API key for https://eu.api.openai.com/v1");
        assertThatThrownBy(() -> OpenAi.builder()
                        .apiKey(KEY)
                        .header("X-Team", "blue\r\nEvil: 1")
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("X-Team");
        assertThatThrownBy(() -> OpenAi.builder()
                        .apiKeyFromEnv()
                        .environment(name -> null)
                        .build())
                .hasMessageContaining("OPENAI_API_KEY");
        assertThatThrownBy(() -> OpenAi.builder()
                        .apiKeyFromEnv()
                        .environment(name -> "  ")
                        .build())
                .hasMessageContaining("OPENAI_API_KEY is blank");
    }

    @Test
    void keyFromTheEnvironment_isUsed() {
        server.always(new Reply(200, ANSWER));
        try (OpenAi fromEnv = OpenAi.builder()
                .apiKeyFromEnv()
                .environment(name -> name.equals("OPENAI_API_KEY") ? "sk-env" : null)
                .organization("org-1")
                .project("proj_2")
                .header("X-Team", "blue")
                .legacyMaxTokens()
                .baseUrl(server.url() + "/openai?api-version=2024-10-21")
                .build()) {
            fromEnv.chat()
                    .apply(ChatRequest.builder("m").user("a").maxOutputTokens(3).build())
                    .block();
        }
        LoopbackServer.Received received = server.received().get(0);
        assertThat(received.path()).isEqualTo("/openai/chat/completions?api-version=2024-10-21");
        assertThat(received.headers().get("Authorization")).isEqualTo("Bearer sk-env");
        assertThat(received.headers().get("OpenAI-Organization")).isEqualTo("org-1");
        assertThat(received.headers().get("OpenAI-Project")).isEqualTo("proj_2");
        assertThat(received.headers().get("X-Team")).isEqualTo("blue");
        assertThat(received.body()).contains("\"max_tokens\":3");
    }

    @Test
    void withoutAKey_noneIsSent() {
        server.always(new Reply(200, ANSWER));
        try (OpenAi keyless = OpenAi.builder().baseUrl(server.url()).build()) {
            keyless.chat().apply(ask("a")).block();
        }
        assertThat(server.received().get(0).headers().contains("Authorization")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "HTTPS://API.Example.COM:443/v1/, https://api.example.com/v1",
        "http://LOCALHOST:80, http://localhost",
        "http://localhost:8000/v1?api-version=1, http://localhost:8000/v1",
        "http://localhost:8000/v1/chat/completions, http://localhost:8000/v1",
        "http://localhost:8000/v1/responses, http://localhost:8000/v1",
        "http://localhost:8000/v1/embeddings/, http://localhost:8000/v1",
    })
    void identity_isTheNormalBaseUrl(String baseUrl, String identity) {
        try (OpenAi some = OpenAi.builder().apiKey(KEY).baseUrl(baseUrl).build()) {
            assertThat(some.chat().identity()).isEqualTo(identity);
            assertThat(some.toString() + some.chat()).doesNotContain(KEY);
        }
    }

    @Test
    void identity_canBeAName() {
        assertThat(OpenAi.builder()
                        .apiKey(KEY)
                        .identity("simulated")
                        .build()
                        .chat()
                        .identity())
                .isEqualTo("simulated");
    }

    @ParameterizedTest
    @CsvSource({"ftp://host", "/v1", "'http://'", "http://user:pw@host", "http://host:65536", "'http://a b'"})
    void badBaseUrl_isRefused(String baseUrl) {
        assertThatThrownBy(() -> OpenAi.builder().baseUrl(baseUrl))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("pw");
    }

    @Test
    void afterClose_callsFailAsNotSent() {
        openAi.close();
        openAi.close();

        ApiException error = fail(ask("hello"));

        assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
        assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(error.isTransient()).isFalse();
    }

    private static ChatRequest ask(String prompt) {
        return ChatRequest.builder("m").user(prompt).build();
    }

    private ApiException fail(ChatRequest request) {
        return fail(openAi, request);
    }

    private static ApiException fail(OpenAi api, ChatRequest request) {
        Throwable[] thrown = new Throwable[1];
        StepVerifier.create(api.chat().apply(request))
                .consumeErrorWith(e -> thrown[0] = e)
                .verify(Duration.ofSeconds(10));
        assertThat(thrown[0]).isInstanceOf(ApiException.class);
        return (ApiException) thrown[0];
    }
}
