package io.headrace.admission;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A clock that shows what it was set to, for code that wants a clock and is told the time. */
final class HandClock extends Clock {

    private long nanos;

    void set(long nanos) {
        this.nanos = nanos;
    }

    long nanos() {
        return nanos;
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochSecond(0, nanos);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return this;
    }
}
