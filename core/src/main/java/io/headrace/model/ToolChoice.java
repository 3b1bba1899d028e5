package io.headrace.model;

import org.jspecify.annotations.Nullable;

/**
 * Whether the model may, must or must not call tools.
 *
 * @param tool the one tool to call; null unless the mode is {@link Mode#NAMED}
 */
public record ToolChoice(Mode mode, @Nullable String tool) {

    /** What is left to the model. */
    public enum Mode {
        /** The model decides; what providers do where there are tools. */
        AUTO,
        /** It calls none. */
        NONE,
        /** It calls at least one. */
        REQUIRED,
        /** It calls that one. */
        NAMED
    }

    public static final ToolChoice AUTO = new ToolChoice(Mode.AUTO, null);
    public static final ToolChoice NONE = new ToolChoice(Mode.NONE, null);
    public static final ToolChoice REQUIRED = new ToolChoice(Mode.REQUIRED, null);

    /**
     * @throws IllegalArgumentException unless exactly a named choice has a name
     */
    public ToolChoice {
        if ((mode == Mode.NAMED) != (tool != null)) {
            throw new IllegalArgumentException("a choice of " + mode + " with the tool " + tool);
        }
    }

    /** Whether this is the choice of {@code other} and nothing else. */
    boolean names(Tool other) {
        return other.name().equals(tool);
    }

    /** The model calls the tool of that name, which must be one of the request's. */
    public static ToolChoice of(String tool) {
        return new ToolChoice(Mode.NAMED, tool);
    }
}
