package io.headrace.provider.http;

import java.time.Duration;

/** How long an exchange may take, from the start of sending. */
record TimeLimits(Duration firstByte, Duration idle, Duration total) {}
