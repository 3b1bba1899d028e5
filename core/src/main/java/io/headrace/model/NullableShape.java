package io.headrace.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A value or null; absent is null too. */
record NullableShape(Shape value) implements Shape {

    @Override
    public Map<String, Object> schema() {
        return orNull(value.schema());
    }

    /** The schema with null as one more type, as strict schemas want it. */
    static Map<String, Object> orNull(Map<String, Object> schema) {
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
        return in.currentToken() == JsonToken.VALUE_NULL ? null : value.read(in);
    }

    @Override
    public @Nullable Object absent() {
        return null;
    }
}
