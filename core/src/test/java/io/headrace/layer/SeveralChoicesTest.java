package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Usage;
import io.headrace.cache.ChatAnswers;
import io.headrace.cache.InMemoryCache;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;
import io.headrace.model.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** {@code n} of chat requests, with providers that have it and with those that have not. */
class SeveralChoicesTest {

    private static final ChatRequest THREE =
            ChatRequest.builder("gpt-4o").user("Hi").n(3).build();

    private final List<Integer> asked = new ArrayList<>();
    private int texts;
    private int most = Integer.MAX_VALUE;

    private ChatCall model(boolean atOnce) {
        return new ChatCall() {
            @Override
            public String identity() {
                return "simulated";
            }

            @Override
            public boolean answersSeveral() {
                return atOnce;
            }

            @Override
            public Mono<ChatResponse> apply(ChatRequest request) {
                return Mono.fromSupplier(() -> {
                    asked.add(request.n());
                    int count = Math.min(most, request.n() == null ? 1 : request.n());
                    List<Choice> choices = IntStream.range(0, count)
                            .mapToObj(i -> new Choice(i, List.of(new Part.Text("t" + ++texts)), FinishReason.STOP))
                            .toList();
                    return new ChatResponse("id", "gpt-4o", choices, Usage.of(10, 5L * count));
                });
            }
        };
    }

    private static void hasThree(ChatResponse answer, long input) {
        assertThat(answer.choices()).extracting(Choice::text).containsExactly("t1", "t2", "t3");
        assertThat(answer.choices()).extracting(Choice::index).containsExactly(0, 1, 2);
        assertThat(answer.usage()).isEqualTo(Usage.of(input, 15));
    }

    @Test
    void providerWithN_isAskedOnce_andItsUsageIsCountedOnce() {
        try (InMemoryCache cache = InMemoryCache.create()) {
            var chat = CallStack.chat(model(true)).cache(cache).build();
            for (int i = 0; i < 2; i++) {
                StepVerifier.create(chat.apply(THREE))
                        .assertNext(answer -> hasThree(answer, 10))
                        .verifyComplete();
            }
            assertThat(asked).containsExactly(3);
        }
    }

    @Test
    void providerWithoutN_isAskedForEach_withoutTheField() {
        try (InMemoryCache cache = InMemoryCache.create()) {
            var chat = CallStack.chat(model(false)).cache(cache).build();
            for (int i = 0; i < 2; i++) {
                StepVerifier.create(chat.apply(THREE))
                        .assertNext(answer -> hasThree(answer, 30))
                        .verifyComplete();
            }
            assertThat(asked).containsExactly(null, null, null);
        }
    }

    @Test
    void withoutACache_bothWork() {
        StepVerifier.create(CallStack.chat(model(false)).build().apply(THREE))
                .assertNext(answer -> hasThree(answer, 30))
                .verifyComplete();
        texts = 0;
        StepVerifier.create(CallStack.chat(model(true)).build().apply(THREE))
                .assertNext(answer -> hasThree(answer, 10))
                .verifyComplete();
    }

    @ParameterizedTest
    @CsvSource({"1, 30, 3 null null", "2, 20, 3 null", "3, 10, 3"})
    void withoutACache_whatAServerLeavesOut_isAskedForAlone(int most, long input, String requests) {
        this.most = most;

        StepVerifier.create(CallStack.chat(model(true)).build().apply(THREE))
                .assertNext(answer -> hasThree(answer, input))
                .verifyComplete();

        assertThat(asked).extracting(String::valueOf).containsExactly(requests.split(" "));
    }

    @Test
    void streamOfSeveral_comesInPiecesWhenItIsWhole() {
        try (InMemoryCache cache = InMemoryCache.create()) {
            ChatStream chat =
                    ChatStream.of(CallStack.chat(model(false)).cache(cache).build());
            StepVerifier.create(chat.apply(THREE).filter(ChatDelta.Text.class::isInstance))
                    .expectNext(new ChatDelta.Text(0, "t1"), new ChatDelta.Text(1, "t2"), new ChatDelta.Text(2, "t3"))
                    .verifyComplete();
        }
    }

    @Test
    void splitAnswers_makeTheSameAgain() {
        StepVerifier.create(model(true).apply(THREE))
                .assertNext(answer -> {
                    List<ChatResponse> each = ChatAnswers.several().split(answer);
                    assertThat(each).hasSize(3).allMatch(one -> one.choice().index() == 0);
                    assertThat(each)
                            .extracting(ChatResponse::usage)
                            .containsExactly(Usage.of(10, 15), Usage.ZERO, Usage.ZERO);
                    assertThat(ChatAnswers.several().join(each)).isEqualTo(answer);
                })
                .verifyComplete();
    }
}
