package io.headrace.flow;

import io.headrace.Outcome;

/** Ends a stream because an item failed in a step that is set to fail fast. The failed outcome was emitted before. */
public final class FailFastException extends RuntimeException {

    private final transient Outcome.Failed<?> failed;

    FailFastException(Outcome.Failed<?> failed) {
        super(
                "step '" + failed.step() + "' is set to fail fast and item "
                        + failed.item().id() + " failed (" + failed.kind().label() + "): " + failed.message(),
                null,
                true,
                false);
        this.failed = failed;
    }

    /** The failure that ended the stream. */
    public Outcome.Failed<?> failed() {
        return failed;
    }
}
