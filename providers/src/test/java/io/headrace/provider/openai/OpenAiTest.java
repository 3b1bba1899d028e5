package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.model.ChatRequest;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The client itself: its settings, keys and identity. */
class OpenAiTest extends OpenAiOverLoopback {

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
}
