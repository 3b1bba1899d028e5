package io.headrace.model;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** JSON values of plain Java types as text. */
final class JsonText {

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private JsonText() {}

    /**
     * @throws IllegalArgumentException for what is no JSON value
     */
    static String write(Object value) {
        check(value);
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static void check(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            map.values().forEach(JsonText::check);
        } else if (value instanceof Collection<?> values) {
            values.forEach(JsonText::check);
        } else if (!(value == null || value instanceof String || value instanceof Number || value instanceof Boolean)) {
            throw new IllegalArgumentException("no JSON value: an object of " + value.getClass());
        }
    }
}
