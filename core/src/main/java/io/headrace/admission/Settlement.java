package io.headrace.admission;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How an attempt that was admitted ended, and what it really took.
 *
 * @param delivery how far it got; {@link Delivery#ANSWERED} without an error is a success
 * @param usage tokens used: zero when not sent or refused, unknown when the outcome is or nothing was reported
 * @param cost money spent; likewise
 * @param error why it failed; null for a success and for a cancel
 * @param retryAfter the least time to wait, by the server's word; null for none
 * @param elapsed from the grant to the end
 */
public record Settlement(
        Delivery delivery,
        Usage usage,
        Cost cost,
        @Nullable ErrorKind error,
        @Nullable Duration retryAfter,
        Duration elapsed) {

    private static final Set<ErrorKind> FAULTS =
            EnumSet.of(ErrorKind.SERVER_ERROR, ErrorKind.OVERLOADED, ErrorKind.TIMEOUT, ErrorKind.TRANSPORT);

    public Settlement {
        Objects.requireNonNull(delivery, "delivery");
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(cost, "cost");
        Objects.requireNonNull(elapsed, "elapsed");
    }

    /** An answer. */
    public static Settlement answered(Usage usage, Cost cost, Duration elapsed) {
        return new Settlement(Delivery.ANSWERED, usage, cost, null, null, elapsed);
    }

    /** A failure; what is no {@link ApiException} may have been done and billed. */
    public static Settlement failed(Throwable error, Duration elapsed) {
        return error instanceof ApiException api
                ? new Settlement(
                        api.delivery(),
                        api.usage(),
                        api.cost(),
                        api.kind(),
                        api.retryAfter().orElse(null),
                        elapsed)
                : new Settlement(Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN, ErrorKind.STEP_FAILED, null, elapsed);
    }

    /** A cancel after it was sent. */
    public static Settlement cancelled(Duration elapsed) {
        return new Settlement(Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN, null, null, elapsed);
    }

    /** A grant that was never used. */
    public static Settlement unused() {
        return new Settlement(Delivery.NOT_SENT, Usage.ZERO, Cost.ZERO, null, null, Duration.ZERO);
    }

    /** Whether it brought an answer. */
    public boolean succeeded() {
        return error == null && delivery == Delivery.ANSWERED;
    }

    /** Whether the endpoint failed: a server error, overload, a timeout or a broken connection. */
    boolean isFault() {
        return error != null && FAULTS.contains(error);
    }

    /** Whether the server did no work for it: what it reserved comes back. */
    public boolean isFree() {
        return delivery == Delivery.NOT_SENT || delivery == Delivery.REFUSED;
    }
}
