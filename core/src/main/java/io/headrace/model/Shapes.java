package io.headrace.model;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds the shapes of Java types. For one type; its nested records are known by where they stand. */
final class Shapes {

    private final List<Class<?>> open = new ArrayList<>();

    private Shapes() {}

    /**
     * @throws IllegalArgumentException for a type that has no shape, saying where it stands
     */
    static Shape of(Class<?> record) {
        if (!record.isRecord()) {
            throw new IllegalArgumentException(
                    "an answer is an object, so its type is a record, and not " + record.getName());
        }
        return new Shapes().record(record);
    }

    /**
     * @param declared where an annotation may say that null is allowed: the component, or the type itself
     */
    private Shape shape(AnnotatedType annotated, AnnotatedElement declared, String where) {
        Type type = annotated.getType();
        Class<?> raw = raw(type, where);
        Shape shape = raw == Optional.class
                ? new NullableShape(argument(annotated, 0, where), true)
                : plain(raw, annotated, where);
        boolean nullable = hasNullable(annotated) || hasNullable(declared);
        return nullable && !raw.isPrimitive() ? new NullableShape(shape, false) : shape;
    }

    private Shape plain(Class<?> raw, AnnotatedType annotated, String where) {
        Shape scalar = ScalarShape.of(raw);
        if (scalar != null) {
            return scalar;
        } else if (raw.isEnum()) {
            return new EnumShape(raw);
        } else if (raw.isRecord()) {
            return nested(raw, where);
        } else if (raw == List.class) {
            return new ListShape(argument(annotated, 0, where + "[]"));
        } else if (raw == Map.class && argumentType(annotated, 0, where).getType() == String.class) {
            return new MapShape(argument(annotated, 1, where + "{}"));
        } else if (raw.isSealed()) {
            return sealed(raw, where);
        }
        throw new IllegalArgumentException("no JSON schema for " + where + " of " + raw.getName()
                + ": use records, sealed interfaces of records, enums, List, Map with String keys, Optional, String, booleans"
                + " and numbers");
    }

    private Shape nested(Class<?> record, String where) {
        if (open.contains(record)) {
            throw new IllegalArgumentException("no JSON schema for " + where + ": " + record.getName()
                    + " holds itself; write the schema with JsonSchema.of(String)");
        }
        return record(record);
    }

    private RecordShape record(Class<?> record) {
        if (record.getTypeParameters().length > 0) {
            throw new IllegalArgumentException("no JSON schema for the generic record " + record.getName());
        }
        open.add(record);
        List<RecordShape.Member> members = new ArrayList<>();
        for (RecordComponent component : record.getRecordComponents()) {
            String where = record.getSimpleName() + "." + component.getName();
            Shape shape = shape(component.getAnnotatedType(), component, where);
            members.add(new RecordShape.Member(component.getName(), description(component), shape));
        }
        open.remove(record);
        return new RecordShape(record, description(record), members);
    }

    private Shape sealed(Class<?> type, String where) {
        List<RecordShape> kinds = new ArrayList<>();
        for (Class<?> kind : type.getPermittedSubclasses()) {
            if (!kind.isRecord()) {
                throw new IllegalArgumentException(
                        "no JSON schema for " + where + ": " + kind.getName() + " is not a record");
            }
            RecordShape record = (RecordShape) nested(kind, where);
            kinds.add(record);
        }
        return new SealedShape(type.getSimpleName(), kinds);
    }

    private static Class<?> raw(Type type, String where) {
        if (type instanceof Class<?> plain) {
            return plain;
        } else if (type instanceof ParameterizedType parameterized) {
            return (Class<?>) parameterized.getRawType();
        }
        throw new IllegalArgumentException("no JSON schema for " + where + " of " + type);
    }

    private Shape argument(AnnotatedType type, int index, String where) {
        AnnotatedType argument = argumentType(type, index, where);
        return shape(argument, argument, where);
    }

    private static AnnotatedType argumentType(AnnotatedType type, int index, String where) {
        if (type instanceof AnnotatedParameterizedType parameterized) {
            return parameterized.getAnnotatedActualTypeArguments()[index];
        }
        throw new IllegalArgumentException("no JSON schema for " + where + " of " + type + " without a type argument");
    }

    private static @Nullable String description(AnnotatedElement element) {
        Description description = element.getAnnotation(Description.class);
        return description == null ? null : description.value();
    }

    /** Whether an annotation of that name is there, whoever made it. */
    private static boolean hasNullable(AnnotatedElement element) {
        for (Annotation annotation : element.getAnnotations()) {
            if (annotation.annotationType().getSimpleName().equals("Nullable")) {
                return true;
            }
        }
        return false;
    }
}
