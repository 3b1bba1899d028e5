package io.headrace;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A store of this process cannot be used: the cache, the journal, the results file. No item is to blame and the next one
 * would fare no better, so this ends a stream and leaves the rest pending; it is never made an outcome, and never retried.
 */
public final class StorageException extends RuntimeException {

    /**
     * @param message what cannot be used, where, and what that means for the answer at hand
     */
    public StorageException(String message, @Nullable Throwable cause) {
        super(Objects.requireNonNull(message, "message"), cause);
    }
}
