package io.headrace;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON by Jackson's data binding, which is loaded when first used: it is not needed to send a first request. Immutable. */
final class JsonCodec<T> implements Codec<T> {

    private final Type type;
    private final String name;

    private JsonCodec(Type type, String name) {
        this.type = type;
        this.name = name;
    }

    static <T> JsonCodec<T> of(Class<T> type) {
        return new JsonCodec<>(Objects.requireNonNull(type, "type"), type.getSimpleName());
    }

    static <T> JsonCodec<List<T>> ofLists(Class<T> element) {
        return new JsonCodec<>(
                new ListOf(Objects.requireNonNull(element, "element")), "List of " + element.getSimpleName());
    }

    /** {@code List<element>}, for data binding. */
    private record ListOf(Class<?> element) implements ParameterizedType {

        @Override
        public Type[] getActualTypeArguments() {
            return new Type[] {element};
        }

        @Override
        public Type getRawType() {
            return List.class;
        }

        @Override
        public @Nullable Type getOwnerType() {
            return null;
        }
    }

    @Override
    public byte[] encode(T value) {
        try {
            return Binding.MAPPER.writeValueAsBytes(value);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("cannot write " + name + " as JSON: " + e.getOriginalMessage(), e);
        }
    }

    @Override
    public T decode(byte[] bytes) {
        try {
            return Binding.MAPPER.readValue(bytes, Binding.MAPPER.constructType(type));
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not JSON of " + name + ": " + e.getOriginalMessage(), e);
        }
    }

    private static final class Binding {

        /** Reads numbers and names of any length, because it writes them. */
        static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                        .streamReadConstraints(StreamReadConstraints.builder()
                                .maxNumberLength(Integer.MAX_VALUE)
                                .maxNameLength(Integer.MAX_VALUE)
                                .build())
                        .build())
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
    }
}
