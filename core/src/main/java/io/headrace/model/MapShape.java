package io.headrace.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** An object with members of any names, which strict schemas do not have. */
record MapShape(Shape value) implements Shape {

    @Override
    public Map<String, Object> schema() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("additionalProperties", value.schema());
        return schema;
    }

    @Override
    public boolean isStrict() {
        return false;
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw Shape.unexpected("an object", in);
        }
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            try {
                values.put(name, value.read(in));
            } catch (Mismatch e) {
                throw e.in("{}");
            }
        }
        return Collections.unmodifiableMap(values);
    }
}
