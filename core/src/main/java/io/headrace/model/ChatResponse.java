package io.headrace.model;

import io.headrace.Usage;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A model's answer, as any provider gives it.
 *
 * @param id the provider's id of the answer, empty if it gave none
 * @param model the model that really answered, often more exact than the one asked for
 * @param choices one, or as many as were asked for, by their index
 * @param usage tokens of all choices as reported, {@link Usage#UNKNOWN} if not reported
 * @param requestId the provider's id of the request, for its support; empty if it gave none
 * @param serviceTier the provider's name of the service that the answer was billed as, such as {@code default}, {@code flex}
 *     or {@code priority}; empty if it named none
 */
public record ChatResponse(
        String id, String model, List<Choice> choices, Usage usage, String requestId, String serviceTier) {

    /**
     * @throws IllegalArgumentException without a choice
     */
    public ChatResponse {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(model, "model");
        choices = List.copyOf(choices);
        if (choices.isEmpty()) {
            throw new IllegalArgumentException("an answer needs at least one choice");
        }
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(requestId, "requestId");
        Objects.requireNonNull(serviceTier, "serviceTier");
    }

    public ChatResponse(String id, String model, List<Choice> choices, Usage usage) {
        this(id, model, choices, usage, "", "");
    }

    /** An answer of one text. */
    public ChatResponse(
            String id, String model, String text, FinishReason finishReason, @Nullable String refusal, Usage usage) {
        this(
                id,
                model,
                List.of(new Choice(
                        0,
                        refusal == null ? List.of(new Text(text)) : List.of(new Text(text), new Refusal(refusal)),
                        finishReason)),
                usage);
    }

    /** The same with the provider's id of the request, which comes in a header. */
    public ChatResponse withRequestId(String requestId) {
        return new ChatResponse(id, model, choices, usage, requestId, serviceTier);
    }

    /** The first choice, for most requests the only one. */
    public Choice choice() {
        return choices.get(0);
    }

    /** The first choice's text, empty if there is none. */
    public String text() {
        return choice().text();
    }

    /** The model's words when it declined to give the first choice; null if it did not. */
    public @Nullable String refusal() {
        return choice().refusal();
    }

    /** Why the model stopped the first choice. */
    public FinishReason finishReason() {
        return choice().finishReason();
    }

    /** The tools that the model wants called in the first choice. */
    public List<ToolCall> toolCalls() {
        return choice().toolCalls();
    }

    /** Identity and size only: answers may be private. */
    @Override
    public String toString() {
        return "ChatResponse[" + id + ", " + model + ", " + choices + "]";
    }
}
