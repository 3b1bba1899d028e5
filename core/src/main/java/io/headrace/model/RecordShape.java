package io.headrace.model;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A record: an object with just its components, in their order. */
final class RecordShape implements Shape {

    /** Stands for a component that was not given. */
    private static final Object ABSENT = new Object();

    /** A component. */
    record Member(String name, @Nullable String description, Shape shape) {}

    private final Class<?> type;
    private final @Nullable String description;
    private final List<Member> members;
    private final Map<String, Integer> places = new HashMap<>();
    private final Constructor<?> constructor;

    RecordShape(Class<?> type, @Nullable String description, List<Member> members) {
        this.type = type;
        this.description = description;
        this.members = List.copyOf(members);
        for (int i = 0; i < members.size(); i++) {
            places.put(members.get(i).name(), i);
        }
        this.constructor = constructor(type);
    }

    String name() {
        return type.getSimpleName();
    }

    boolean has(String member) {
        return places.containsKey(member);
    }

    @Nullable
    String description() {
        return description;
    }

    @Override
    public Map<String, Object> schema() {
        return schema(new LinkedHashMap<>());
    }

    /** The schema with {@code first} before the components. */
    Map<String, Object> schema(Map<String, Object> first) {
        Map<String, Object> properties = new LinkedHashMap<>(first);
        for (Member member : members) {
            Map<String, Object> schema = member.shape().schema();
            if (member.description() != null) {
                schema.put("description", member.description());
            }
            properties.put(member.name(), schema);
        }
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        if (description != null) {
            schema.put("description", description);
        }
        schema.put("properties", properties);
        schema.put("required", new ArrayList<>(properties.keySet()));
        schema.put("additionalProperties", false);
        return schema;
    }

    @Override
    public boolean isStrict() {
        return members.stream().allMatch(member -> member.shape().isStrict());
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw Shape.unexpected("an object", in);
        }
        in.nextToken();
        return readMembers(in);
    }

    /** The rest of an object, from the name on which the parser stands. */
    Object readMembers(JsonParser in) {
        @Nullable Object[] values = new Object[members.size()];
        Arrays.fill(values, ABSENT);
        for (; in.currentToken() == JsonToken.PROPERTY_NAME; in.nextToken()) {
            Integer place = places.get(in.currentName());
            if (place == null) {
                throw new Mismatch("it has a member that " + name() + " has not");
            } else if (values[place] != ABSENT) {
                throw new Mismatch("it is given twice")
                        .in("." + members.get(place).name());
            }
            in.nextToken();
            values[place] = value(members.get(place), in);
        }
        for (int i = 0; i < values.length; i++) {
            if (values[i] == ABSENT) {
                values[i] = value(members.get(i), null);
            }
        }
        return made(values);
    }

    private static @Nullable Object value(Member member, @Nullable JsonParser in) {
        try {
            return in == null ? member.shape().absent() : member.shape().read(in);
        } catch (Mismatch e) {
            throw e.in("." + member.name());
        }
    }

    private Object made(@Nullable Object[] values) {
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw new Mismatch(name() + " refuses its values: " + e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a " + type.getName(), e);
        }
    }

    private static Constructor<?> constructor(Class<?> type) {
        Class<?>[] components = Arrays.stream(type.getRecordComponents())
                .map(component -> component.getType())
                .toArray(Class<?>[]::new);
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(components);
            constructor.setAccessible(true);
            return constructor;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("every record has its canonical constructor", e);
        }
    }
}
