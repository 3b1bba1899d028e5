package io.headrace.admission;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.admission.Level.Origin;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A circuit breaker: when too many calls fail, it lets none through for a while, then a few probes, then as many calls at a time as
 * there were probes. Each answer allows one call more, which doubles them with every round, until as many go as when it opened. The
 * state machine is Resilience4j's.
 *
 * <p>Failures are server errors, overload, timeouts and broken connections. Answers are successes, also those that a validator turned
 * down. Anything else, such as a rate limit, a bad request or a cancel, proves nothing about the endpoint; a probe that ends so gives
 * its place to another. Attempts from before it opened do not count after it.
 */
public final class Breaker implements Resource {

    /** Where a breaker stands. */
    public enum State {
        /** All may go, as far as the ramp allows. */
        CLOSED,
        /** Nobody goes until a while has passed. */
        OPEN,
        /** Probes go. */
        HALF_OPEN
    }

    private static final Duration NEVER_SLOW = Duration.ofDays(3_650);
    private static final int NO_RAMP = Integer.MAX_VALUE;

    private final BreakerSpec spec;
    private final Consumer<State> changed;
    private final HandClock clock = new HandClock();
    /** Made when a call fails first, as it would stand then: until that time it has nothing to do but to count. */
    private @Nullable CircuitBreaker machine;

    /** Calls that were answered before there was a machine, as many as count. */
    private int answers;

    private State state = State.CLOSED;
    private long openedAt = Long.MIN_VALUE;
    /** When it opened first since the last answer. */
    private long silentSince;

    private boolean wasAnswered;
    private int out;
    private int probing;
    private int ramp = NO_RAMP;
    private int rampGoal;

    private Breaker(BreakerSpec spec, Consumer<State> changed) {
        this.spec = Objects.requireNonNull(spec, "spec");
        this.changed = Objects.requireNonNull(changed, "changed");
    }

    /**
     * @param changed told each new state, under the gate's lock: it must be quick and call nothing back
     */
    public static Breaker of(BreakerSpec spec, Consumer<State> changed) {
        return new Breaker(spec, changed);
    }

    public State state() {
        return state;
    }

    @Override
    public String name() {
        return "circuit breaker";
    }

    @Override
    public long waitNanos(Demand demand, long now) {
        return switch (state) {
            case OPEN -> Math.max(0, halfOpenAt() - now);
            case HALF_OPEN -> probing < spec.probes() ? 0 : UNTIL_SETTLED;
            case CLOSED -> out < ramp ? 0 : UNTIL_SETTLED;
        };
    }

    @Override
    public void take(Demand demand, long now) {
        clock.set(now);
        out++;
        if (state != State.CLOSED) {
            if (!machine().tryAcquirePermission()) {
                throw new IllegalStateException("taken from a breaker that admits nobody");
            }
            follow(now);
            probing++;
        }
    }

    @Override
    public void settle(Demand demand, Settlement end, long now) {
        out--;
        ErrorKind error = end.error();
        boolean answered =
                end.succeeded() || (error == ErrorKind.INVALID_ANSWER && end.delivery() == Delivery.ANSWERED);
        if (answered) {
            wasAnswered = true;
            silentSince = now;
        }
        if (now - end.elapsed().toNanos() <= openedAt) {
            return;
        }
        clock.set(now);
        long nanos = end.elapsed().toNanos();
        if (answered) {
            if (state == State.CLOSED) {
                ramp = ramp < rampGoal ? ramp + 1 : NO_RAMP;
            }
            if (machine == null) {
                answers = Math.min(answers + 1, spec.window());
            } else {
                machine.onSuccess(nanos, TimeUnit.NANOSECONDS);
            }
        } else if (error != null && end.isFault()) {
            machine()
                    .onError(
                            nanos,
                            TimeUnit.NANOSECONDS,
                            ApiException.builder(error, error.label()).build());
        } else if (probing > 0) {
            probing--;
            machine().releasePermission();
        }
        follow(now);
    }

    @Override
    public @Nullable ErrorKind shut(long now) {
        return state != State.CLOSED && waitNanos(Demand.REQUEST, now) > 0 ? ErrorKind.CIRCUIT_OPEN : null;
    }

    /** Open, or probing, without an answer for too long. */
    @Override
    public @Nullable String standstill(long now) {
        if (standstillNanos(now) > 0) {
            return null;
        }
        Duration silent = silent(now);
        Duration most = longestSilence();
        return wasAnswered
                ? "no call was answered for " + silent.toSeconds() + " s; giveUpAfter is " + most.toSeconds() + " s"
                : "no call was ever answered, " + silent.toSeconds()
                        + " s after the first ones failed; firstAnswerWithin is " + most.toSeconds() + " s";
    }

    @Override
    public long standstillNanos(long now) {
        if (state == State.CLOSED) {
            return UNTIL_SETTLED;
        }
        Duration left = longestSilence().minus(silent(now));
        return left.compareTo(CoolDown.FOREVER) > 0 ? UNTIL_SETTLED : Math.max(0, left.toNanos());
    }

    private Duration silent(long now) {
        return Duration.ofNanos(now - silentSince);
    }

    private Duration longestSilence() {
        return wasAnswered ? spec.giveUpAfter() : spec.firstAnswerWithin();
    }

    @Override
    public void tryAgain(long now) {
        if (state == State.OPEN) {
            clock.set(now);
            machine().transitionToHalfOpenState();
            follow(now);
        }
        silentSince = now;
    }

    /** Empty while it limits nothing. */
    @Override
    public List<Level> levels(long now) {
        return switch (state) {
            case OPEN -> List.of(level(0, now < halfOpenAt() ? 0 : spec.probes()));
            case HALF_OPEN -> List.of(level(probing, spec.probes()));
            case CLOSED -> ramp == NO_RAMP ? List.of() : List.of(level(out, ramp));
        };
    }

    private Level level(int used, int limit) {
        return new Level(name(), used, limit, Origin.LEARNED);
    }

    /** The machine half-opens after its wait, not at the end of it. */
    private long halfOpenAt() {
        return openedAt + TimeUnit.MILLISECONDS.toNanos(spec.openFor().toMillis()) + 1;
    }

    private CircuitBreaker machine() {
        if (machine == null) {
            machine = CircuitBreaker.of(
                    "breaker",
                    CircuitBreakerConfig.custom()
                            .slidingWindow(spec.window(), spec.minCalls(), SlidingWindowType.COUNT_BASED)
                            .failureRateThreshold(Math.max(Float.MIN_VALUE, (float) (100 * spec.failureShare())))
                            .slowCallDurationThreshold(NEVER_SLOW)
                            .permittedNumberOfCallsInHalfOpenState(spec.probes())
                            .waitDurationInOpenState(spec.openFor())
                            .automaticTransitionFromOpenToHalfOpenEnabled(false)
                            .clock(clock)
                            .currentTimestampFunction(unused -> clock.nanos(), TimeUnit.NANOSECONDS)
                            .build());
            for (int i = 0; i < answers; i++) {
                machine.onSuccess(0, TimeUnit.NANOSECONDS);
            }
        }
        return machine;
    }

    private void follow(long now) {
        if (machine == null) {
            return;
        }
        State is = State.valueOf(machine.getState().name());
        if (is == state) {
            return;
        }
        if (state == State.CLOSED) {
            silentSince = now;
        }
        state = is;
        probing = 0;
        if (is == State.OPEN) {
            openedAt = now;
            rampGoal = Math.max(ramp == NO_RAMP ? 0 : rampGoal, out + 1);
            ramp = spec.probes();
        }
        changed.accept(is);
    }
}
