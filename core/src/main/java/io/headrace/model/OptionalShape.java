package io.headrace.model;

import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** An {@link Optional}: null and absent are empty. */
record OptionalShape(Shape value) implements Shape {

    @Override
    public Map<String, Object> schema() {
        return NullableShape.orNull(value.schema());
    }

    @Override
    public boolean isStrict() {
        return value.isStrict();
    }

    @Override
    public Object read(JsonParser in) {
        return in.currentToken() == JsonToken.VALUE_NULL ? Optional.empty() : Optional.ofNullable(value.read(in));
    }

    @Override
    public Object absent() {
        return Optional.empty();
    }
}
