/**
 * The vocabulary that everything else speaks: a {@link io.headrace.Call} and the {@link io.headrace.Layer}s round it, an
 * {@link io.headrace.Item} and its {@link io.headrace.Outcome}, and what a call cost. Start with {@code Call} for one
 * request and with {@code Outcome} for a stream of them. Nothing here knows a provider, a file or a scheduler.
 */
@NullMarked
package io.headrace;

import org.jspecify.annotations.NullMarked;
