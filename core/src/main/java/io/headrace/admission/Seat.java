package io.headrace.admission;

import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One key of a {@link KeyRing} with the resources that are its own: limits, cool-down, breaker. It takes of all of them or of
 * none. Like them it is pure arithmetic, called under the gate's lock.
 */
final class Seat extends Resources {

    private final @Nullable ApiKey key;
    private final @Nullable Consumer<ErrorKind> left;
    private @Nullable ErrorKind gone;
    private final AtomicReference<@Nullable String> lastError;

    /**
     * @param key null for the provider's own
     * @param lastError set to what an attempt failed by
     * @param left told when the key leaves the ring, and why, under the gate's lock; null for a key that never does
     */
    Seat(
            @Nullable ApiKey key,
            List<? extends Resource> resources,
            AtomicReference<@Nullable String> lastError,
            @Nullable Consumer<ErrorKind> left) {
        super(resources);
        this.key = key;
        this.lastError = lastError;
        this.left = left;
    }

    @Nullable
    ApiKey key() {
        return key;
    }

    /** Why the key left the ring: {@link ErrorKind#AUTHENTICATION} or {@link ErrorKind#QUOTA_EXHAUSTED}; null while it is in. */
    @Nullable
    ErrorKind gone() {
        return gone;
    }

    /** Puts a key that left back into the ring, and lets it be tried at once. */
    @Override
    void tryAgain(long now) {
        gone = null;
        super.tryAgain(now);
    }

    /** Notes how an attempt failed, for the one who is told that waiting is of no use. */
    void failed(Throwable error) {
        lastError.set(ErrorText.message(error));
    }

    /** None once it has left. */
    @Override
    int concurrency() {
        return gone != null ? 0 : super.concurrency();
    }

    @Override
    @Nullable
    String standstill(long now) {
        String why = super.standstill(now);
        String last = lastError.get();
        return why == null || last == null ? why : why + "; the last error: " + last;
    }

    /** Ends a reservation; an attempt that failed by the key takes it out of the ring. */
    @Override
    void settle(Demand demand, Settlement end, long now) {
        super.settle(demand, end, now);
        ErrorKind error = end.error();
        if (left != null && gone == null && (error == ErrorKind.AUTHENTICATION || error == ErrorKind.QUOTA_EXHAUSTED)) {
            gone = error;
            left.accept(error);
        }
    }
}
