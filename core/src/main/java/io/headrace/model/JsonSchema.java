package io.headrace.model;

import java.io.StringWriter;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A JSON Schema of an answer or of a tool's arguments, as JSON without blanks. The order of its members counts: models write
 * the fields of an answer in it, so schemas that differ in the order are different.
 *
 * @param json one JSON object
 */
public record JsonSchema(String json) {

    private static final JsonFactory JSON = new JsonFactory();

    /**
     * Takes any JSON object; blanks between its tokens are dropped.
     *
     * @throws IllegalArgumentException for anything else
     */
    public JsonSchema {
        json = compact(json);
    }

    /** The schema written as JSON. */
    public static JsonSchema of(String json) {
        return new JsonSchema(json);
    }

    /**
     * The schema whose JSON is {@code schema}: members in the order of a {@code LinkedHashMap} or {@code SortedMap}, those of
     * any other map by their names.
     *
     * @param schema of strings, numbers, booleans, nulls, lists and maps
     */
    public static JsonSchema of(Map<String, ?> schema) {
        return new JsonSchema(JsonText.write(schema));
    }

    /**
     * The schema of a record, by the rules of {@link Structured}.
     *
     * @throws IllegalArgumentException for what {@link Structured#of} refuses
     */
    public static JsonSchema of(Class<?> record) {
        return of(Shapes.of(record).schema());
    }

    private static String compact(String json) {
        Objects.requireNonNull(json, "json");
        StringWriter out = new StringWriter(json.length());
        try (JsonParser from = JSON.createParser(ObjectReadContext.empty(), json);
                JsonGenerator to = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            if (from.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("a JSON schema is an object");
            }
            to.copyCurrentStructureExact(from);
            if (from.nextToken() != null) {
                throw new IllegalArgumentException("a JSON schema is one object, and something follows it");
            }
        } catch (JacksonException e) {
            throw new IllegalArgumentException("a JSON schema that is not JSON: " + e.getOriginalMessage(), e);
        }
        return out.toString();
    }

    /** The size only: schemas are prompts. */
    @Override
    public String toString() {
        return "JsonSchema[" + json.length() + " characters]";
    }
}
