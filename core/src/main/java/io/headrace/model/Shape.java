package io.headrace.model;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A Java type as JSON: its schema and how a value of it is read. Both come from here, so that what was asked for can be read.
 * Immutable.
 */
interface Shape {

    /** The schema without description and without null, in the order in which it is to be written; a new map. */
    Map<String, Object> schema();

    /** Whether strict schemas can say all of it. */
    boolean isStrict();

    /**
     * The value on which the parser stands; null is none.
     *
     * @throws Mismatch for JSON of another shape
     */
    @Nullable
    Object read(JsonParser in);

    /** The value where nothing is given; {@link Mismatch} where something must be. */
    default @Nullable Object absent() {
        throw new Mismatch("it is missing");
    }

    static Mismatch unexpected(String expected, JsonParser in) {
        JsonToken token = in.currentToken();
        return new Mismatch(expected + " is expected, not " + name(token));
    }

    private static String name(@Nullable JsonToken token) {
        return token == null
                ? "nothing"
                : switch (token) {
                    case START_OBJECT -> "an object";
                    case START_ARRAY -> "an array";
                    case VALUE_STRING -> "a string";
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
                    case VALUE_TRUE, VALUE_FALSE -> "a boolean";
                    case VALUE_NULL -> "null";
                    default -> token.toString();
                };
    }
}
