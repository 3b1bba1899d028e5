package io.headrace.model;

import java.util.Objects;
import java.util.regex.Pattern;

/** The form that an answer must have. */
public sealed interface AnswerFormat {

    /** Some JSON object; the prompt must ask for JSON too. */
    record Json() implements AnswerFormat {}

    /**
     * JSON of a schema.
     *
     * @param name for the provider: letters, digits, {@code _} and {@code -}, at most 64
     * @param description what it is for, for the model; empty for none
     * @param strict whether the answer surely follows the schema, at the price of what strict schemas allow, see {@link
     *     Structured}; otherwise the schema is a wish
     */
    record Schema(String name, String description, JsonSchema schema, boolean strict) implements AnswerFormat {

        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

        /**
         * @throws IllegalArgumentException for another name
         */
        public Schema {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "the name of an answer's schema has 1 to 64 letters, digits, _ and -, not '" + name + "'");
            }
            Objects.requireNonNull(description, "description");
            Objects.requireNonNull(schema, "schema");
        }

        /** The name only: schemas are prompts. */
        @Override
        public String toString() {
            return "Schema[" + name + (strict ? ", strict]" : "]");
        }
    }

    /** Some JSON object. */
    static AnswerFormat json() {
        return new Json();
    }

    /** JSON that surely follows {@code schema}. */
    static AnswerFormat of(String name, JsonSchema schema) {
        return new Schema(name, "", schema, true);
    }
}
