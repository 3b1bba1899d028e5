package io.headrace.provider.http;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/**
 * Writes the fields of one JSON object in the order of the calls, leaves out absent ones, and ends with the extra fields,
 * which overrule fields of the same name. Used by one thread.
 */
public final class JsonFields {

    private final JsonGenerator out;
    private final Map<String, @Nullable Object> extra;

    private JsonFields(JsonGenerator out, Map<String, @Nullable Object> extra) {
        this.out = out;
        this.extra = extra;
    }

    /**
     * What {@code content} writes, as UTF-8.
     *
     * @throws IllegalArgumentException if it cannot be written, as that of {@code content}
     */
    public static byte[] bytes(Consumer<JsonGenerator> content) {
        ByteArrayOutputStream json = new ByteArrayOutputStream(1024);
        try (JsonGenerator out = Json.generator(json)) {
            content.accept(out);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(e.getOriginalMessage(), e);
        }
        return json.toByteArray();
    }

    /** Begins an object. */
    public static JsonFields begin(JsonGenerator out, Map<String, @Nullable Object> extra) {
        out.writeStartObject();
        return new JsonFields(out, extra);
    }

    /** Writes the name of a field whose value the caller writes next; false if an extra field overrules it. */
    public boolean begins(String name) {
        if (extra.containsKey(name)) {
            return false;
        }
        out.writeName(name);
        return true;
    }

    public void string(String name, String value) {
        if (begins(name)) {
            out.writeString(value);
        }
    }

    /** A number, left out when null. */
    public void number(String name, @Nullable Number value) {
        if (value != null && begins(name)) {
            number(name, value, out);
        }
    }

    /** A boolean, left out when null. */
    public void bool(String name, @Nullable Boolean value) {
        if (value != null && begins(name)) {
            out.writeBoolean(value);
        }
    }

    /** An array, left out when empty. */
    public void strings(String name, List<String> values) {
        if (!values.isEmpty() && begins(name)) {
            value(name, values);
        }
    }

    /**
     * Writes the extra fields and ends the object.
     *
     * @throws IllegalArgumentException for an extra field that is not a JSON value
     */
    public void end() {
        for (Map.Entry<String, @Nullable Object> field : extra.entrySet()) {
            out.writeName(field.getKey());
            value(field.getKey(), field.getValue());
        }
        out.writeEndObject();
    }

    private void value(String field, @Nullable Object value) {
        if (value == null) {
            out.writeNull();
        } else if (value instanceof CharSequence text) {
            out.writeString(text.toString());
        } else if (value instanceof Boolean bool) {
            out.writeBoolean(bool);
        } else if (value instanceof Number number) {
            number(field, number, out);
        } else if (value instanceof Collection<?> values) {
            out.writeStartArray();
            values.forEach(v -> value(field, v));
            out.writeEndArray();
        } else if (value instanceof Map<?, ?> map) {
            out.writeStartObject();
            map.forEach((k, v) -> {
                out.writeName(String.valueOf(k));
                value(field, v);
            });
            out.writeEndObject();
        } else {
            throw new IllegalArgumentException(
                    "extra field \"" + field + "\" holds a " + value.getClass().getName()
                            + ", which is no JSON value: use strings, numbers, booleans, lists, maps");
        }
    }

    private static void number(String field, Number number, JsonGenerator out) {
        if (number instanceof Integer || number instanceof Long || number instanceof Short || number instanceof Byte) {
            out.writeNumber(number.longValue());
        } else if (number instanceof BigInteger big) {
            out.writeNumber(big);
        } else if (number instanceof BigDecimal decimal) {
            out.writeNumber(decimal);
        } else if (Double.isFinite(number.doubleValue())) {
            if (number instanceof Float) {
                out.writeNumber(number.floatValue());
            } else {
                out.writeNumber(number.doubleValue());
            }
        } else {
            throw new IllegalArgumentException("field \"" + field + "\" is " + number + ", which JSON cannot hold");
        }
    }
}
