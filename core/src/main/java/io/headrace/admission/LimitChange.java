package io.headrace.admission;

/**
 * A point in the history of a limit.
 *
 * @param at in nanoseconds of the gate's scheduler
 * @param limit its name, such as {@link AdaptiveLimits#CONCURRENCY}
 * @param value what it was from then on; {@link Double#POSITIVE_INFINITY} for none
 * @param cause why it moved: used, refused, latency, server error
 */
public record LimitChange(long at, String limit, double value, String cause) {}
