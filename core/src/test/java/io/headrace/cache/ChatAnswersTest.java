package io.headrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Usage;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ChatAnswersTest {

    @ParameterizedTest
    @EnumSource(
            value = FinishReason.class,
            names = {"STOP", "LENGTH", "TOOL_CALLS", "REFUSAL"})
    void answerThatEndedLegitimately_isStoredEvenIfEmpty(FinishReason reason) {
        assertThat(ChatAnswers.storable(answer("text", reason))).isTrue();
        assertThat(ChatAnswers.storable(answer("", reason))).isTrue();
    }

    @Test
    void filteredAnswer_isNeverStored() {
        assertThat(ChatAnswers.storable(answer("half of it", FinishReason.CONTENT_FILTER)))
                .isFalse();
    }

    @Test
    void answerWithoutAKnownReasonToEnd_isStoredOnlyIfThereIsOne() {
        assertThat(ChatAnswers.storable(answer("text", FinishReason.OTHER))).isTrue();
        assertThat(ChatAnswers.storable(answer("", FinishReason.OTHER))).isFalse();
    }

    @Test
    void onlyTheLengthLimit_truncates() {
        for (FinishReason reason : EnumSet.allOf(FinishReason.class)) {
            assertThat(ChatAnswers.truncated(answer("text", reason))).isEqualTo(reason == FinishReason.LENGTH);
        }
    }

    private static ChatResponse answer(String text, FinishReason reason) {
        return new ChatResponse("1", "m", text, reason, null, Usage.UNKNOWN);
    }
}
