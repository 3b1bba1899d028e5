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
        for (Choice choice : answer.choices()) {
            if (!storable(choice)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a choice of {@code answer} was cut at the length limit. */
    public static boolean truncated(ChatResponse answer) {
        for (Choice choice : answer.choices()) {
            if (choice.finishReason() == FinishReason.LENGTH) {
                return true;
            }
        }
        return false;
    }

    private static boolean storable(Choice choice) {
        return switch (choice.finishReason()) {
            case STOP, LENGTH, TOOL_CALLS, REFUSAL -> true;
            case CONTENT_FILTER -> false;
            case OTHER -> !choice.text().isEmpty();
        };
    }
}
