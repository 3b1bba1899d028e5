package io.headrace;

import java.util.Map;
import java.util.Objects;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What belongs to a call and not to its request: never part of a cache key, never sent. Travels in the Reactor
 * {@code Context}; a step sets it for its item, and {@code contextWrite(options::into)} overrides it.
 *
 * @param step the step that calls, empty outside any step
 * @param item the id of the item that is worked on, empty outside any step
 * @param tags free labels for listeners
 */
public record CallOptions(String step, String item, Map<String, String> tags) {

    /** A call outside any step. */
    public static final CallOptions NONE = new CallOptions("", "", Map.of());

    public CallOptions {
        Objects.requireNonNull(step, "step");
        Objects.requireNonNull(item, "item");
        tags = Map.copyOf(tags);
    }

    /** The options in {@code context}, else {@link #NONE}. */
    public static CallOptions from(ContextView context) {
        return context.hasKey(CallOptions.class) ? context.get(CallOptions.class) : NONE;
    }

    public Context into(Context context) {
        return context.put(CallOptions.class, this);
    }

    public CallOptions withTags(Map<String, String> tags) {
        return new CallOptions(step, item, tags);
    }
}
