package io.headrace.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** One of several records, told apart by a first member {@code type} with the record's name. */
final class SealedShape implements Shape {

    private static final String TYPE = "type";

    private final Map<String, RecordShape> kinds = new LinkedHashMap<>();

    SealedShape(String name, List<RecordShape> kinds) {
        for (RecordShape kind : kinds) {
            if (kind.has(TYPE)) {
                throw new IllegalArgumentException(
                        "no JSON schema for " + name + ": its kinds are told apart by a member '" + TYPE + "', and "
                                + kind.name() + " has one of its own");
            }
            this.kinds.put(kind.name(), kind);
        }
    }

    @Override
    public Map<String, Object> schema() {
        List<Object> any = new ArrayList<>();
        kinds.forEach((name, kind) -> {
            Map<String, Object> type = new LinkedHashMap<>();
            type.put("type", "string");
            type.put("enum", List.of(name));
            any.add(kind.schema(Map.of(TYPE, type)));
        });
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("anyOf", any);
        return schema;
    }

    @Override
    public boolean isStrict() {
        return kinds.values().stream().allMatch(Shape::isStrict);
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw Shape.unexpected("an object", in);
        }
        if (in.nextToken() != JsonToken.PROPERTY_NAME || !in.currentName().equals(TYPE)) {
            throw new Mismatch("its first member must be '" + TYPE + "'");
        }
        RecordShape kind = in.nextToken() == JsonToken.VALUE_STRING ? kinds.get(in.getString()) : null;
        if (kind == null) {
            throw new Mismatch("one of " + List.copyOf(kinds.keySet()) + " is expected").in("." + TYPE);
        }
        in.nextToken();
        return kind.readMembers(in);
    }
}
