package io.headrace.model;

import io.headrace.Usage;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A model's answer, as any provider gives it.
 *
 * @param id the provider's id of the answer, empty if it gave none
 * @param model the model that really answered, often more exact than the one asked for
 * @param text the answer, empty if there is none
 * @param finishReason why the model stopped
 * @param refusal the model's words when it declined; null otherwise
 * @param usage tokens as reported, {@link Usage#UNKNOWN} if not reported
 */
public record ChatResponse(
        String id,
        String model,
        String text,
        FinishReason finishReason,
        @Nullable String refusal,
        Usage usage) {

    public ChatResponse {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(finishReason, "finishReason");
        Objects.requireNonNull(usage, "usage");
    }

    /** Identity and size only: answers may be private. */
    @Override
    public String toString() {
        return "ChatResponse[" + id + ", " + model + ", " + text.length() + " characters, " + finishReason + "]";
    }
}
