package io.headrace;

import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

/** JSON by Jackson's data binding, which is loaded when first used: it is not needed to send a first request. Immutable. */
final class JsonCodec<T> implements Codec<T> {

    /** What Jackson advises its own users in brackets, who have its mapper in their hands. */
    private static final Pattern JACKSON_SETTING =
            Pattern.compile(" \\((set|disable) `?DeserializationFeature[^)]*\\)");

    private final Class<?> type;
    private final boolean lists;
    private final String name;

    private JsonCodec(Class<?> type, boolean lists) {
        this.type = type;
        this.lists = lists;
        this.name = lists ? "List of " + type.getSimpleName() : type.getSimpleName();
    }

    static <T> JsonCodec<T> of(Class<T> type) {
        return new JsonCodec<>(Objects.requireNonNull(type, "type"), false);
    }

    static <T> JsonCodec<List<T>> ofLists(Class<T> element) {
        return new JsonCodec<>(Objects.requireNonNull(element, "element"), true);
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
            return Binding.MAPPER.readValue(bytes, Binding.javaType(type, lists));
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not JSON of " + name + ": " + problem(e), e);
        }
    }

    /** Field and reason, such as {@code answers[1].points: Cannot map `null` into type `int`}. */
    private static String problem(JacksonException e) {
        StringBuilder problem = new StringBuilder();
        for (JacksonException.Reference at : e.getPath()) {
            if (at.getPropertyName() == null) {
                problem.append('[').append(at.getIndex()).append(']');
            } else {
                problem.append(problem.isEmpty() ? "" : ".").append(at.getPropertyName());
            }
        }
        return problem.append(problem.isEmpty() ? "" : ": ")
                .append(JACKSON_SETTING.matcher(e.getOriginalMessage()).replaceAll(""))
                .toString();
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

        static JavaType javaType(Class<?> type, boolean lists) {
            return lists
                    ? MAPPER.getTypeFactory().constructCollectionType(List.class, type)
                    : MAPPER.constructType(type);
        }
    }
}
