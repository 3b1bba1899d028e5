package io.headrace.dataset;

import io.headrace.Outcome;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * One reading of a source that blocks. For one thread at a time.
 *
 * @param <T> the values
 */
interface BatchReader<T> extends Closeable {

    /** The next rows, a bounded number of them; empty at the end. Rows before a failure are given before it is thrown. */
    List<Outcome<T>> next() throws IOException;
}
