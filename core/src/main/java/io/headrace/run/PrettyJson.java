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
            return new Lines();
        }

        @Override
        public boolean hasPrettyPrinter() {
            return true;
        }
    }

    /** Writes what Jackson's own printer writes, which takes longer to set up than the report to write. */
    private static final class Lines implements PrettyPrinter {

        private int depth;

        @Override
        public void writeRootValueSeparator(JsonGenerator to) {
            to.writeRaw(' ');
        }

        @Override
        public void writeStartObject(JsonGenerator to) {
            to.writeRaw('{');
            depth++;
        }

        @Override
        public void beforeObjectEntries(JsonGenerator to) {
            newLine(to);
        }

        @Override
        public void writeObjectNameValueSeparator(JsonGenerator to) {
            to.writeRaw(" : ");
        }

        @Override
        public void writeObjectEntrySeparator(JsonGenerator to) {
            to.writeRaw(',');
            newLine(to);
        }

        @Override
        public void writeEndObject(JsonGenerator to, int entries) {
            depth--;
            if (entries > 0) {
                newLine(to);
            } else {
                to.writeRaw(' ');
            }
            to.writeRaw('}');
        }

        @Override
        public void writeStartArray(JsonGenerator to) {
            to.writeRaw('[');
        }

        @Override
        public void beforeArrayValues(JsonGenerator to) {
            to.writeRaw(' ');
        }

        @Override
        public void writeArrayValueSeparator(JsonGenerator to) {
            to.writeRaw(", ");
        }

        @Override
        public void writeEndArray(JsonGenerator to, int values) {
            to.writeRaw(" ]");
        }

        private void newLine(JsonGenerator to) {
            to.writeRaw(System.lineSeparator());
            to.writeRaw("  ".repeat(depth));
        }
    }
}
