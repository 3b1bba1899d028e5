package io.headrace.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Both providers against the simulated one, which checks requests as the real ones do. */
class SimulatedProviderTest {

    @Test
    void bothProviders_getTheSameAnswersToTheSameQuestions() {
        try (SimulatedProvider simulated = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .apiKey("sk-test")
                        .baseUrl(simulated.baseUrl() + "/v1")
                        .build();
                Anthropic anthropic = Anthropic.builder()
                        .apiKey("sk-test")
                        .baseUrl(simulated.baseUrl())
                        .build()) {
            List<ChatResponse> ours = askAll(openAi.chat());
            List<ChatResponse> theirs = askAll(anthropic.chat());

            assertThat(ours).hasSize(100).allSatisfy(answer -> {
                assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
                assertThat(answer.usage().isKnown()).isTrue();
            });
            assertThat(theirs)
                    .extracting(ChatResponse::text)
                    .isEqualTo(ours.stream().map(ChatResponse::text).toList());
        }
    }

    private static List<ChatResponse> askAll(ChatCall chat) {
        return Flux.range(0, 100)
                .flatMapSequential(
                        i -> chat.apply(ChatRequest.builder("gpt-4o")
                                .system("Name the topics of the text.")
                                .user("duck number" + i + " lays an egg, and duck number" + i + " swims")
                                .maxOutputTokens(100)
                                .build()),
                        50,
                        1)
                .collectList()
                .block();
    }
}
