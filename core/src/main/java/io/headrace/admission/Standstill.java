package io.headrace.admission;

import io.headrace.ApiException;
import org.jspecify.annotations.Nullable;

/** That nothing goes through a gate any more and waiting is of no use: told once, until something is answered. Under the gate's lock. */
final class Standstill {

    private final String gate;
    private final boolean pauses;
    private final GateEvents events;
    private @Nullable ApiException reason;

    /**
     * @param pauses whether those in line stay there, and do not fail
     */
    Standstill(String gate, boolean pauses, GateEvents events) {
        this.gate = gate;
        this.pauses = pauses;
        this.events = events;
    }

    boolean pauses() {
        return pauses;
    }

    void begin(ApiException why) {
        if (reason == null) {
            events.add(new GateEvent.Standstill(gate, "", String.valueOf(why.getMessage()), pauses));
        }
        reason = why;
    }

    /** Whether there was one. */
    boolean end() {
        boolean was = reason != null;
        reason = null;
        return was;
    }

    /** The error of those who do not wait; null while things go on. */
    @Nullable
    ApiException reason() {
        return reason;
    }
}
