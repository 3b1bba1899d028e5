package io.headrace.model;

import io.headrace.model.Part.CachePoint;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A function that the model may ask for. Nothing here calls it: the answer holds {@link Part.ToolCall}s, and the next request
 * the {@link Part.ToolResult}s.
 *
 * @param name letters, digits, {@code _} and {@code -}
 * @param description what it does, for the model; empty for none
 * @param parameters of its arguments, an object
 * @param strict whether the arguments surely follow the schema, at the price of what strict schemas allow; null for the
 *     provider's default
 * @param cachePoint keeps the tools up to this one in the provider's prompt cache; null for not
 */
public record Tool(
        String name,
        String description,
        JsonSchema parameters,
        @Nullable Boolean strict,
        @Nullable CachePoint cachePoint) {

    /**
     * @throws IllegalArgumentException for a blank name
     */
    public Tool {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a tool needs a name");
        }
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(parameters, "parameters");
    }

    public static Tool of(String name, String description, JsonSchema parameters) {
        return new Tool(name, description, parameters, null, null);
    }

    /** A tool whose arguments fill in {@code arguments}, a record; a {@link Structured} of it reads them. */
    public static Tool of(String name, String description, Class<?> arguments) {
        return of(name, description, JsonSchema.of(arguments));
    }

    public Tool withStrict(boolean strict) {
        return new Tool(name, description, parameters, strict, cachePoint);
    }

    public Tool withCachePoint(CachePoint cachePoint) {
        return new Tool(name, description, parameters, strict, cachePoint);
    }

    /** The name only: descriptions are prompts. */
    @Override
    public String toString() {
        return "Tool[" + name + "]";
    }
}
