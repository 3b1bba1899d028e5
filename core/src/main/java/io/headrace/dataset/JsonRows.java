package io.headrace.dataset;

import io.headrace.Codec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * The parsers of JSON Lines: one object a row. Every row is parsed to its end, also where only a field of it is wanted, so a
 * row that is cut or has something behind the object is noticed; values that nobody wants are not made.
 */
final class JsonRows {

    private static final JsonFactory JSON = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.threadLocalPool()) // the default pool is one for all threads
            .build();
    private static final int NAMES_SHOWN = 20;

    private JsonRows() {}

    /** One string field of each row. */
    static RowParser<String> texts(@Nullable String idField, String textField) {
        return (bytes, from, to) -> {
            Fields fields = read(bytes, from, to, idField, textField);
            String id = fields.id();
            String text = fields.text();
            if (text == null) {
                throw RowValues.missing(textField, names(bytes, from, to), id);
            }
            return new RowParser.Row<>(id, text);
        };
    }

    /** Each row by {@code codec}. */
    static <T> RowParser<T> values(@Nullable String idField, Codec<T> codec) {
        return (bytes, from, to) -> {
            String id = read(bytes, from, to, idField, null).id();
            return new RowParser.Row<>(id, RowValues.decode(codec, Arrays.copyOfRange(bytes, from, to), id));
        };
    }

    /** Each row as a map of JSON's own types, in the order of the row. */
    static RowParser<Map<String, Object>> maps(@Nullable String idField) {
        return (bytes, from, to) -> {
            String id = read(bytes, from, to, idField, null).id();
            try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), bytes, from, to - from)) {
                json.nextToken();
                return new RowParser.Row<>(id, map(json));
            } catch (JacksonException e) {
                throw malformed(e);
            }
        };
    }

    /** What was found in a row; null where it was not asked for, the text also where it is missing. */
    private record Fields(@Nullable String id, @Nullable String text) {}

    private static Fields read(byte[] bytes, int from, int to, @Nullable String idField, @Nullable String textField)
            throws MalformedRowException {
        JsonUnicode.check(bytes, from, to);
        String id = null;
        String text = null;
        MalformedRowException problem = null; // thrown when the row proved to be JSON and its id is known
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), bytes, from, to - from)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw notAnObject(json.currentToken());
            }
            for (String name = json.nextName(); name != null; name = json.nextName()) {
                JsonToken token = json.nextToken();
                if (name.equals(idField)) {
                    problem = id == null ? idProblem(name, token, json, problem) : twice(name);
                    id = json.getString();
                }
                if (name.equals(textField)) {
                    problem = text == null ? textProblem(name, token, problem) : twice(name);
                    text = json.getString();
                }
                json.skipChildren();
            }
            if (json.nextToken() != null) {
                throw new MalformedRowException("something follows the JSON object; one row has one object");
            }
        } catch (JacksonException e) {
            throw malformed(e);
        }
        if (problem != null) {
            throw problem;
        }
        if (idField != null && id == null) {
            throw RowValues.missing(idField, names(bytes, from, to), null);
        }
        return new Fields(id, text);
    }

    private static @Nullable MalformedRowException idProblem(
            String name, JsonToken token, JsonParser json, @Nullable MalformedRowException before) {
        if (token != JsonToken.VALUE_STRING && !token.isNumeric()) {
            return new MalformedRowException(
                    "the id field '" + name + "' holds " + describe(token) + ", not a string or number");
        }
        if (json.getString().isBlank()) {
            return new MalformedRowException("the id field '" + name + "' is blank");
        }
        return before;
    }

    private static @Nullable MalformedRowException textProblem(
            String name, JsonToken token, @Nullable MalformedRowException before) {
        return token == JsonToken.VALUE_STRING
                ? before
                : new MalformedRowException("the field '" + name + "' holds " + describe(token) + ", not a string");
    }

    private static MalformedRowException twice(String name) {
        return new MalformedRowException("the field '" + name + "' occurs twice");
    }

    private static MalformedRowException notAnObject(@Nullable JsonToken token) {
        return new MalformedRowException(
                token == JsonToken.START_ARRAY
                        ? "a JSON array, not an object; if the file is one array, write its elements one a line,"
                                + " for example with: jq -c '.[]'"
                        : "a row must be a JSON object, not " + describe(token));
    }

    private static String describe(@Nullable JsonToken token) {
        if (token == null) {
            return "nothing";
        }
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_NULL -> "null";
            default -> "a boolean";
        };
    }

    /** The parser's reason without the piece of text that it quotes, since that may be private. */
    private static MalformedRowException malformed(JacksonException e) {
        String reason = e.getOriginalMessage();
        if (reason.startsWith("Unrecognized token")) {
            reason = "Unrecognized token";
        }
        int marker = reason.indexOf(" (start marker at"); // a place that the parser was not told
        if (marker >= 0) {
            reason = reason.substring(0, marker);
        }
        TokenStreamLocation location = e.getLocation(); // missing where a limit on size or depth was met
        String place = location == null ? "" : " at column " + location.getColumnNr();
        return new MalformedRowException("not valid JSON" + place + ": " + reason);
    }

    /** The names of the row's fields, for messages. */
    private static List<String> names(byte[] bytes, int from, int to) {
        List<String> names = new ArrayList<>();
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), bytes, from, to - from)) {
            json.nextToken();
            for (String name = json.nextName(); name != null && names.size() < NAMES_SHOWN; name = json.nextName()) {
                names.add(name);
                json.nextToken();
                json.skipChildren();
            }
        }
        return names;
    }

    private static Map<String, Object> map(JsonParser json) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            json.nextToken();
            put(map, name, value(json));
        }
        return map;
    }

    private static @Nullable Object value(JsonParser json) {
        return switch (json.currentToken()) {
            case START_OBJECT -> map(json);
            case START_ARRAY -> list(json);
            case VALUE_STRING -> json.getString();
            case VALUE_NUMBER_INT -> json.getNumberValue();
            case VALUE_NUMBER_FLOAT -> decimal(json);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    private static Number decimal(JsonParser json) {
        double value = json.getDoubleValue();
        return Double.isInfinite(value) ? json.getDecimalValue() : (Number) value;
    }

    private static List<Object> list(JsonParser json) {
        List<Object> list = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            add(list, value(json));
        }
        return list;
    }

    @SuppressWarnings("NullAway") // JSON has null, and so have the collections that hold it
    private static void put(Map<String, Object> map, String name, @Nullable Object value) {
        map.put(name, value);
    }

    @SuppressWarnings("NullAway") // as above
    private static void add(List<Object> list, @Nullable Object value) {
        list.add(value);
    }
}
