package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.model.ChatRequest;
import io.headrace.provider.http.LoopbackServer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import reactor.test.StepVerifier;

/** A client of a server on this machine that answers what it is told. */
abstract class OpenAiOverLoopback {

    static final String KEY = "sk-test-0123456789abcdef";

    static final String ANSWER = "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";

    final LoopbackServer server = new LoopbackServer();

    OpenAi openAi;

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

    static ChatRequest ask(String prompt) {
        return ChatRequest.builder("m").user(prompt).build();
    }

    ApiException fail(ChatRequest request) {
        return fail(openAi, request);
    }

    static ApiException fail(OpenAi api, ChatRequest request) {
        Throwable[] thrown = new Throwable[1];
        StepVerifier.create(api.chat().apply(request))
                .consumeErrorWith(e -> thrown[0] = e)
                .verify(Duration.ofSeconds(20));
        assertThat(thrown[0]).isInstanceOf(ApiException.class);
        return (ApiException) thrown[0];
    }
}
