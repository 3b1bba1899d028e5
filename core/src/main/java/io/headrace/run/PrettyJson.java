package io.headrace.run;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/** Writes maps, lists, texts, numbers and booleans as indented JSON, without the weight of data binding. */
final class PrettyJson {

    private static final JsonFactory JSON = new JsonFactory();

    private PrettyJson() {}

    /** JSON that is written already and goes in as it is. */
    record Raw(String json) {}

    static byte[] bytes(Map<String, ?> object) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(4096);
        try (JsonGenerator to = JSON.createGenerator(new Indented(), out)) {
            write(object, to);
        }
        return out.toByteArray();
    }

    private static void write(@Nullable Object value, JsonGenerator to) {
        if (value == null) {
            to.writeNull();
        } else if (value instanceof Map<?, ?> members) {
            to.writeStartObject();
            members.forEach((name, member) -> {
                to.writeName((String) name);
                write(member, to);
            });
            to.writeEndObject();
        } else if (value instanceof List<?> elements) {
            to.writeStartArray();
            elements.forEach(element -> write(element, to));
            to.writeEndArray();
        } else if (value instanceof String text) {
            to.writeString(text);
        } else if (value instanceof Boolean truth) {
            to.writeBoolean(truth);
        } else if (value instanceof Long || value instanceof Integer) {
            to.writeNumber(((Number) value).longValue());
        } else if (value instanceof Double number) {
            to.writeNumber(number);
        } else if (value instanceof BigDecimal number) {
            to.writeNumber(number);
        } else if (value instanceof Raw raw) {
            to.writeRawValue(raw.json());
        } else {
            throw new IllegalArgumentException("no JSON value: an object of " + value.getClass());
        }
    }

    private static final class Indented extends ObjectWriteContext.Base {

        @Override
        public PrettyPrinter getPrettyPrinter() {
            return new DefaultPrettyPrinter();
        }

        @Override
        public boolean hasPrettyPrinter() {
            return true;
        }
    }
}
