package io.headrace.provider.anthropic;

import io.headrace.model.ChatDelta;
import java.util.function.Consumer;

/** A block of a stream whose stop has not come. What its type cannot have is passed over. Not thread-safe. */
final class OpenBlock {

    private final Block start;
    private final int call;
    private final StringBuilder signature = new StringBuilder();
    private boolean hasArguments;

    /**
     * @param call which tool call of the answer it is, negative for none
     */
    OpenBlock(Block start, int call) {
        this.start = start;
        this.call = call;
        this.signature.append(start.signature());
    }

    /** What the start says already; mostly nothing but a tool's name. */
    void begin(Consumer<ChatDelta> deltas) {
        switch (start.type()) {
            case "text" -> text(start.text(), deltas);
            case "thinking" -> thinking(start.text(), deltas);
            case "redacted_thinking" -> reasoning("", "", start.text(), deltas);
            case "tool_use" -> deltas.accept(new ChatDelta.ToolCall(0, call, start.id(), start.name(), ""));
            default -> {
                // a block that is yet to come
            }
        }
    }

    void add(BlockDelta delta, Consumer<ChatDelta> deltas) {
        switch (delta.type()) {
            case "text_delta" -> {
                if (start.type().equals("text")) {
                    text(delta.piece(), deltas);
                }
            }
            case "thinking_delta" -> thinking(delta.piece(), deltas);
            case "signature_delta" -> signature.append(delta.piece());
            case "input_json_delta" -> {
                if (call >= 0) {
                    arguments(delta.piece(), deltas);
                }
            }
            default -> {
                // citations, and what is yet to come
            }
        }
    }

    void end(Consumer<ChatDelta> deltas) {
        if (start.type().equals("thinking")) {
            reasoning("", signature.toString(), "", deltas);
        } else if (call >= 0 && !hasArguments) {
            arguments(start.input().isEmpty() ? RawJson.EMPTY_OBJECT : start.input(), deltas);
        }
    }

    private static void text(String text, Consumer<ChatDelta> deltas) {
        if (!text.isEmpty()) {
            deltas.accept(new ChatDelta.Text(0, text));
        }
    }

    private static void thinking(String text, Consumer<ChatDelta> deltas) {
        reasoning(text, "", "", deltas);
    }

    private static void reasoning(String text, String signature, String encrypted, Consumer<ChatDelta> deltas) {
        if (!text.isEmpty() || !signature.isEmpty() || !encrypted.isEmpty()) {
            deltas.accept(new ChatDelta.Reasoning(0, "", text, signature, encrypted));
        }
    }

    private void arguments(String piece, Consumer<ChatDelta> deltas) {
        if (!piece.isEmpty()) {
            hasArguments = true;
            deltas.accept(new ChatDelta.ToolCall(0, call, "", "", piece));
        }
    }
}
