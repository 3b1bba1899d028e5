package io.headrace.model;

import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** JSON values of plain Java types as text, without data binding. */
final class JsonText {

    private static final JsonFactory JSON = new JsonFactory();

    private JsonText() {}

    /**
     * @throws IllegalArgumentException for what is no JSON value
     */
    static String write(Object value) {
        StringWriter out = new StringWriter();
        try (JsonGenerator to = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            write(value, to);
        }
        return out.toString();
    }

    /** A map of its own order as it is; any other, whose order may change with the process, by its names. */
    private static Map<?, ?> ordered(Map<?, ?> map) {
        return map instanceof LinkedHashMap || map instanceof SortedMap ? map : new TreeMap<>(map);
    }

    private static void write(@Nullable Object value, JsonGenerator to) {
        if (value == null) {
            to.writeNull();
        } else if (value instanceof String text) {
            to.writeString(text);
        } else if (value instanceof Boolean truth) {
            to.writeBoolean(truth);
        } else if (value instanceof Integer || value instanceof Long) {
            to.writeNumber(((Number) value).longValue());
        } else if (value instanceof BigInteger integer) {
            to.writeNumber(integer);
        } else if (value instanceof Number number) {
            to.writeNumber(new BigDecimal(number.toString()));
        } else if (value instanceof Collection<?> values) {
            to.writeStartArray();
            values.forEach(element -> write(element, to));
            to.writeEndArray();
        } else if (value instanceof Map<?, ?> members) {
            to.writeStartObject();
            ordered(members).forEach((name, member) -> {
                to.writeName(String.valueOf(name));
                write(member, to);
            });
            to.writeEndObject();
        } else {
            throw new IllegalArgumentException("no JSON value: an object of " + value.getClass());
        }
    }
}
