package io.headrace.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A value or null; absent is null too.
 *
 * @param optional whether Java has an {@link Optional} of it
 */
record NullableShape(Shape value, boolean optional) implements Shape {

    @Override
    public Map<String, Object> schema() {
        Map<String, Object> schema = value.schema();
        if (schema.get("type") instanceof String type) {
            schema.put("type", List.of(type, "null"));
        }
        addNull(schema, "enum", null);
        addNull(schema, "anyOf", Map.of("type", "null"));
        return schema;
    }

    private static void addNull(Map<String, Object> schema, String member, @Nullable Object nothing) {
        if (schema.get(member) instanceof List<?> list) {
            List<@Nullable Object> more = new ArrayList<>(list);
            if (!more.contains(nothing)) {
                more.add(nothing);
            }
            schema.put(member, more);
        }
    }

    @Override
    public boolean isStrict() {
        return value.isStrict();
    }

    @Override
    public @Nullable Object read(JsonParser in) {
        if (in.currentToken() == JsonToken.VALUE_NULL) {
            return absent();
        }
        Object read = value.read(in);
        return optional ? Optional.ofNullable(read) : read;
    }

    @Override
    public @Nullable Object absent() {
        return optional ? Optional.empty() : null;
    }
}
