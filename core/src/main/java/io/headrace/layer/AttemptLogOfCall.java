package io.headrace.layer;

import io.headrace.observe.AttemptLog;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/** A log that one call has for itself, in front of the one that notes its attempts: a run's journal, mostly. */
interface AttemptLogOfCall extends AttemptLog {

    /** The one behind it; null if the call is noted nowhere. */
    @Nullable
    AttemptLog behind();

    /** The log in {@code context} behind those of single calls, if any: it is the same for all calls of a run. */
    static @Nullable AttemptLog behindAll(ContextView context) {
        AttemptLog log = AttemptLog.from(context).orElse(null);
        while (log instanceof AttemptLogOfCall ofCall) {
            log = ofCall.behind();
        }
        return log;
    }
}
