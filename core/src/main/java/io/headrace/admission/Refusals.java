package io.headrace.admission;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;

/**
 * How often in a row the server refused one call for its rate limits. As a rule the call goes first when the wait is over, and
 * nobody else before it, so that a large one finds the limits full. But a call may ask for more than a limit ever allows, and
 * some servers answer that with 429 too. So after a minute, in which every limit by the minute was full, it goes behind the
 * others; and if it is still refused when these were answered, it is the call that is wrong, and it fails. Under the gate's
 * lock.
 */
final class Refusals {

    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    /** So many others answered show that the server is there again. */
    private static final int OTHERS = 10;

    /** So many refusals after that are no chance. */
    private static final int MOST = 3;

    private long first;
    private long last;
    private int count;
    private long answersAfterAMinute = Long.MAX_VALUE;
    private int inVain;

    /**
     * One more.
     *
     * @param answers that the gate's calls had so far
     */
    void add(long answers, long now) {
        if (count++ == 0) {
            first = now;
        }
        last = now;
        if (goesFirst()) {
            return;
        }
        answersAfterAMinute = Math.min(answersAfterAMinute, answers);
        if (answers - answersAfterAMinute >= OTHERS) {
            inVain++;
        }
    }

    /** Whether it goes at the head of its tenant's line. */
    boolean goesFirst() {
        return last - first < MINUTE;
    }

    /** Whether it will be refused for ever, as far as one can tell. */
    boolean areFinal() {
        return inVain >= MOST;
    }

    /** What its caller gets then. */
    ApiException error(String gate, Throwable refusal) {
        return ApiException.builder(
                        ErrorKind.RATE_LIMITED,
                        "gate '" + gate + "': the server refused this call " + count + " times in "
                                + Duration.ofNanos(last - first).toSeconds()
                                + " s for its rate limits and answered others meanwhile, so it may ask for more than a limit"
                                + " ever allows: make it smaller; the last refusal: " + refusal.getMessage())
                .delivery(Delivery.REFUSED)
                .isTransient(false)
                .cause(refusal)
                .build();
    }
}
