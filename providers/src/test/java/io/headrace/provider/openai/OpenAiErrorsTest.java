package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.model.ChatRequest;
import io.headrace.provider.http.LoopbackServer.Reply;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the errors of OpenAI and of compatible servers become, and in which words. */
class OpenAiErrorsTest extends OpenAiOverLoopback {

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
                "403|{\"error\":{\"code\":403,\"message\":\"m requires moderation on OpenAI. Your input was flagged for \\\"violence\\\".\",\"metadata\":{\"reasons\":[\"violence\"]}}}|REFUSED|false",
                "502|<html><title>Bad Gateway</title></html>|SERVER_ERROR|true",
                // Azure
                "400|{\"error\":{\"message\":\"filtered\",\"type\":null,\"param\":\"prompt\",\"code\":\"content_filter\",\"status\":400,\"innererror\":{\"code\":\"ResponsibleAIPolicyViolation\"}}}|REFUSED|false",
                "429|{\"error\":{\"code\":\"429\",\"message\":\"Please retry after 37 seconds\"}}|RATE_LIMITED|true",
            })
    void errorsOfCompatibleServers_becomeTheirKind(int status, String body, ErrorKind kind, boolean isTransient) {
        server.next(new Reply(status, body));

        ApiException error = fail(ask("Hi"));

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.isTransient()).isEqualTo(isTransient);
        assertThat(error.status()).hasValue(status);
    }

    @ParameterizedTest
    @CsvSource({
        "400, invalid_request_error, context_length_exceeded, INVALID_REQUEST, REFUSED, false",
        "400, invalid_request_error, unsupported_value, INVALID_REQUEST, REFUSED, false",
        "400, invalid_request_error, unsupported_parameter, INVALID_REQUEST, REFUSED, false",
        "400, '', content_filter, REFUSED, REFUSED, false",
        "400, invalid_request_error, content_policy_violation, REFUSED, REFUSED, false",
        "401, invalid_request_error, invalid_api_key, AUTHENTICATION, REFUSED, false",
        "402, '', 402, QUOTA_EXHAUSTED, REFUSED, false",
        "403, '', unsupported_country_region_territory, AUTHENTICATION, REFUSED, false",
        "404, invalid_request_error, model_not_found, NOT_FOUND, REFUSED, false",
        "407, '', '', AUTHENTICATION, REFUSED, false",
        "408, '', '', TIMEOUT, UNKNOWN, true",
        "409, '', '', SERVER_ERROR, REFUSED, true",
        "413, '', '', INVALID_REQUEST, REFUSED, false",
        "422, '', '', INVALID_REQUEST, REFUSED, false",
        "429, requests, rate_limit_exceeded, RATE_LIMITED, REFUSED, true",
        "429, rate_limit_error, slow_down, RATE_LIMITED, REFUSED, true",
        "429, insufficient_quota, insufficient_quota, QUOTA_EXHAUSTED, REFUSED, false",
        "429, insufficient_quota, '', QUOTA_EXHAUSTED, REFUSED, false",
        "429, '', credit_balance_exhausted, QUOTA_EXHAUSTED, REFUSED, false",
        "429, '', organization_spend_limit_exceeded, QUOTA_EXHAUSTED, REFUSED, false",
        "429, '', project_spend_limit_exceeded, QUOTA_EXHAUSTED, REFUSED, false",
        "429, '', organization_usage_limit_exceeded, QUOTA_EXHAUSTED, REFUSED, false",
        "429, '', billing_hard_limit_reached, QUOTA_EXHAUSTED, REFUSED, false",
        "429, '', billing_not_active, QUOTA_EXHAUSTED, REFUSED, false",
        "500, server_error, '', SERVER_ERROR, REFUSED, true",
        "502, '', '', SERVER_ERROR, UNKNOWN, true",
        "503, service_unavailable_error, server_is_overloaded, OVERLOADED, REFUSED, true",
        "504, '', '', TIMEOUT, UNKNOWN, true",
        "524, '', '', TIMEOUT, UNKNOWN, true",
        "529, '', '', OVERLOADED, REFUSED, true",
        "200, '', 429, RATE_LIMITED, REFUSED, true",
        "200, server_error, '', SERVER_ERROR, UNKNOWN, true",
        "200, invalid_request_error, model_not_found, NOT_FOUND, REFUSED, false",
        "200, '', context_length_exceeded, INVALID_REQUEST, REFUSED, false",
        "200, '', unsupported_value, INVALID_REQUEST, REFUSED, false",
        "200, '', content_policy_violation, REFUSED, REFUSED, false",
        "200, exceed_context_size_error, '', INVALID_REQUEST, REFUSED, false",
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
    void pageInPlaceOfAnApi_getsAHint() {
        server.next(new Reply(200, "<html>hi</html>", "content-type", "text/html; charset=utf-8"));

        assertThat(fail(ask("hello"))).hasMessageContaining("check the base URL");
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

    @ParameterizedTest
    @ValueSource(strings = {"1s", "<script ", "<title ", "<", "'a b", "\\n\\t", "try again in "})
    @Timeout(60)
    void megabytesOfWords_takeNoTimeAndNoStack(String word) {
        String words = word.repeat(1_000_000 / word.length());
        server.next(new Reply(429, message("Please try again in " + words)));
        assertThat(fail(ask("hello")).kind()).isEqualTo(ErrorKind.RATE_LIMITED);
        server.next(new Reply(500, message("<" + words)));
        assertThat(fail(ask("hello")).kind()).isEqualTo(ErrorKind.SERVER_ERROR);
    }

    @Test
    void keyWhereTheServersWordsAreCut_isStruckOut() {
        String page = "<p>" + "<br>".repeat((8 << 10) / 4 - 5) + "hello " + KEY;
        server.next(new Reply(500, message(page)));
        assertThat(fail(ask("hello"))).hasMessageContaining("hello [").hasMessageNotContaining(KEY.substring(0, 6));
        server.next(new Reply(500, page, "content-type", "text/html"));
        assertThat(fail(ask("hello"))).hasMessageContaining("hello [").hasMessageNotContaining(KEY.substring(0, 6));
    }

    /** Such as the key {@code ollama} at the host {@code ollama}. */
    @Test
    void keyThatIsAWordOfTheError_changesNothingButTheWord() {
        server.close();
        try (OpenAi client =
                OpenAi.builder().apiKey("refused").baseUrl(server.url() + "/v1").build()) {
            ApiException error = fail(client, ask("hello"));

            assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
            assertThat(error).hasMessageContaining("Connection [key]").hasMessageNotContaining("HTTP");
        }
    }

    private static String message(String words) {
        return "{\"error\":{\"message\":\"" + words + "\"}}";
    }
}
