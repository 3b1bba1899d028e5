package io.headrace.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes values that satisfy a JSON schema out of the words of a text: a listed value by what the text is about, strings from its
 * names and topics, numbers from its numbers. Knows the keywords that strict schemas allow, but no patterns. For one value.
 */
final class SchemaValues {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    /** A schema may hold itself: below this, what is not required is left out and lists are empty. */
    private static final int DEEP = 5;

    private static final Pattern NAME = Pattern.compile("(?<=[\\p{L},;:] )\\p{Lu}\\p{L}+");
    private static final Pattern NUMBER = Pattern.compile("-?\\d{1,9}(\\.\\d{1,6})?");

    private final JsonNode root;
    private final String text;
    private final List<String> words = new ArrayList<>();
    private final List<Double> numbers = new ArrayList<>();
    private int nextWord;
    private int nextNumber;

    private SchemaValues(JsonNode root, String text) {
        this.root = root;
        this.text = text;
        NAME.matcher(text).results().map(found -> found.group()).forEach(words::add);
        words.addAll(Topics.of(text, 5));
        if (words.isEmpty()) {
            words.add("nothing");
        }
        Matcher number = NUMBER.matcher(text);
        while (number.find()) {
            numbers.add(Double.parseDouble(number.group()));
        }
    }

    static JsonNode of(JsonNode schema, String text) {
        return new SchemaValues(schema, text).value(schema, 0);
    }

    private JsonNode value(JsonNode schema, int depth) {
        if (schema.has("$ref")) {
            String pointer = schema.path("$ref").asString("").replaceFirst("^#", "");
            return value(root.at(pointer), depth);
        }
        if (schema.has("const")) {
            return schema.path("const");
        }
        if (schema.has("enum")) {
            return listed(schema.path("enum"));
        }
        for (String choice : new String[] {"anyOf", "oneOf", "allOf"}) {
            if (schema.has(choice)) {
                return value(variant(schema.path(choice), depth), depth);
            }
        }
        return switch (type(schema, depth)) {
            case "object" -> object(schema, depth);
            case "array" -> array(schema, depth);
            case "string" -> NODES.stringNode(string(schema));
            case "integer" -> NODES.numberNode(Math.round(number(schema, true)));
            case "number" -> NODES.numberNode(number(schema, false));
            case "boolean" -> NODES.booleanNode(true);
            default -> NODES.nullNode();
        };
    }

    private static String type(JsonNode schema, int depth) {
        JsonNode type = schema.path("type");
        if (type.isArray()) {
            String best = "null";
            for (JsonNode each : type) {
                if (best.equals("null") || (depth > DEEP && each.asString("").equals("null"))) {
                    best = each.asString("");
                }
            }
            return best;
        }
        return type.asString(schema.has("properties") ? "object" : schema.has("items") ? "array" : "string");
    }

    /** The first variant that is not null, or null where it gets deep. */
    private static JsonNode variant(JsonNode variants, int depth) {
        JsonNode best = variants.path(0);
        for (JsonNode each : variants) {
            boolean isNull = each.path("type").asString("").equals("null");
            if (depth > DEEP ? isNull : !isNull) {
                return each;
            }
        }
        return best;
    }

    /** The value that stands in the text, else the category that fits it. */
    private JsonNode listed(JsonNode values) {
        List<String> names = new ArrayList<>();
        for (JsonNode value : values) {
            if (!value.isString()) {
                return values.path(0);
            }
            if (!value.asString().isBlank() && text.contains(value.asString())) {
                return value;
            }
            names.add(value.asString());
        }
        return NODES.stringNode(Classifier.ofCategories(names).classify(text).category());
    }

    private ObjectNode object(JsonNode schema, int depth) {
        ObjectNode object = NODES.objectNode();
        List<String> required = new ArrayList<>();
        schema.path("required").forEach(name -> required.add(name.asString("")));
        schema.path("properties").properties().forEach(property -> {
            if (depth <= DEEP || required.contains(property.getKey())) {
                object.set(property.getKey(), value(property.getValue(), depth + 1));
            }
        });
        return object;
    }

    private ArrayNode array(JsonNode schema, int depth) {
        ArrayNode array = NODES.arrayNode();
        int least = schema.path("minItems").asInt(0);
        int most = schema.path("maxItems").asInt(Integer.MAX_VALUE);
        int count = Math.min(most, Math.max(least, depth > DEEP ? 0 : 3));
        for (int i = 0; i < count; i++) {
            array.add(value(schema.path("items"), depth + 1));
        }
        return array;
    }

    private String string(JsonNode schema) {
        String word = switch (schema.path("format").asString("")) {
            case "date" -> "2026-11-22";
            case "date-time" -> "2026-11-22T08:00:00Z";
            case "time" -> "08:00:00Z";
            case "duration" -> "PT1H";
            case "email" -> "someone@example.org";
            case "uuid" -> "00000000-0000-4000-8000-000000000000";
            case "ipv4" -> "127.0.0.1";
            case "ipv6" -> "::1";
            case "hostname" -> "example.org";
            case "uri" -> "https://example.org/";
            default -> words.get(nextWord++ % words.size());
        };
        int least = schema.path("minLength").asInt(0);
        int most = schema.path("maxLength").asInt(Integer.MAX_VALUE);
        String longEnough = word.length() < least ? word.repeat(least / word.length() + 1) : word;
        return longEnough.substring(0, Math.min(longEnough.length(), most));
    }

    private double number(JsonNode schema, boolean whole) {
        double value = numbers.isEmpty() ? 1 : numbers.get(nextNumber++ % numbers.size());
        double step = schema.path("multipleOf").asDouble(whole ? 1 : 0);
        double margin = step > 0 ? step : 1e-3;
        double least = Math.max(
                schema.path("minimum").asDouble(Double.NEGATIVE_INFINITY),
                schema.path("exclusiveMinimum").asDouble(Double.NEGATIVE_INFINITY) + margin);
        double most = Math.min(
                schema.path("maximum").asDouble(Double.POSITIVE_INFINITY),
                schema.path("exclusiveMaximum").asDouble(Double.POSITIVE_INFINITY) - margin);
        double inside = Math.min(most, Math.max(least, value));
        if (step <= 0) {
            return inside;
        }
        double up = Math.ceil(inside / step) * step;
        return up <= most ? up : Math.floor(inside / step) * step;
    }
}
