package io.headrace.cache;

import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;

/** Which answers of a chat model may be stored. */
public final class ChatAnswers {

    private ChatAnswers() {}

    /**
     * Whether every choice of {@code answer} is a legitimate one: it ended by the model's own will (a refusal too, for it was
     * asked and paid for) or at the length limit. Not one that a filter took away, nor an empty one with no known reason to end.
     */
    public static boolean storable(ChatResponse answer) {
        return answer.choices().stream().allMatch(ChatAnswers::storable);
    }

    /** Whether a choice of {@code answer} was cut at the length limit. */
    public static boolean truncated(ChatResponse answer) {
        return answer.choices().stream().anyMatch(choice -> choice.finishReason() == FinishReason.LENGTH);
    }

    private static boolean storable(Choice choice) {
        return switch (choice.finishReason()) {
            case STOP, LENGTH, TOOL_CALLS, REFUSAL -> true;
            case CONTENT_FILTER -> false;
            case OTHER -> !choice.text().isEmpty();
        };
    }
}
