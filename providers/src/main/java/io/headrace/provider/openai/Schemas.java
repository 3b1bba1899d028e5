package io.headrace.provider.openai;

import io.headrace.model.AnswerFormat;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * Writes tools and answer formats, which both chat APIs take in almost one shape: Chat Completions wraps what it describes in an
 * object of a name, Responses does not.
 */
final class Schemas {

    private Schemas() {}

    static String effort(ReasoningEffort effort) {
        return effort.name().toLowerCase(Locale.ROOT);
    }

    /**
     * @param wrapper name of the object round a schema; null for none
     */
    static void writeFormat(AnswerFormat format, @Nullable String wrapper, JsonGenerator json) {
        json.writeStartObject();
        if (format instanceof AnswerFormat.Schema schema) {
            json.writeStringProperty("type", "json_schema");
            begin(wrapper, json);
            json.writeStringProperty("name", schema.name());
            if (!schema.description().isEmpty()) {
                json.writeStringProperty("description", schema.description());
            }
            json.writeName("schema");
            json.writeRawValue(schema.schema().json());
            json.writeBooleanProperty("strict", schema.strict());
            end(wrapper, json);
        } else {
            json.writeStringProperty("type", "json_object");
        }
        json.writeEndObject();
    }

    /**
     * @param wrapper name of the object round a function; null for none
     */
    static void writeTools(List<Tool> tools, @Nullable String wrapper, JsonGenerator json) {
        json.writeStartArray();
        for (Tool tool : tools) {
            json.writeStartObject();
            json.writeStringProperty("type", "function");
            begin(wrapper, json);
            json.writeStringProperty("name", tool.name());
            if (!tool.description().isEmpty()) {
                json.writeStringProperty("description", tool.description());
            }
            json.writeName("parameters");
            json.writeRawValue(tool.parameters().json());
            if (tool.strict() != null) {
                json.writeBooleanProperty("strict", tool.strict());
            } else if (wrapper == null) {
                json.writeNullProperty("strict"); // Responses asks for the field
            }
            end(wrapper, json);
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /**
     * @param wrapper name of the object round a tool's name; null for none
     */
    static void writeToolChoice(ToolChoice choice, @Nullable String wrapper, JsonGenerator json) {
        if (choice.mode() != ToolChoice.Mode.NAMED) {
            json.writeString(choice.mode().name().toLowerCase(Locale.ROOT));
            return;
        }
        json.writeStartObject();
        json.writeStringProperty("type", "function");
        begin(wrapper, json);
        json.writeStringProperty("name", choice.tool());
        end(wrapper, json);
        json.writeEndObject();
    }

    private static void begin(@Nullable String wrapper, JsonGenerator json) {
        if (wrapper != null) {
            json.writeObjectPropertyStart(wrapper);
        }
    }

    private static void end(@Nullable String wrapper, JsonGenerator json) {
        if (wrapper != null) {
            json.writeEndObject();
        }
    }
}
