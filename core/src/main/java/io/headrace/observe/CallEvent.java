package io.headrace.observe;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a call on its way through the layers. Per call come any number of {@link Admitted},
 * {@link AttemptStarted} with its {@link AttemptEnded}, and {@link RetryScheduled}, or one {@link CacheHit} or {@link PaidBefore}; then
 * exactly one {@link CallEnded}, also where a fallback answered: its events come between, its attempts counted from 1 again. Events hold no
 * request and no answer.
 */
public sealed interface CallEvent {

    /** Which step and item the call belongs to. */
    CallOptions options();

    /**
     * The cache had the answer, or an equal call at the same time brought it, for which another one pays; no attempt follows. A call for
     * several answers is told at its end what it was given so, if anything; attempts for the others come before that.
     *
     * @param usage what the answer used when it was bought
     * @param saved what it cost then
     * @param whole whether the call was given all it asked for; else it has paid for the rest
     */
    record CacheHit(CallOptions options, Usage usage, Cost saved, boolean whole) implements CallEvent {

        /** The hit of a call for one answer. */
        public CacheHit(CallOptions options, Usage usage, Cost saved) {
            this(options, usage, saved, true);
        }
    }

    /**
     * The cache had the answer, which a batch had brought in an earlier pass over the same item and of which this item was told then as of
     * an attempt. It belongs into the account of the item, which begins anew in each pass, and into no other.
     */
    record PaidBefore(CallOptions options, Usage usage, Cost cost) implements CallEvent {}

    /** An attempt got its permits after waiting {@code waited}, zero if it did not wait. */
    record Admitted(CallOptions options, Duration waited) implements CallEvent {}

    /**
     * An attempt is about to send.
     *
     * @param attempt 1 for the first attempt of the call
     */
    record AttemptStarted(CallOptions options, int attempt) implements CallEvent {}

    /**
     * An attempt ended: answered, failed or cancelled.
     *
     * @param elapsed from just before sending
     * @param delivery how far it got; {@link Delivery#ANSWERED} without error is a success
     * @param error why it failed; null for a success and for a cancel
     */
    record AttemptEnded(
            CallOptions options,
            int attempt,
            Duration elapsed,
            Delivery delivery,
            Usage usage,
            Cost cost,
            @Nullable ApiException error)
            implements CallEvent {

        /** Whether it brought an answer. */
        public boolean succeeded() {
            return error == null && delivery == Delivery.ANSWERED;
        }
    }

    /**
     * What an answer cost that was asked for online, and what it would have cost in a batch; told of some answers only, where both are
     * known.
     */
    record BatchPrice(CallOptions options, Cost online, Cost batch) implements CallEvent {}

    /**
     * Attempt {@code attempt} failed by {@code kind}, and the next one starts after {@code delay}; or the server refused it for a limit, and
     * the call waits at its gate again, under the same number: the delay is zero then, and {@link Admitted} tells how long it was.
     */
    record RetryScheduled(CallOptions options, int attempt, ErrorKind kind, Duration delay) implements CallEvent {}

    /**
     * The call is over.
     *
     * @param elapsed from its subscription, waiting included
     * @param end how
     * @param error why it failed; null unless {@code end} is {@link End#FAILED}
     */
    record CallEnded(
            CallOptions options,
            Duration elapsed,
            End end,
            @Nullable Throwable error) implements CallEvent {}

    /** How a call ended for its caller. */
    enum End {
        ANSWERED,
        FAILED,
        CANCELLED,
        /** Its answer shall come by a batch: neither answered nor failed. */
        PARKED
    }
}
