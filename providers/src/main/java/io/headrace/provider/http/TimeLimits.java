package io.headrace.provider.http;

import java.time.Duration;

/** How long an exchange may take, from the start of sending. */
record TimeLimits(Duration firstByte, Duration idle, Duration total) {

    private static final Duration NEVER = Duration.ofDays(10_000);

    /** These without a limit on the whole. */
    TimeLimits withoutTotal() {
        return new TimeLimits(firstByte, idle, NEVER);
    }
}
