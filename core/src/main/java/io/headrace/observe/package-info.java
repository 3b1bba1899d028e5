/**
 * What can be seen of calls while they run: {@link io.headrace.observe.CallListener} is told every
 * {@link io.headrace.observe.CallEvent}, {@link io.headrace.observe.Statistics} counts them, and
 * {@link io.headrace.observe.AttemptLog} notes attempts before they are sent.
 * Nothing here knows a cache, a step or a run.
 */
@NullMarked
package io.headrace.observe;

import org.jspecify.annotations.NullMarked;
