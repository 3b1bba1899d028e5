package io.headrace.model;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Strings, booleans and numbers. */
record ScalarShape(String type, Function<JsonParser, Object> reader) implements Shape {

    private static final Map<Class<?>, ScalarShape> ALL = new LinkedHashMap<>();

    static {
        put(new ScalarShape("string", ScalarShape::string), String.class);
        put(new ScalarShape("boolean", ScalarShape::truth), boolean.class, Boolean.class);
        put(integer(BigDecimal::byteValueExact), byte.class, Byte.class);
        put(integer(BigDecimal::shortValueExact), short.class, Short.class);
        put(integer(BigDecimal::intValueExact), int.class, Integer.class);
        put(integer(BigDecimal::longValueExact), long.class, Long.class);
        put(integer(BigDecimal::toBigIntegerExact), BigInteger.class);
        put(new ScalarShape("number", in -> finite(number(in, "a number").floatValue())), float.class, Float.class);
        put(new ScalarShape("number", in -> finite(number(in, "a number").doubleValue())), double.class, Double.class);
        put(new ScalarShape("number", in -> number(in, "a number")), BigDecimal.class);
    }

    /** The shape of {@code type}; null if it is no scalar. */
    static @Nullable ScalarShape of(Class<?> type) {
        return ALL.get(type);
    }

    @Override
    public Map<String, Object> schema() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", type);
        return schema;
    }

    @Override
    public boolean isStrict() {
        return true;
    }

    @Override
    public Object read(JsonParser in) {
        return reader.apply(in);
    }

    private static void put(ScalarShape shape, Class<?>... types) {
        for (Class<?> type : types) {
            ALL.put(type, shape);
        }
    }

    private static ScalarShape integer(Function<BigDecimal, Object> exact) {
        return new ScalarShape("integer", in -> {
            BigDecimal number = number(in, "an integer");
            if (number.precision() - number.scale() > 400) {
                throw new Mismatch("an integer is expected that is not so large");
            }
            try {
                return exact.apply(number);
            } catch (ArithmeticException e) {
                throw new Mismatch("an integer is expected that its type can hold");
            }
        });
    }

    private static String string(JsonParser in) {
        if (in.currentToken() != JsonToken.VALUE_STRING) {
            throw Shape.unexpected("a string", in);
        }
        return in.getString();
    }

    private static boolean truth(JsonParser in) {
        if (in.currentToken() != JsonToken.VALUE_TRUE && in.currentToken() != JsonToken.VALUE_FALSE) {
            throw Shape.unexpected("a boolean", in);
        }
        return in.currentToken() == JsonToken.VALUE_TRUE;
    }

    private static <N extends Number> N finite(N number) {
        if (Double.isInfinite(number.doubleValue())) {
            throw new Mismatch("a number is expected that its type can hold");
        }
        return number;
    }

    private static BigDecimal number(JsonParser in, String expected) {
        if (!in.currentToken().isNumeric()) {
            throw Shape.unexpected(expected, in);
        }
        return in.getDecimalValue();
    }
}
