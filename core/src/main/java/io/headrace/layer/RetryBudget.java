package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one call has used of its {@link RetrySpec}, and what follows from its next failure. Not thread-safe. */
final class RetryBudget {

    /** What to do about a failure. */
    sealed interface Verdict {

        /** Try again after {@code delay}. */
        record Again(ErrorKind kind, Duration delay) implements Verdict {}

        /**
         * Fail with the error.
         *
         * @param attempts which attempt this was, how long there were retries, and why there are no more where that is not plain; null
         *     for a failure that no retry was due for, and that was the first or that of an attempt which was not sent
         */
        record Stop(@Nullable String attempts) implements Verdict {}
    }

    private final RetrySpec spec;
    private final Map<ErrorKind, Integer> failuresByKind = new EnumMap<>(ErrorKind.class);
    private int failures;
    private Duration previous = Duration.ZERO;

    RetryBudget(RetrySpec spec) {
        this.spec = spec;
    }

    /** Failures so far, which is the number of the attempt that failed last. */
    int failures() {
        return failures;
    }

    /** Counts a failure that came {@code elapsed} after the first one. */
    Verdict failed(Throwable error, Duration elapsed) {
        failures++;
        if (!spec.retries(error)) {
            return failures == 1 || isNotSent(error) ? new Verdict.Stop(null) : stop("", elapsed, "");
        }
        ErrorKind kind = error instanceof ApiException api ? api.kind() : ErrorKind.STEP_FAILED;
        Duration asked = error instanceof ApiException api ? api.retryAfter().orElse(Duration.ZERO) : Duration.ZERO;
        RetrySpec.Policy policy = spec.policy(kind);
        int ofKind = failuresByKind.merge(kind, 1, Integer::sum);
        if (failures >= spec.maxAttempts() || (ofKind == failures && ofKind >= policy.maxAttempts())) {
            return stop(" of " + failures, elapsed, "");
        }
        if (ofKind >= policy.maxAttempts()) {
            return stop("", elapsed, "no more are allowed after " + ofKind + " of kind " + kind.label());
        }
        if (asked.compareTo(spec.maxRetryAfter()) > 0) {
            return stop(
                    "",
                    elapsed,
                    "the server asks to wait " + text(asked) + ", more than the " + text(spec.maxRetryAfter())
                            + " allowed");
        }
        Duration delay = policy.backoff().delay(ofKind, previous, spec.random());
        previous = delay;
        if (delay.compareTo(asked) < 0) {
            delay = asked;
        }
        if (elapsed.plus(delay).compareTo(spec.maxElapsed()) > 0) {
            return stop(
                    "",
                    elapsed,
                    "waiting " + text(delay) + " more would pass the " + text(spec.maxElapsed()) + " allowed");
        }
        return new Verdict.Again(kind, delay);
    }

    /** Such as for a gate that gave up: it speaks of all calls, and this was no attempt. */
    private static boolean isNotSent(Throwable error) {
        return error instanceof ApiException api && api.delivery() == Delivery.NOT_SENT;
    }

    private Verdict stop(String ofAll, Duration elapsed, String why) {
        return new Verdict.Stop("attempt " + failures + ofAll
                + (failures == 1 ? "" : ", after " + text(elapsed) + " of retries")
                + (why.isEmpty() ? "" : ": " + why));
    }

    /** In the unit that people would take, rounded down. */
    private static String text(Duration time) {
        if (time.toSeconds() < 10) {
            long millis = time.toMillis();
            long tenths = millis / 100 % 10;
            return millis < 1_000 ? millis + " ms" : millis / 1_000 + (tenths == 0 ? "" : "." + tenths) + " s";
        }
        return time.toSeconds() % 60 == 0 ? time.toMinutes() + " min" : time.toSeconds() + " s";
    }
}
