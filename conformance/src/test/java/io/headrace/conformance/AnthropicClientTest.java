package io.headrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.OverloadedException;
import com.anthropic.errors.RateLimitException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.CacheControlEphemeral;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.StructuredMessage;
import com.anthropic.models.messages.TextBlockParam;
import com.anthropic.models.messages.ThinkingConfigAdaptive;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolChoiceAny;
import com.anthropic.models.models.ModelInfo;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The official Java client of Anthropic takes the simulated provider for the real one. */
class AnthropicClientTest {

    private static final String DUCKS = "Ducks and geese swim on the pond near the old mill in Paris.";

    /** An answer's form. */
    record Place(String city, int hours) {}

    private final SimulatedProvider provider =
            SimulatedProvider.builder().keys("sk-good").start();
    private final AnthropicClient client = AnthropicOkHttpClient.builder()
            .baseUrl(provider.baseUrl())
            .authToken("sk-good")
            .maxRetries(0)
            .build();

    @AfterEach
    void close() {
        client.close();
        provider.close();
    }

    @Test
    void message_isTakenWhole() {
        Message message = client.messages().create(ask().build()).validate();

        assertThat(message.content().get(0).asText().text()).contains("duck");
        assertThat(message.stopReason()).hasValue(StopReason.END_TURN);
        assertThat(message.usage().inputTokens()).isPositive();
        assertThat(provider.requests().get(0).header("anthropic-version")).hasValue("2026-10-21");
        assertThat(provider.requests().get(0).header("authorization")).hasValue("Bearer sk-good");
    }

    @Test
    void keyInItsOwnHeader_isTakenToo() {
        AnthropicClient good = client(provider, "sk-good");
        AnthropicClient bad = client(provider, "sk-bad");

        assertThat(good.messages().create(ask().build()).validate().content()).hasSize(1);
        assertThatThrownBy(() -> bad.messages().create(ask().build())).isInstanceOf(UnauthorizedException.class);
        good.close();
        bad.close();
    }

    @Test
    void stream_accumulatesToTheWholeMessage() {
        MessageCreateParams thinking =
                ask().thinking(ThinkingConfigAdaptive.builder().build()).build();
        Message whole = client.messages().create(thinking).validate();
        Message streamed = stream(thinking).validate();

        assertThat(streamed.content()).isEqualTo(whole.content());
        assertThat(streamed.content().get(0).isThinking()).isTrue();
        assertThat(streamed.stopReason()).isEqualTo(whole.stopReason());
        assertThat(streamed.usage().outputTokens()).isEqualTo(whole.usage().outputTokens());
    }

    @Test
    void toolUse_hasItsInput_wholeAndStreamed() {
        MessageCreateParams params = ask().addTool(Tool.builder()
                        .name("look_up")
                        .inputSchema(Tool.InputSchema.builder()
                                .properties(Tool.InputSchema.Properties.builder()
                                        .putAdditionalProperty("city", JsonValue.from(Map.of("type", "string")))
                                        .build())
                                .required(List.of("city"))
                                .build())
                        .build())
                .toolChoice(ToolChoiceAny.builder().build())
                .build();
        for (Message message : List.of(client.messages().create(params), stream(params))) {
            message.validate();
            assertThat(message.stopReason()).hasValue(StopReason.TOOL_USE);
            assertThat(message.content().get(0).asToolUse()._input())
                    .isEqualTo(JsonValue.from(Map.of("city", "Paris")));
        }
    }

    @Test
    void structuredOutput_isReadAsItsClass() {
        StructuredMessage<Place> message =
                client.messages().create(ask().outputConfig(Place.class).build());

        Place place = message.content().get(0).text().orElseThrow().text();
        assertThat(place.city()).isEqualTo("Paris");
    }

    @Test
    void cacheMarks_showInTheUsage() {
        MessageCreateParams params = MessageCreateParams.builder()
                .model("claude-sonnet-4-5")
                .maxTokens(100)
                .systemOfTextBlockParams(List.of(TextBlockParam.builder()
                        .text("Always the same long instructions.")
                        .cacheControl(CacheControlEphemeral.builder().build())
                        .build()))
                .addUserMessage(DUCKS)
                .build();
        long written = client.messages()
                .create(params)
                .validate()
                .usage()
                .cacheCreationInputTokens()
                .orElseThrow();

        assertThat(written).isPositive();
        assertThat(client.messages().create(params).validate().usage().cacheReadInputTokens())
                .hasValue(written);
    }

    @Test
    void tokensAndModels_areListed() {
        long counted = client.messages()
                .countTokens(MessageCountTokensParams.builder()
                        .model("claude-sonnet-4-5")
                        .addUserMessage(DUCKS)
                        .build())
                .validate()
                .inputTokens();
        assertThat(counted)
                .isEqualTo(client.messages().create(ask().build()).usage().inputTokens());

        List<ModelInfo> models = client.models().list().autoPager().stream().toList();
        assertThat(models).isNotEmpty().allSatisfy(ModelInfo::validate);
        assertThat(client.models().retrieve("claude-opus-4-5").validate().id()).isEqualTo("claude-opus-4-5");
    }

    @Test
    void refusals_areTheClientsOwnExceptions() {
        assertFault(Fault.rateLimited(Duration.ofSeconds(1)), RateLimitException.class, "rate_limit_error");
        assertFault(Fault.overloaded(), OverloadedException.class, "overloaded_error");
        assertFault(Fault.serverError(), AnthropicServiceException.class, "api_error");
        assertThatThrownBy(() -> client.messages()
                        .create(ask().putAdditionalBodyProperty("temperature", JsonValue.from(1))
                                .build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("temperature: Extra inputs are not permitted");
        try (SimulatedProvider strict =
                SimulatedProvider.builder().models("claude-a").start()) {
            AnthropicClient other = client(strict, "k");
            assertThatThrownBy(() -> other.messages().create(ask().build())).isInstanceOf(NotFoundException.class);
            other.close();
        }
    }

    @Test
    void errorWithinAStream_isAnException() {
        provider.failNext(1, Fault.errorEvent(4));

        assertThatThrownBy(() -> stream(ask().build())).hasMessageContaining("Overloaded");
    }

    private static AnthropicClient client(SimulatedProvider provider, String apiKey) {
        return AnthropicOkHttpClient.builder()
                .baseUrl(provider.baseUrl())
                .apiKey(apiKey)
                .maxRetries(0)
                .build();
    }

    private void assertFault(Fault fault, Class<? extends AnthropicServiceException> expected, String type) {
        provider.failNext(1, fault);
        assertThatThrownBy(() -> client.messages().create(ask().build())).isInstanceOfSatisfying(expected, error -> {
            assertThat(error.requestId()).isPresent();
            assertThat(error.type().orElseThrow().asString()).isEqualTo(type);
        });
    }

    private Message stream(MessageCreateParams params) {
        MessageAccumulator accumulator = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> events = client.messages().createStreaming(params)) {
            events.stream().forEach(event -> accumulator.accumulate(event.validate()));
        }
        return accumulator.message();
    }

    private static MessageCreateParams.Builder ask() {
        return MessageCreateParams.builder()
                .model("claude-sonnet-4-5")
                .maxTokens(200)
                .addUserMessage(DUCKS);
    }
}
