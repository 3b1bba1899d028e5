package io.headrace.dataset;

import org.jspecify.annotations.Nullable;

/**
 * Makes values of the rows of one reading of a file, in order. For one thread at a time.
 *
 * @param <T> the values
 */
interface RowParser<T> {

    /** Whether the row names the fields and holds no value; asked for every row before {@link #parse}. */
    default boolean isHeader(byte[] bytes, int from, int to) {
        return false;
    }

    /** Whether the next row must be a header. */
    default boolean awaitsHeader() {
        return false;
    }

    /** The value of the row between {@code from} and {@code to}, which is well-formed UTF-8 and not blank. */
    Row<T> parse(byte[] bytes, int from, int to) throws MalformedRowException;

    /**
     * What a row holds.
     *
     * @param id the row's own id; null where ids come from content and position
     */
    record Row<T>(@Nullable String id, T value) {}
}
