package io.headrace.provider.http;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads the value that a parser stands on, whole, and passes over one of another kind than expected. */
public final class JsonValues {

    /** No count of anything is greater, and sums of these stay far from an overflow. */
    private static final long MOST = 1L << 53;

    /** As seconds these would be in the year 5138, as milliseconds they are in 1973 and in 5138. */
    private static final double FIRST_MILLIS = 1e11;

    private static final double LAST_MILLIS = 1e14;

    private JsonValues() {}

    /** A parser of {@code json}, before its first token. */
    public static JsonParser parser(byte[] json) {
        return Json.parser(json, json.length);
    }

    /** The bytes of the value in {@code json}, which {@code in} reads; passes over it. */
    public static byte[] raw(JsonParser in, byte[] json) {
        int start = (int) in.currentTokenLocation().getByteOffset();
        in.skipChildren();
        in.finishToken();
        return Arrays.copyOfRange(json, start, (int) in.currentLocation().getByteOffset());
    }

    /**
     * The number of seconds since 1970 as a moment. Also what gateways make of it: a fraction, milliseconds, a string of these or of ISO
     * 8601. Null for any other value.
     */
    public static @Nullable Instant epochSecond(JsonParser in) {
        if (!in.currentToken().isNumeric() && in.currentToken() != JsonToken.VALUE_STRING) {
            in.skipChildren();
            return null;
        }
        String text = in.getString();
        try {
            double number = Double.parseDouble(text);
            double millis = number < FIRST_MILLIS ? number * 1000 : number;
            return millis >= 0 && millis < LAST_MILLIS ? Instant.ofEpochMilli(Math.round(millis)) : null;
        } catch (NumberFormatException e) {
            return instant(text);
        }
    }

    /** A moment by ISO 8601; null for any other text. */
    public static @Nullable Instant instant(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** A string; {@code otherwise} for any other value. */
    public static String string(JsonParser in, String otherwise) {
        String value = stringOrNull(in);
        return value == null ? otherwise : value;
    }

    /** A string; null for any other value. */
    public static @Nullable String stringOrNull(JsonParser in) {
        if (in.currentToken() == JsonToken.VALUE_STRING) {
            return in.getString();
        }
        in.skipChildren();
        return null;
    }

    /** Whether the value is a string with just {@code text}. */
    public static boolean is(String text, JsonParser in) {
        return text.equals(stringOrNull(in));
    }

    /** A string as it is, nothing for null, any other value as JSON. */
    public static String text(JsonParser in) {
        return switch (in.currentToken()) {
            case VALUE_STRING -> in.getString();
            case VALUE_NULL -> "";
            default -> Json.copy(in);
        };
    }

    /** A whole number from 0 to {@link #MOST}; {@code otherwise} for any other value. */
    public static long count(JsonParser in, long otherwise) {
        if (in.currentToken() == JsonToken.VALUE_NUMBER_INT
                && in.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
            long value = in.getLongValue();
            return value < 0 || value > MOST ? otherwise : value;
        }
        in.skipChildren();
        return otherwise;
    }

    /** A number, of those that a double can hold the nearest; {@code otherwise} for any other value. */
    public static double number(JsonParser in, double otherwise) {
        if (in.currentToken().isNumeric()) {
            return Math.max(-Double.MAX_VALUE, Math.min(in.getDoubleValue(), Double.MAX_VALUE));
        }
        in.skipChildren();
        return otherwise;
    }

    /** The number in {@code field} of an object; 0 if there is none. */
    public static long countIn(JsonParser in, String field) {
        return valueIn(in, field, 0L, value -> count(value, 0));
    }

    /** The string in {@code field} of an object; empty if there is none. */
    public static String stringIn(JsonParser in, String field) {
        return valueIn(in, field, "", value -> string(value, ""));
    }

    private static <T> T valueIn(JsonParser in, String field, T none, Function<JsonParser, T> reader) {
        T result = none;
        if (isObject(in)) {
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                in.nextToken();
                if (name.equals(field)) {
                    result = reader.apply(in);
                } else {
                    in.skipChildren();
                }
            }
        }
        return result;
    }

    /** What {@code reader} makes of the objects in an array, without those of which it makes nothing; null for any other value. */
    public static <T> @Nullable List<T> objects(JsonParser in, Function<JsonParser, @Nullable T> reader) {
        if (!isArray(in)) {
            return null;
        }
        List<T> objects = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            T object = isObject(in) ? reader.apply(in) : null;
            if (object != null) {
                objects.add(object);
            }
        }
        return objects;
    }

    /** Whether an object begins here; anything else is passed over. */
    public static boolean isObject(JsonParser in) {
        return is(JsonToken.START_OBJECT, in);
    }

    /** Whether an array begins here; anything else is passed over. */
    public static boolean isArray(JsonParser in) {
        return is(JsonToken.START_ARRAY, in);
    }

    private static boolean is(JsonToken expected, JsonParser in) {
        if (in.currentToken() == expected) {
            return true;
        }
        in.skipChildren();
        return false;
    }
}
