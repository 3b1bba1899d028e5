package io.headrace.admission;

import io.headrace.ErrorKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that an attempt reserves before it is sent and settles after it: a slot, requests and tokens per minute, a probe of a
 * breaker. Pure arithmetic: it waits for nothing and knows no clock but the {@code now} it is told, in nanoseconds of the gate's
 * scheduler, never less than before.
 *
 * <p>A gate asks all of an attempt's resources first and takes of all or of none. It calls them under its lock, so a resource needs
 * none, belongs to one gate (or to one key of it), and must be quick.
 */
public interface Resource {

    /** The answer of {@link #waitNanos} when only the settling of another attempt, or a change of the limit, can help. */
    long UNTIL_SETTLED = Long.MAX_VALUE;

    /** Its name in messages and reports, such as {@code requests per minute}. */
    String name();

    /**
     * Why {@code demand} can never be granted, naming what it asks and what is allowed; null when it can. Judges limits that
     * were stated, by the user or the server, never learned ones.
     */
    default @Nullable String impossible(Demand demand) {
        return null;
    }

    /**
     * How long {@code demand} must wait at the least: 0 when it may be taken now, {@link #UNTIL_SETTLED} when no time is
     * known. Asking reserves nothing.
     */
    long waitNanos(Demand demand, long now);

    /** Reserves {@code demand}; called only right after {@link #waitNanos} gave 0 for it. */
    void take(Demand demand, long now);

    /** Ends a reservation, once for each {@link #take} and with the same demand. */
    void settle(Demand demand, Settlement end, long now);

    /**
     * Hears what the head of a response said of the server's limits. It may come late and out of order, and may tell of any
     * moment between {@code taken} and {@code now}.
     *
     * @param taken when the attempt was {@linkplain #take taken} that was answered so
     */
    default void observe(ServerLimits limits, long taken, long now) {}

    /**
     * Why it admits nobody at all for the time being, for callers that would rather fail than wait: {@link ErrorKind#CIRCUIT_OPEN}
     * or {@link ErrorKind#RATE_LIMITED}; null when it is only busy.
     */
    default @Nullable ErrorKind shut(long now) {
        return null;
    }

    /**
     * Why waiting is of no use any more, such as a server that has refused everything for too long; null while it is. Whoever
     * waits fails then, or the gate pauses, and who comes later may still try.
     */
    default @Nullable String standstill(long now) {
        return null;
    }

    /**
     * How long until there is a {@link #standstill} if nothing is settled before: 0 where there is one, {@link #UNTIL_SETTLED} where time
     * alone brings none.
     */
    default long standstillNanos(long now) {
        return standstill(now) == null ? UNTIL_SETTLED : 0;
    }

    /** Somebody says that the reason to stand still is gone: it may be tried at once, and what was suffered so far is forgotten. */
    default void tryAgain(long now) {}

    /** How many attempts it lets out at a time, for a step's window to follow; the largest integer when that is not its limit. */
    default int concurrency() {
        return Integer.MAX_VALUE;
    }

    /** What of it is in use, for reports. */
    List<Level> levels(long now);
}
