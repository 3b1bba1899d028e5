package io.headrace.model;

import java.util.Objects;

/** One message of a conversation. */
public record Message(Role role, String text) {

    /** Who speaks. */
    public enum Role {
        /** Instructions that stand above the conversation. */
        SYSTEM,
        USER,
        ASSISTANT
    }

    public Message {
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(text, "text");
    }

    public static Message system(String text) {
        return new Message(Role.SYSTEM, text);
    }

    public static Message user(String text) {
        return new Message(Role.USER, text);
    }

    public static Message assistant(String text) {
        return new Message(Role.ASSISTANT, text);
    }

    /** Role and length only: messages are prompts. */
    @Override
    public String toString() {
        return role + "[" + text.length() + " characters]";
    }
}
