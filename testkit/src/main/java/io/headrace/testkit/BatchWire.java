package io.headrace.testkit;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** How one provider writes what became of a request of a batch. Stateless. */
interface BatchWire {

    /** What became of a request. */
    enum Kind {
        SUCCEEDED,
        ERRORED,
        EXPIRED,
        CANCELLED
    }

    Wire wire();

    /** The field of an uploaded request that holds what an online call posts. */
    String bodyField();

    /**
     * Writes a line of results, without its end.
     *
     * @param status of the answer or the error; 0 for none
     * @param body of the answer or the error; null for none
     */
    void line(JsonGenerator json, String customId, Kind kind, int status, byte @Nullable [] body, String requestId);

    /** Whether failures stand in a file of their own. */
    boolean hasErrorFile();

    /** The status of a batch in the words of the provider. */
    String status(Batch.State state);
}
