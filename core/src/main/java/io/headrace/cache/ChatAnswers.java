package io.headrace.cache;

import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;

/** Which answers of a chat model may be stored, and how several of them make one. */
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

    /** Whether the model declined to give a choice of {@code answer}, or a filter took it away. */
    public static boolean refused(ChatResponse answer) {
        for (Choice choice : answer.choices()) {
            if (choice.finishReason() == FinishReason.REFUSAL
                    || choice.finishReason() == FinishReason.CONTENT_FILTER
                    || choice.refusal() != null) {
                return true;
            }
        }
        return false;
    }

    /** Takes requests of several choices apart into samples. */
    public static SeveralAnswers<ChatRequest, ChatResponse> several() {
        return ChatSeveral.INSTANCE;
    }

    private static boolean storable(Choice choice) {
        return switch (choice.finishReason()) {
            case STOP, LENGTH, TOOL_CALLS, REFUSAL -> true;
            case CONTENT_FILTER -> false;
            case OTHER -> !choice.text().isEmpty();
        };
    }
}
