/**
 * Programs to read and to run, one idea each: start with {@link io.headrace.examples.FirstCall}. They run against the
 * simulated provider, so they need no key and cost nothing. Nothing depends on them.
 */
@NullMarked
package io.headrace.examples;

import org.jspecify.annotations.NullMarked;
