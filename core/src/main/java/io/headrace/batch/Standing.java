package io.headrace.batch;

import io.headrace.ApiException;
import java.util.Objects;

/** How a parked call stands with its {@link BatchQueue}. */
public sealed interface Standing {

    /** Its request is on disk, or on its way: the answer will be in the cache one day. */
    record Parked() implements Standing {}

    /**
     * Batches have brought an error that another one would not mend, or too many in a row.
     *
     * @param error as an online call would end
     */
    record Failed(ApiException error) implements Standing {

        public Failed {
            Objects.requireNonNull(error, "error");
        }
    }

    /** Batches have not brought it, and it shall be asked for online. */
    record Online() implements Standing {}
}
