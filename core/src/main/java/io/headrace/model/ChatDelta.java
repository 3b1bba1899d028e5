package io.headrace.model;

import io.headrace.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A piece of an answer, in the order in which the model writes. A {@link ChatCollector} makes an answer of them; {@link #of}
 * makes them of an answer. Texts of deltas are answers: {@code toString} hides them.
 */
public sealed interface ChatDelta {

    /** A piece of a delta's choice. */
    sealed interface OfChoice extends ChatDelta {

        /** The {@link Choice#index} that it belongs to. */
        int choice();
    }

    /** More text. */
    record Text(int choice, String text) implements OfChoice {

        public Text {
            Objects.requireNonNull(text, "text");
        }

        @Override
        public String toString() {
            return "Text[" + choice + ", " + text.length() + " characters]";
        }
    }

    /** More of the words with which the model declines. */
    record Refusal(int choice, String text) implements OfChoice {

        public Refusal {
            Objects.requireNonNull(text, "text");
        }

        @Override
        public String toString() {
            return "Refusal[" + choice + ", " + text.length() + " characters]";
        }
    }

    /**
     * More reasoning. A signature and encrypted thoughts come whole, and end the {@link Part.Reasoning} that they belong to; so
     * does another id.
     */
    record Reasoning(int choice, String id, String text, String signature, String encrypted) implements OfChoice {

        public Reasoning {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(text, "text");
            Objects.requireNonNull(signature, "signature");
            Objects.requireNonNull(encrypted, "encrypted");
        }

        public Reasoning(int choice, String text) {
            this(choice, "", text, "", "");
        }

        @Override
        public String toString() {
            return "Reasoning[" + choice + ", " + text.length() + " characters]";
        }
    }

    /**
     * A fragment of a tool call.
     *
     * @param index which call of its choice; the first fragment of an index begins a call
     * @param id of the call, in its first fragment; else empty
     * @param name of the tool, in the first fragment; else empty
     * @param arguments a piece of the JSON, may be empty
     */
    record ToolCall(int choice, int index, String id, String name, String arguments) implements OfChoice {

        public ToolCall {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(arguments, "arguments");
        }

        @Override
        public String toString() {
            return "ToolCall[" + choice + ", " + index + ", " + name + ", " + arguments.length() + " characters]";
        }
    }

    /** Log probabilities of more tokens. */
    record Logprobs(int choice, List<TokenLogprob> tokens) implements OfChoice {

        public Logprobs {
            tokens = List.copyOf(tokens);
        }
    }

    /** A choice is complete. */
    record Finish(int choice, FinishReason reason, String providerReason) implements OfChoice {

        public Finish {
            Objects.requireNonNull(reason, "reason");
            Objects.requireNonNull(providerReason, "providerReason");
        }
    }

    /** The last delta: the answer is complete. Its values are those of {@link ChatResponse}. */
    record End(String id, String model, Usage usage, String requestId, String serviceTier) implements ChatDelta {

        public End {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(model, "model");
            Objects.requireNonNull(usage, "usage");
            Objects.requireNonNull(requestId, "requestId");
            Objects.requireNonNull(serviceTier, "serviceTier");
        }

        /** The end of {@code answer}. */
        public static End of(ChatResponse answer) {
            return new End(answer.id(), answer.model(), answer.usage(), answer.requestId(), answer.serviceTier());
        }
    }

    /** Deltas that make {@code answer} again: one for each part. */
    static List<ChatDelta> of(ChatResponse answer) {
        List<ChatDelta> deltas = new ArrayList<>();
        for (Choice choice : answer.choices()) {
            int calls = 0;
            for (Part part : choice.parts()) {
                deltas.add(of(choice.index(), calls, part));
                calls += part instanceof Part.ToolCall ? 1 : 0;
            }
            if (!choice.logprobs().isEmpty()) {
                deltas.add(new Logprobs(choice.index(), choice.logprobs()));
            }
            deltas.add(new Finish(choice.index(), choice.finishReason(), choice.providerReason()));
        }
        deltas.add(End.of(answer));
        return deltas;
    }

    private static ChatDelta of(int choice, int calls, Part part) {
        if (part instanceof Part.Text text) {
            return new Text(choice, text.text());
        } else if (part instanceof Part.Refusal refusal) {
            return new Refusal(choice, refusal.text());
        } else if (part instanceof Part.Reasoning thought) {
            return new Reasoning(choice, thought.id(), thought.text(), thought.signature(), thought.encrypted());
        } else if (part instanceof Part.ToolCall call) {
            return new ToolCall(choice, calls, call.id(), call.name(), call.arguments());
        }
        throw new IllegalStateException("an answer holds no " + part.getClass().getSimpleName());
    }
}
