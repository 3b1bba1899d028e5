package io.headrace.run;

import io.headrace.Codec;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;

/**
 * The values of results as JSON. What a codec of somebody's own writes is read once before it goes into the file: anything
 * but one JSON value there would make the line, and every reader of the file, fail later. Thread-safe.
 */
final class ValueWriter<O> {

    /** Those of {@link Codec#json}, which write JSON. */
    private static final Set<Class<?>> OURS =
            Set.of(Codec.json(String.class).getClass(), Codec.json(Object.class).getClass());

    private final Codec<O> codec;
    private final boolean isOurs;

    ValueWriter(Codec<O> codec) {
        this.codec = codec;
        this.isOurs = OURS.contains(codec.getClass());
    }

    /**
     * The bytes of {@code value}.
     *
     * @throws RuntimeException what the codec throws, or saying that it writes no JSON
     */
    byte[] write(O value) {
        byte[] bytes = codec.encode(value);
        if (!isOurs) {
            check(bytes);
        }
        return bytes;
    }

    private void check(byte[] bytes) {
        Objects.requireNonNull(bytes, () -> codec.getClass().getName() + ".encode returned null, it must return bytes");
        if (isOtherThanUtf8(bytes)) {
            throw noJson("it is not UTF-8, or begins with a byte order mark", null);
        }
        try (JsonParser in = Results.JSON.createParser(ObjectReadContext.empty(), bytes)) {
            JsonToken first = in.nextToken();
            if (first == null) {
                throw noJson("it wrote nothing", null);
            }
            in.skipChildren();
            if (in.nextToken() != null) {
                throw noJson(
                        "something follows the value at byte "
                                + in.currentTokenLocation().getByteOffset(),
                        null);
            }
        } catch (JacksonException e) {
            TokenStreamLocation location = e.getLocation(); // missing where a limit on depth or length was met
            throw noJson(
                    location == null
                            ? e.getOriginalMessage()
                            : "byte " + location.getByteOffset() + " does not belong there",
                    e);
        }
    }

    /** The parser would find such an encoding out by itself. JSON begins with an ASCII character, and has no zero byte. */
    private static boolean isOtherThanUtf8(byte[] bytes) {
        return (bytes.length > 0 && bytes[0] <= 0) || (bytes.length > 1 && bytes[1] == 0);
    }

    private IllegalArgumentException noJson(String why, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "the codec " + codec.getClass().getName()
                        + " of the results must write one JSON value, as Codec.json does, and this is none: " + why,
                cause);
    }
}
