package io.headrace.batch;

/**
 * What one batch of a provider may hold. Data with a date: its source is named where it is set.
 *
 * @param requests most requests, as {@link BatchApi#count} counts them
 * @param bytes most bytes of all lines, each with one more for its end
 */
public record BatchLimits(long requests, long bytes) {

    public BatchLimits {
        if (requests < 1 || bytes < 1) {
            throw new IllegalArgumentException(
                    "a batch holds at least 1 request and 1 byte, not " + requests + " and " + bytes);
        }
    }
}
