package io.headrace.dataset;

import io.headrace.Outcome;
import java.util.OptionalLong;
import reactor.core.publisher.Flux;

/**
 * A source of items that can be read any number of times, lazily: a row is read when it is asked for, and nothing is kept.
 *
 * <p>Immutable and thread-safe.
 *
 * @param <T> the values of the rows
 */
public interface Dataset<T> {

    /** A short name for messages and reports, such as {@code gsm8k-test.jsonl}. */
    String name();

    /**
     * What is read and how, as text on one line: kind, place, chosen fields. A resumed run compares it and says what
     * changed; the content is not part of it.
     */
    String signature();

    /** The number of rows, where it is known without reading. */
    OptionalLong size();

    /**
     * The rows in order, each with a stable id, its ordinal from 0, and a version by its content. A row that cannot be read
     * is a {@link Outcome.Failed} that names file, line and reason; the rest goes on. Each subscription reads from the
     * start; demand bounds what is read; cancel closes the file.
     *
     * <p>Signals an error only where the source itself breaks: the file cannot be read any further.
     */
    Flux<Outcome<T>> items();

    /**
     * Checks what can be checked before the first call is paid: the file is there and readable, the named fields exist.
     *
     * @throws IllegalArgumentException saying what is wrong, where, and which files or fields there are
     */
    void check();
}
