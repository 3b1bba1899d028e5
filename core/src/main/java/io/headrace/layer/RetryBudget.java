package io.headrace.layer;

import io.headrace.ApiException;
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

        /** Fail with the error; {@code why} is null where no retry was due at all. */
        record Stop(@Nullable String why) implements Verdict {}
    }

    private static final Verdict NOT_RETRIED = new Verdict.Stop(null);

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
            return NOT_RETRIED;
        }
        ErrorKind kind = error instanceof ApiException api ? api.kind() : ErrorKind.STEP_FAILED;
        Duration asked = error instanceof ApiException api ? api.retryAfter().orElse(Duration.ZERO) : Duration.ZERO;
        RetrySpec.Policy policy = spec.policy(kind);
        int ofKind = failuresByKind.merge(kind, 1, Integer::sum);
        if (failures >= spec.maxAttempts()) {
            return stop(elapsed, "no more are allowed");
        }
        if (ofKind >= policy.maxAttempts()) {
            return stop(elapsed, "no more are allowed after " + ofKind + " of kind " + kind.label());
        }
        if (asked.compareTo(spec.maxRetryAfter()) > 0) {
            return stop(
                    elapsed,
                    "the server asks to wait " + asked + ", more than the " + spec.maxRetryAfter() + " allowed");
        }
        Duration delay = policy.backoff().delay(ofKind, previous, spec.random());
        previous = delay;
        if (delay.compareTo(asked) < 0) {
            delay = asked;
        }
        if (elapsed.plus(delay).compareTo(spec.maxElapsed()) > 0) {
            return stop(elapsed, "waiting " + delay + " more would pass the " + spec.maxElapsed() + " allowed");
        }
        return new Verdict.Again(kind, delay);
    }

    private Verdict stop(Duration elapsed, String why) {
        return new Verdict.Stop("gave up after " + failures + (failures == 1 ? " attempt " : " attempts ") + "over "
                + elapsed + ": " + why);
    }
}
