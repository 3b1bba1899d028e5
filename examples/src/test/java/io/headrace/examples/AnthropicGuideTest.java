package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part.CachePoint;
import io.headrace.model.Part.Text;
import io.headrace.model.ReasoningEffort;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

/** The code of the guide's part on Anthropic, compiled and run. */
@Timeout(60)
class AnthropicGuideTest {

    @Test
    void conversation_keepsThoughtsAndThePrompt() {
        String handbook = "Thirty days of leave are due to everybody, and two more after ten years.";
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                Anthropic anthropic = Anthropic.builder()
                        .baseUrl(provider.baseUrl())
                        .apiKey("any")
                        .build()) {
            Call<ChatRequest, ChatResponse> chat =
                    CallStack.chat(anthropic.chat()).build();

            ChatRequest question = ChatRequest.builder("claude-opus-5-5")
                    .message(new Message(Role.SYSTEM, List.of(new Text(handbook), CachePoint.LONG))) // kept for an hour
                    .user("How many days of leave are there?")
                    .reasoningEffort(ReasoningEffort.LOW)
                    .maxOutputTokens(2_000)
                    .build();
            Mono<ChatResponse> more = chat.apply(question)
                    .flatMap(answer -> chat.apply(question.toBuilder()
                            .answer(answer) // with its thoughts and their signature
                            .user("And after ten years?")
                            .build()));

            ChatResponse answer = more.block();
            assertThat(answer.text()).isNotEmpty();
            assertThat(answer.usage().cachedInputTokens()).isPositive();
            assertThat(provider.requests().get(1).body()).contains("\"signature\"");
        }
    }
}
