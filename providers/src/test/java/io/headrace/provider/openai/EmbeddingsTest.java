package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

class EmbeddingsTest extends OpenAiOverLoopback {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void vectors_comeInTheOrderOfTheInputs_asNumbersAndInBase64() {
        String numbers = "[-0.25, 1e-3, 2]";
        String base64 = "\"" + base64(0.1f, -3, Float.MIN_VALUE) + "\"";
        server.next(new Reply(200, """
                {"object":"list","model":"e-1","data":[{"object":"embedding","index":1,"embedding":%s},
                 {"new":{},"embedding":%s,"index":0,"object":"embedding"}],"usage":{"prompt_tokens":8,"total_tokens":8},"x":[]}""".formatted(numbers, base64), "x-request-id", "req_7"));

        EmbeddingResponse answer = embed("a", "b");

        assertThat(answer)
                .isEqualTo(new EmbeddingResponse(
                        "e-1",
                        List.of(new float[] {0.1f, -3, Float.MIN_VALUE}, new float[] {-0.25f, 0.001f, 2}),
                        Usage.of(8, 0),
                        "req_7"));
        assertThat(server.received().get(0).path()).isEqualTo("/v1/embeddings");
        assertThat(server.received().get(0).body())
                .isEqualTo("{\"model\":\"e\",\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\"}");
    }

    @Test
    void request_holdsDimensionsAndExtras() {
        server.next(new Reply(200, "{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"));

        EmbeddingResponse answer = openAi.embeddings()
                .apply(EmbeddingRequest.of("e", "a")
                        .withDimensions(2)
                        .withExtra("encoding_format", "float")
                        .withExtra("user", "u"))
                .block(SOON);

        assertThat(answer.usage()).isEqualTo(Usage.UNKNOWN);
        assertThat(server.received().get(0).body())
                .isEqualTo(
                        "{\"model\":\"e\",\"input\":[\"a\"],\"dimensions\":2,\"encoding_format\":\"float\",\"user\":\"u\"}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"data\":[{\"index\":0,\"embedding\":[1]}]}|1 vectors for 2 inputs",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[1]},{\"index\":2,\"embedding\":[1]}]}|3 vectors for 2 inputs",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}|two vectors have the index 0",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":7,\"embedding\":[1]}]}|the last has the index 7",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[1,2]}]}|different lengths: [1, 2]",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1}]}|data[1] has no embedding",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[null]}]}|no number",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":\"AAA=\"}]}|2 bytes, which are no vector",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":\"?\"}]}|base64",
                "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[1e999]}]}|the vector 1 holds a number that is Infinity",
                "{\"data\":[{\"index\":0,\"embedding\":\"AADAfw==\"},{\"index\":1,\"embedding\":[1]}]}|the vector 0 holds a number that is NaN",
                "{\"data\":[]}|no vectors",
                "{}|no vectors",
                "[]|no JSON object",
            })
    void answerThatDoesNotMatch_isMalformed(String body, String words) {
        server.next(new Reply(200, body));

        ApiException error = fail(EmbeddingRequest.of("e", "a", "b"));

        assertThat(error.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        assertThat(error.delivery()).isEqualTo(Delivery.ANSWERED);
        assertThat(error).hasMessageContaining(words);
    }

    @Test
    void vectorsOfAnotherLengthThanAskedFor_areMalformed() {
        server.next(new Reply(200, "{\"data\":[{\"embedding\":[1,2,3]}]}"));

        assertThat(fail(EmbeddingRequest.of("e", "a").withDimensions(2)))
                .hasMessageContaining("3 numbers, not 2 as asked for");
    }

    @Test
    void tokensOfThePrompt_areTheTotalWhereOnlyThatIsTold() {
        server.next(new Reply(200, "{\"data\":[{\"embedding\":[1]}],\"usage\":{\"total_tokens\":7}}"));
        server.next(
                new Reply(200, "{\"data\":[{\"embedding\":[1]}],\"usage\":{\"prompt_tokens\":6,\"total_tokens\":7}}"));

        assertThat(embed("a").usage()).isEqualTo(Usage.of(7, 0));
        assertThat(embed("a").usage()).isEqualTo(Usage.of(6, 0));
    }

    @Test
    void asManyInputsAsOneRequestTakes_areSent() {
        server.next(new Reply(500, "{}"));

        assertThat(fail(EmbeddingRequest.of("e", Collections.nCopies(2_048, "a")))
                        .kind())
                .isEqualTo(ErrorKind.SERVER_ERROR);
    }

    @Test
    void moreInputsThanOneRequestTakes_areRefusedBeforeSending() {
        ApiException error = fail(EmbeddingRequest.of("e", Collections.nCopies(2_049, "a")));

        assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
        assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(server.received()).isEmpty();
    }

    @Test
    void error_isReadWithoutTheInputs() {
        server.next(new Reply(400, "{\"error\":{\"message\":\"bad input: my very private diary entry\"}}"));

        assertThat(fail(EmbeddingRequest.of("e", "my very private diary entry")))
                .hasMessage("openai e: HTTP 400 bad input: [...]");
    }

    @Test
    void errorInASuccess_isAnError() {
        server.next(new Reply(200, "{\"error\":{\"code\":429,\"message\":\"slow\"}}"));

        assertThat(fail(EmbeddingRequest.of("e", "a")).kind()).isEqualTo(ErrorKind.RATE_LIMITED);
    }

    @Test
    void models_areListedAndGot() {
        server.next(new Reply(200, """
                {"object":"list","data":[{"id":"gpt-4o","object":"model","created":1715367049,"owned_by":"system"},
                 {"id":"org/local","max_model_len":4096}]}"""));
        server.next(
                new Reply(200, "{\"id\":\"org/local:1\",\"object\":\"model\",\"created\":1,\"owned_by\":\"vllm\"}"));
        server.next(new Reply(404, "{\"error\":{\"message\":\"no\",\"code\":\"model_not_found\"}}"));

        assertThat(openAi.models().block(SOON))
                .containsExactly(
                        new ModelInfo("gpt-4o", java.time.Instant.parse("2024-05-10T18:50:49Z"), "system"),
                        new ModelInfo("org/local", null, ""));
        assertThat(openAi.model("org/local:1 a").block(SOON).ownedBy()).isEqualTo("vllm");
        assertThat(openAi.model("none")
                        .onErrorResume(ApiException.class, e -> {
                            assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND);
                            assertThat(e).hasMessageStartingWith("openai none: HTTP 404");
                            return Mono.empty();
                        })
                        .block(SOON))
                .isNull();
        assertThat(server.received())
                .extracting(LoopbackServer.Received::path)
                .containsExactly("/v1/models", "/v1/models/org/local:1%20a", "/v1/models/none");
        assertThat(server.received()).allSatisfy(request -> {
            assertThat(request.body()).isEmpty();
            assertThat(request.headers().get("authorization")).isEqualTo("Bearer " + KEY);
            assertThat(request.headers().contains("transfer-encoding")).isFalse();
        });
    }

    private EmbeddingResponse embed(String... inputs) {
        return openAi.embeddings().apply(EmbeddingRequest.of("e", inputs)).block(SOON);
    }

    private ApiException fail(EmbeddingRequest request) {
        return openAi.embeddings()
                .apply(request)
                .map(answer -> (Throwable) new AssertionError("an answer: " + answer))
                .onErrorResume(Mono::just)
                .cast(ApiException.class)
                .block(SOON);
    }

    private static String base64(float... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
