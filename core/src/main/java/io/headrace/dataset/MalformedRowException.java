package io.headrace.dataset;

import org.jspecify.annotations.Nullable;

/** A row that gives no value. Says why, not where; cheap, because a bad file has many. */
final class MalformedRowException extends Exception {

    private final @Nullable String id;

    MalformedRowException(String reason) {
        this(reason, null);
    }

    /**
     * @param id the row's own id, where that could be read
     */
    MalformedRowException(String reason, @Nullable String id) {
        super(reason, null, false, false);
        this.id = id;
    }

    @Nullable
    String id() {
        return id;
    }
}
