package io.headrace.provider.anthropic;

import io.headrace.model.FinishReason;
import io.headrace.provider.http.JsonValues;
import tools.jackson.core.JsonParser;

/** What Anthropic means by its stop reasons. */
final class StopReasons {

    static final String REFUSAL = "refusal";

    private StopReasons() {}

    /** The reason; {@link FinishReason#OTHER} for none, for a pause, and for one that is yet to come. */
    static FinishReason finish(String stopReason) {
        return switch (stopReason) {
            case "end_turn", "stop_sequence" -> FinishReason.STOP;
            case "max_tokens", "model_context_window_exceeded" -> FinishReason.LENGTH;
            case "tool_use" -> FinishReason.TOOL_CALLS;
            case REFUSAL -> FinishReason.REFUSAL;
            default -> FinishReason.OTHER;
        };
    }

    /** The model's words in the {@code stop_details} that {@code in} stands on; empty if it gave none. */
    static String explanation(JsonParser in) {
        return JsonValues.stringIn(in, "explanation");
    }
}
