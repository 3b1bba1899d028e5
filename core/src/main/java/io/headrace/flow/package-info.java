/**
 * Streams of items: a {@link io.headrace.flow.Step} is a named function from outcomes to outcomes, a
 * {@link io.headrace.flow.Pipeline} several of them in a row. Both are plain {@code Flux} functions for
 * {@code Flux.transform}. Nothing here knows a file, a run or how a call is made.
 */
@NullMarked
package io.headrace.flow;

import org.jspecify.annotations.NullMarked;
