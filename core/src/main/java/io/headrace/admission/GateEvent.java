package io.headrace.admission;

import io.headrace.ErrorKind;

/** Something that happened to a gate and not to one call. A key goes by its name, empty for the provider's own. */
public sealed interface GateEvent {

    /** The name of the gate. */
    String gate();

    /** The key concerned. */
    String key();

    /**
     * A key left the ring: the server turned it down, or its credit is gone. The other keys go on.
     *
     * @param why {@link ErrorKind#AUTHENTICATION} or {@link ErrorKind#QUOTA_EXHAUSTED}
     */
    record KeyLeft(String gate, String key, ErrorKind why) implements GateEvent {}

    /**
     * Nothing goes any more, and waiting is of no use: all keys have left, or the server has answered nothing for too long. Told
     * once, until something is answered again.
     *
     * @param key empty, for it is all of them
     * @param paused whether those in line stay there until {@link Gate#resume}; they fail otherwise
     */
    record Standstill(String gate, String key, String reason, boolean paused) implements GateEvent {}

    /**
     * The circuit breaker of a key opened, let probes through, or closed.
     *
     * @param reason the last error of an attempt where it opened, else empty
     */
    record BreakerChanged(String gate, String key, Breaker.State state, String reason) implements GateEvent {}
}
