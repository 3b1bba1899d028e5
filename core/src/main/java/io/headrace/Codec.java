package io.headrace;

import java.util.List;

/**
 * Turns values into bytes and back, for the cache, the results file and whatever else outlives the process. Thread-safe.
 *
 * @param <T> the type of the values
 */
public interface Codec<T> {

    /**
     * The bytes of {@code value}.
     *
     * @throws IllegalArgumentException if the value cannot be written, saying which field
     */
    byte[] encode(T value);

    /**
     * The value in {@code bytes}.
     *
     * @throws IllegalArgumentException if the bytes are not what {@link #encode} writes, saying where
     */
    T decode(byte[] bytes);

    /**
     * JSON on one line, UTF-8, by the type's record components or properties. Unknown fields are ignored when reading;
     * {@code Map.class} reads any object.
     */
    @SuppressWarnings("unchecked") // T is String there
    static <T> Codec<T> json(Class<T> type) {
        return type == String.class ? (Codec<T>) JsonTextCodec.INSTANCE : JsonCodec.of(type);
    }

    /** The same for lists, as a JSON array of what {@link #json} writes for each element. */
    static <T> Codec<List<T>> jsonList(Class<T> element) {
        return JsonCodec.ofLists(element);
    }
}
