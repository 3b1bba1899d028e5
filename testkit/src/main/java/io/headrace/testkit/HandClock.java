package io.headrace.testkit;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Objects;

/** A clock that goes when it is told to, for a {@link SimulatedProvider} whose batches take hours. In UTC. Thread-safe. */
public final class HandClock extends Clock {

    private volatile Instant now;

    /** A clock that stands at {@code start}. */
    public HandClock(Instant start) {
        this.now = Objects.requireNonNull(start, "start");
    }

    /** Moves on by so much. */
    public synchronized void advance(Duration duration) {
        now = now.plus(duration);
    }

    /** Moves to {@code instant}, which may be earlier. */
    public synchronized void set(Instant instant) {
        now = Objects.requireNonNull(instant, "instant");
    }

    @Override
    public Instant instant() {
        return now;
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("one zone is enough");
    }
}
