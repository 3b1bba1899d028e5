package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.Require;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Which failures are tried again, how often, and after how long. Immutable: each setter returns a changed copy. Every subscription gets the
 * full number of attempts.
 *
 * <p>Retried are {@linkplain ApiException#isTransient() transient} {@link ApiException}s and what {@link #alsoRetry} names; any other error
 * goes to the caller at once. Each {@link ErrorKind} may have its own {@link Backoff} and number of attempts. A server's {@link
 * ApiException#retryAfter()} is the least wait.
 *
 * <p>When attempts or time are used up, or the server asks for a longer wait than {@link #maxRetryAfter}, the call fails with its last error.
 * The message then says which attempt it was, how long there were retries, and why there are no more: {@code (attempt 5 of 5, after 42 s of
 * retries)}. So does that of an error that is not transient and came after retries. For errors of {@link #alsoRetry} this stands in a
 * {@linkplain Throwable#getSuppressed() suppressed} exception.
 */
public final class RetrySpec {

    /** What a kind of error gets. */
    record Policy(Backoff backoff, int maxAttempts) {}

    private static final Backoff PATIENT =
            Backoff.exponential(Duration.ofSeconds(1), Duration.ofSeconds(60)).withJitter(Jitter.EQUAL);
    private static final Backoff BRISK = Backoff.exponential(Duration.ofMillis(500), Duration.ofSeconds(20));
    private static final RetrySpec STANDARD = backoff(10, Duration.ofMillis(500))
            .on(ErrorKind.RATE_LIMITED, PATIENT, 10)
            .on(ErrorKind.OVERLOADED, PATIENT, 10)
            .on(ErrorKind.CIRCUIT_OPEN, PATIENT, 10)
            .on(ErrorKind.SERVER_ERROR, BRISK, 5)
            .on(ErrorKind.TRANSPORT, BRISK, 5)
            .on(ErrorKind.TIMEOUT, BRISK, 3)
            .on(ErrorKind.MALFORMED_RESPONSE, BRISK, 3)
            .on(ErrorKind.INVALID_ANSWER, Backoff.fixed(Duration.ZERO), 3);

    private final Policy otherwise;
    private final Map<ErrorKind, Policy> policies;
    private final int maxAttempts;
    private final Duration maxElapsed;
    private final Duration maxRetryAfter;
    private final Predicate<Throwable> also;
    private final Supplier<Scheduler> scheduler;
    private final Supplier<? extends RandomGenerator> random;

    private RetrySpec(
            Policy otherwise,
            Map<ErrorKind, Policy> policies,
            int maxAttempts,
            Duration maxElapsed,
            Duration maxRetryAfter,
            Predicate<Throwable> also,
            Supplier<Scheduler> scheduler,
            Supplier<? extends RandomGenerator> random) {
        this.otherwise = otherwise;
        this.policies = policies;
        this.maxAttempts = maxAttempts;
        this.maxElapsed = maxElapsed;
        this.maxRetryAfter = maxRetryAfter;
        this.also = also;
        this.scheduler = scheduler;
        this.random = random;
    }

    /**
     * What a run wants: at most 10 attempts in 15 minutes. Rate limits, overload and an open breaker back off from 1 s to
     * 60 s with equal jitter, so that 10 attempts outlast two minutes of refusals at the least. Server errors and broken
     * connections get 5 attempts, from 0.5 s to 20 s with full jitter; timeouts and malformed answers 3 of those; an answer
     * that a validator turned down is asked for 3 times, at once, for each costs.
     */
    public static RetrySpec standard() {
        return STANDARD;
    }

    /** For every kind alike: doubling waits from {@code base} up to 60 s or {@code base}, with full jitter. */
    public static RetrySpec backoff(int maxAttempts, Duration base) {
        Duration cap = base.compareTo(PATIENT.cap()) > 0 ? base : PATIENT.cap();
        return every(Backoff.exponential(base, cap), maxAttempts);
    }

    /** For every kind alike: the same wait each time. */
    public static RetrySpec fixedDelay(int maxAttempts, Duration delay) {
        return every(Backoff.fixed(delay), maxAttempts);
    }

    private static RetrySpec every(Backoff backoff, int maxAttempts) {
        return new RetrySpec(
                new Policy(backoff, Require.atLeast(1, maxAttempts, "maxAttempts")),
                Map.of(),
                maxAttempts,
                Duration.ofMinutes(15),
                Duration.ofMinutes(10),
                error -> false,
                Schedulers::parallel,
                ThreadLocalRandom::current);
    }

    /**
     * Another policy for one kind of error. It does not make a kind transient that is not.
     *
     * @param maxAttempts the call fails with the failure of that kind that has this number, from 1; {@link
     *     #maxAttempts(int)} holds as well
     */
    public RetrySpec on(ErrorKind kind, Backoff backoff, int maxAttempts) {
        Objects.requireNonNull(backoff, "backoff");
        Map<ErrorKind, Policy> changed = new EnumMap<>(ErrorKind.class);
        changed.putAll(policies);
        changed.put(kind, new Policy(backoff, Require.atLeast(1, maxAttempts, "maxAttempts")));
        return new RetrySpec(otherwise, changed, this.maxAttempts, maxElapsed, maxRetryAfter, also, scheduler, random);
    }

    /** Attempts of a call over all kinds of error, the first one included; 1 never retries. */
    public RetrySpec maxAttempts(int maxAttempts) {
        return new RetrySpec(
                otherwise,
                policies,
                Require.atLeast(1, maxAttempts, "maxAttempts"),
                maxElapsed,
                maxRetryAfter,
                also,
                scheduler,
                random);
    }

    /**
     * The longest time from the first failure to the start of the last attempt; default 15 minutes. Waiting at a gate does not count. A wait that
     * would end later is not begun. A running attempt is not cut off; the attempt timeout does that.
     */
    public RetrySpec maxElapsed(Duration maxElapsed) {
        Require.positive(maxElapsed, "maxElapsed");
        return new RetrySpec(otherwise, policies, maxAttempts, maxElapsed, maxRetryAfter, also, scheduler, random);
    }

    /** A server that asks for a longer wait than this ends the call at once; default 10 minutes. */
    public RetrySpec maxRetryAfter(Duration maxRetryAfter) {
        Require.positive(maxRetryAfter, "maxRetryAfter");
        return new RetrySpec(otherwise, policies, maxAttempts, maxElapsed, maxRetryAfter, also, scheduler, random);
    }

    /**
     * Retries other errors too, by the policy and under the name of {@link ErrorKind#STEP_FAILED}; default none. It is not
     * asked about an {@link ApiException}.
     */
    public RetrySpec alsoRetry(Predicate<Throwable> also) {
        Objects.requireNonNull(also, "also");
        return new RetrySpec(otherwise, policies, maxAttempts, maxElapsed, maxRetryAfter, also, scheduler, random);
    }

    /** Where waits are timed and further attempts start, taken at each subscription; default {@code Schedulers::parallel}. */
    public RetrySpec scheduler(Supplier<Scheduler> scheduler) {
        Objects.requireNonNull(scheduler, "scheduler");
        return new RetrySpec(otherwise, policies, maxAttempts, maxElapsed, maxRetryAfter, also, scheduler, random);
    }

    /** Where jitter comes from, taken at each failure; default {@code ThreadLocalRandom::current}. */
    public RetrySpec random(Supplier<? extends RandomGenerator> random) {
        Objects.requireNonNull(random, "random");
        return new RetrySpec(otherwise, policies, maxAttempts, maxElapsed, maxRetryAfter, also, scheduler, random);
    }

    public int maxAttempts() {
        return maxAttempts;
    }

    public Duration maxElapsed() {
        return maxElapsed;
    }

    public Duration maxRetryAfter() {
        return maxRetryAfter;
    }

    Policy policy(ErrorKind kind) {
        return policies.getOrDefault(kind, otherwise);
    }

    boolean retries(Throwable error) {
        return error instanceof ApiException api ? api.isTransient() : also.test(error);
    }

    Scheduler scheduler() {
        return scheduler.get();
    }

    RandomGenerator random() {
        return random.get();
    }
}
