package io.headrace.admission;

import io.headrace.Priority;
import org.jspecify.annotations.Nullable;

/**
 * What stands, or stood, in a {@link FairQueue}.
 *
 * @param <T> what waits
 */
final class Entry<T> {

    final T waiting;
    final String tenant;

    /** Changes only while it is not in line. */
    Priority priority;

    /** Who pays for it; null for nobody in particular. */
    final @Nullable Object payer;

    /** What it charges its tenant, at least 1. */
    final long tokens;

    /** Whether it goes to the head of its tenant's line. */
    boolean again;

    /** Who was charged for it and has not settled it; null for nobody, as where there was no line. */
    @Nullable
    Tenant<T> charged;

    /** When it began to wait. */
    long since;

    @Nullable
    Entry<T> before;

    @Nullable
    Entry<T> after;

    Entry(T waiting, String tenant, Priority priority, long tokens, boolean again, @Nullable Object payer) {
        this.waiting = waiting;
        this.tenant = tenant;
        this.priority = priority;
        this.tokens = Math.max(1, tokens);
        this.again = again;
        this.payer = payer;
    }
}
