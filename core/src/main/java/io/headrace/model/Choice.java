package io.headrace.model;

import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One of the answers that a request of {@code n} asked for.
 *
 * @param index from 0
 * @param parts texts, refusals, reasoning and tool calls in order. Pieces of a kind that follow each other are made one and empty
 *     texts left out, so that an answer is the same whether it came whole or in pieces
 * @param finishReason why the model stopped
 * @param providerReason the same in the provider's own word; empty if it gave none
 * @param logprobs of the tokens of the text, if asked for; else empty
 */
public record Choice(
        int index, List<Part> parts, FinishReason finishReason, String providerReason, List<TokenLogprob> logprobs) {

    /**
     * @throws IllegalArgumentException for a negative index or a part of another kind
     */
    public Choice {
        if (index < 0) {
            throw new IllegalArgumentException("negative index of a choice: " + index);
        }
        parts = joined(parts);
        Objects.requireNonNull(finishReason, "finishReason");
        Objects.requireNonNull(providerReason, "providerReason");
        logprobs = List.copyOf(logprobs);
    }

    public Choice(int index, List<Part> parts, FinishReason finishReason) {
        this(index, parts, finishReason, "", List.of());
    }

    /** The text parts, joined; empty if there are none. */
    public String text() {
        return Message.text(parts);
    }

    /** The model's words when it declined, maybe none; null if it did not. */
    public @Nullable String refusal() {
        for (Part part : parts) {
            if (part instanceof Refusal refusal) {
                return refusal.text();
            }
        }
        return null;
    }

    /** The tools that the model wants called, in order. */
    public List<ToolCall> toolCalls() {
        return parts.stream()
                .filter(ToolCall.class::isInstance)
                .map(ToolCall.class::cast)
                .toList();
    }

    /** This answer as a message for the request that goes on from it. */
    public Message message() {
        return new Message(Message.Role.ASSISTANT, parts.isEmpty() ? List.of(new Text("")) : parts);
    }

    private static List<Part> joined(List<Part> parts) {
        List<Part> joined = new ArrayList<>(parts.size());
        for (Part part : parts) {
            if (!(part instanceof Text
                    || part instanceof Refusal
                    || part instanceof Reasoning
                    || part instanceof ToolCall)) {
                throw new IllegalArgumentException(
                        "an answer holds no " + part.getClass().getSimpleName());
            }
            int last = joined.size() - 1;
            Part whole = last < 0 ? null : join(joined.get(last), part);
            if (whole != null) {
                joined.set(last, whole);
            } else if (!(part instanceof Text text) || !text.text().isEmpty()) {
                joined.add(part);
            }
        }
        return List.copyOf(joined);
    }

    /** Both as one part; null where they are two. */
    private static @Nullable Part join(Part before, Part after) {
        if (before instanceof Text one && after instanceof Text two) {
            return new Text(one.text() + two.text());
        } else if (before instanceof Refusal one && after instanceof Refusal two) {
            return new Refusal(one.text() + two.text());
        } else if (before instanceof Reasoning one && after instanceof Reasoning two && one.goesOnWith(two.id())) {
            return new Reasoning(
                    one.id().isEmpty() ? two.id() : one.id(),
                    one.text() + two.text(),
                    two.signature(),
                    two.encrypted());
        }
        return null;
    }

    /** Sizes only: answers may be private. */
    @Override
    public String toString() {
        return "Choice[" + index + ", " + parts + ", " + finishReason + "]";
    }
}
