package io.headrace.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A constant by its name. */
record EnumShape(Map<String, Object> constants) implements Shape {

    EnumShape(Class<?> type) {
        this(byName(type));
    }

    @Override
    public Map<String, Object> schema() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "string");
        schema.put("enum", new ArrayList<>(constants.keySet()));
        return schema;
    }

    @Override
    public boolean isStrict() {
        return true;
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.VALUE_STRING) {
            throw Shape.unexpected("a string", in);
        }
        Object constant = constants.get(in.getString());
        if (constant == null) {
            throw new Mismatch("one of " + List.copyOf(constants.keySet()) + " is expected");
        }
        return constant;
    }

    private static Map<String, Object> byName(Class<?> type) {
        Map<String, Object> constants = new LinkedHashMap<>();
        for (Object constant : Objects.requireNonNull(type.getEnumConstants())) {
            constants.put(((Enum<?>) constant).name(), constant);
        }
        return constants;
    }
}
