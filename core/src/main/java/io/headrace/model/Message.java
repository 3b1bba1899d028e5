package io.headrace.model;

import io.headrace.model.Part.CachePoint;
import io.headrace.model.Part.Document;
import io.headrace.model.Part.Image;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import java.util.List;
import java.util.Objects;

/**
 * One message of a conversation.
 *
 * @param parts at least one, of the kinds that the role allows
 */
public record Message(Role role, List<Part> parts) {

    /** Who speaks. Each may hold {@link CachePoint}s besides. */
    public enum Role {
        /** Instructions that stand above the conversation: texts. */
        SYSTEM,
        /** Texts, images and documents. */
        USER,
        /** An answer of the model: texts, refusals, reasoning and tool calls. */
        ASSISTANT,
        /** What tools gave after the model called them: tool results. */
        TOOL;

        private boolean allows(Part part) {
            if (part instanceof CachePoint) {
                return true;
            }
            return switch (this) {
                case SYSTEM -> part instanceof Text;
                case USER -> part instanceof Text || part instanceof Image || part instanceof Document;
                case ASSISTANT ->
                    part instanceof Text
                            || part instanceof Refusal
                            || part instanceof Reasoning
                            || part instanceof ToolCall;
                case TOOL -> part instanceof ToolResult;
            };
        }
    }

    /**
     * @throws IllegalArgumentException for a part that the role does not allow, for a cache point before any other part, and
     *     for no part at all
     */
    public Message {
        Objects.requireNonNull(role, "role");
        parts = List.copyOf(parts);
        if (parts.isEmpty() || parts.get(0) instanceof CachePoint) {
            throw new IllegalArgumentException(
                    "a message of " + role + " needs a part that is not a cache point first");
        }
        for (Part part : parts) {
            if (!role.allows(part)) {
                throw new IllegalArgumentException(
                        "a message of " + role + " holds no " + part.getClass().getSimpleName());
            }
        }
    }

    public Message(Role role, String text) {
        this(role, List.of(new Text(text)));
    }

    public static Message system(String text) {
        return new Message(Role.SYSTEM, text);
    }

    public static Message user(String text) {
        return new Message(Role.USER, text);
    }

    public static Message user(Part... parts) {
        return new Message(Role.USER, List.of(parts));
    }

    public static Message assistant(String text) {
        return new Message(Role.ASSISTANT, text);
    }

    /** What the tools gave that the answer before called. */
    public static Message tool(ToolResult... results) {
        return new Message(Role.TOOL, List.of(results));
    }

    /** The text parts, joined; empty if there are none. */
    public String text() {
        return text(parts);
    }

    /** Role and sizes only: messages are prompts. */
    @Override
    public String toString() {
        return role
                + (parts.size() == 1 && parts.get(0) instanceof Text text
                        ? "[" + text.text().length() + " characters]"
                        : parts.toString());
    }

    static String text(List<Part> parts) {
        String joined = "";
        for (Part part : parts) {
            if (part instanceof Text text) {
                joined = joined.isEmpty() ? text.text() : joined + text.text();
            }
        }
        return joined;
    }
}
