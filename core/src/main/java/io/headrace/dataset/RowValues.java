package io.headrace.dataset;

import io.headrace.Codec;
import io.headrace.ErrorText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the formats share when they make values of rows. */
final class RowValues {

    private RowValues() {}

    static <T> T decode(Codec<T> codec, byte[] json, @Nullable String id) throws MalformedRowException {
        T value;
        try {
            value = codec.decode(json);
        } catch (RuntimeException
                | AssertionError
                | StackOverflowError
                | LinkageError e) { // a record's own checks speak here too
            throw new MalformedRowException(ErrorText.message(e), id);
        }
        if (value == null) {
            throw new MalformedRowException("the row gave no value", id);
        }
        return value;
    }

    static MalformedRowException missing(String field, List<String> names, @Nullable String id) {
        return new MalformedRowException(
                "no field '" + field + "'; the row has: " + (names.isEmpty() ? "none" : String.join(", ", names)), id);
    }
}
