package io.headrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.RateLimitException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.models.Model;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The official Java client of OpenAI takes the simulated provider for the real one. */
class OpenAiClientTest {

    private static final String DUCKS = "Ducks and geese swim on the pond near the old mill in Paris.";

    /** An answer's form. */
    record Place(String city, int hours) {}

    private final SimulatedProvider provider =
            SimulatedProvider.builder().keys("sk-good").start();
    private final OpenAIClient client = client(provider, "sk-good");

    @AfterEach
    void close() {
        client.close();
        provider.close();
    }

    @Test
    void completion_isTakenWhole() {
        ChatCompletion completion = client.chat()
                .completions()
                .create(ask().n(2).logprobs(true).build())
                .validate();

        assertThat(completion.choices()).hasSize(2);
        assertThat(completion.choices().get(0).message().content().orElseThrow())
                .contains("duck");
        assertThat(completion
                        .choices()
                        .get(0)
                        .logprobs()
                        .orElseThrow()
                        .content()
                        .orElseThrow())
                .isNotEmpty();
        assertThat(completion.usage().orElseThrow().promptTokens()).isPositive();
    }

    @Test
    void stream_accumulatesToTheWholeCompletion() {
        ChatCompletion whole = client.chat().completions().create(ask().build()).validate();
        ChatCompletion streamed = stream(ask().streamOptions(ChatCompletionStreamOptions.builder()
                                .includeUsage(true)
                                .build())
                        .build())
                .validate();

        assertThat(streamed.choices().get(0).message().content())
                .isEqualTo(whole.choices().get(0).message().content());
        assertThat(streamed.choices().get(0).finishReason())
                .isEqualTo(whole.choices().get(0).finishReason());
        assertThat(streamed.usage()).isEqualTo(whole.usage());
    }

    @Test
    void toolCall_hasItsArguments_wholeAndStreamed() {
        ChatCompletionCreateParams params = ask().addTool(ChatCompletionFunctionTool.builder()
                        .function(FunctionDefinition.builder()
                                .name("look_up")
                                .parameters(FunctionParameters.builder()
                                        .putAdditionalProperty("type", JsonValue.from("object"))
                                        .putAdditionalProperty(
                                                "properties", JsonValue.from(Map.of("city", Map.of("type", "string"))))
                                        .build())
                                .build())
                        .build())
                .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED)
                .build();
        for (ChatCompletion completion : List.of(client.chat().completions().create(params), stream(params))) {
            completion.validate();
            assertThat(completion
                            .choices()
                            .get(0)
                            .message()
                            .toolCalls()
                            .orElseThrow()
                            .get(0)
                            .asFunction()
                            .function()
                            .arguments())
                    .isEqualTo("{\"city\":\"Paris\"}");
        }
    }

    @Test
    void structuredOutput_isReadAsItsClass() {
        Place place = client.chat()
                .completions()
                .create(ask().responseFormat(Place.class).build())
                .choices()
                .get(0)
                .message()
                .content()
                .orElseThrow();

        assertThat(place.city()).isEqualTo("Paris");
    }

    @Test
    void response_isTakenWholeAndStreamed() {
        ResponseCreateParams params =
                ResponseCreateParams.builder().model("gpt-5").input(DUCKS).build();
        Response whole = client.responses().create(params).validate();
        ResponseAccumulator accumulator = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> events = client.responses().createStreaming(params)) {
            events.stream().forEach(event -> accumulator.accumulate(event.validate()));
        }
        Response streamed = accumulator.response().validate();

        assertThat(text(whole)).contains("duck");
        assertThat(text(streamed)).isEqualTo(text(whole));
    }

    @Test
    void embeddings_comeAsTheClientAsksForThem() {
        CreateEmbeddingResponse response = client.embeddings()
                .create(EmbeddingCreateParams.builder()
                        .model("text-embedding-3-small")
                        .inputOfArrayOfStrings(List.of("a duck", "a goose"))
                        .dimensions(16)
                        .build())
                .validate();

        assertThat(response.data()).hasSize(2);
        assertThat(response.data().get(1).embedding()).hasSize(16);
        assertThat(response.data().get(1).index()).isEqualTo(1);
    }

    @Test
    void models_areListed() {
        List<Model> models = client.models().list().data();

        assertThat(models).isNotEmpty().allSatisfy(Model::validate);
        assertThat(client.models().retrieve("gpt-4o").validate().id()).isEqualTo("gpt-4o");
    }

    @Test
    void refusals_areTheClientsOwnExceptions() {
        assertFault(Fault.rateLimited(Duration.ofSeconds(1)), RateLimitException.class, "rate_limit_exceeded");
        assertFault(Fault.quotaExhausted(), RateLimitException.class, "insufficient_quota");
        assertFault(Fault.unavailable(), InternalServerException.class, "server_is_overloaded");
        OpenAIClient bad = client(provider, "sk-bad");
        assertThatThrownBy(() -> bad.chat().completions().create(ask().build()))
                .isInstanceOf(UnauthorizedException.class);
        bad.close();
        try (SimulatedProvider strict =
                SimulatedProvider.builder().models("gpt-a").start()) {
            OpenAIClient other = client(strict, "k");
            assertThatThrownBy(() -> other.chat().completions().create(ask().build()))
                    .isInstanceOf(NotFoundException.class);
            other.close();
        }
    }

    @Test
    void errorWithinAStream_isAnException() {
        provider.failNext(1, Fault.errorEvent(2));

        assertThatThrownBy(() -> stream(ask().build())).hasMessageContaining("overloaded");
    }

    private void assertFault(Fault fault, Class<? extends OpenAIServiceException> expected, String code) {
        provider.failNext(1, fault);
        assertThatThrownBy(() -> client.chat().completions().create(ask().build()))
                .isInstanceOfSatisfying(
                        expected, error -> assertThat(error.code()).hasValue(code));
    }

    private ChatCompletion stream(ChatCompletionCreateParams params) {
        ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> chunks =
                client.chat().completions().createStreaming(params)) {
            chunks.stream().forEach(chunk -> accumulator.accumulate(chunk.validate()));
        }
        return accumulator.chatCompletion();
    }

    private static String text(Response response) {
        return response.output().stream()
                .flatMap(item -> item.message().stream())
                .flatMap(message -> message.content().stream())
                .map(content -> content.asOutputText().text())
                .reduce("", String::concat);
    }

    private static OpenAIClient client(SimulatedProvider provider, String apiKey) {
        return OpenAIOkHttpClient.builder()
                .baseUrl(provider.baseUrl() + "/v1")
                .apiKey(apiKey)
                .maxRetries(0)
                .build();
    }

    private static ChatCompletionCreateParams.Builder ask() {
        return ChatCompletionCreateParams.builder().model("gpt-4o").addUserMessage(DUCKS);
    }
}
