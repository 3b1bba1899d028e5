/**
 * Runs that survive the death of the process: a {@link io.headrace.run.Checkpoint} makes the results of a stream durable
 * and skips what is done, a {@code Run} puts resume, progress, report and graceful stop round it. Nothing here knows how
 * a call is made.
 */
@NullMarked
package io.headrace.run;

import org.jspecify.annotations.NullMarked;
