package io.headrace.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A list. */
record ListShape(Shape element) implements Shape {

    @Override
    public Map<String, Object> schema() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "array");
        schema.put("items", element.schema());
        return schema;
    }

    @Override
    public boolean isStrict() {
        return element.isStrict();
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_ARRAY) {
            throw Shape.unexpected("an array", in);
        }
        List<@Nullable Object> values = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            try {
                values.add(element.read(in));
            } catch (Mismatch e) {
                throw e.in("[" + values.size() + "]");
            }
        }
        return Collections.unmodifiableList(values);
    }
}
