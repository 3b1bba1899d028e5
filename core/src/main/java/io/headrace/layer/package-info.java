/**
 * What goes round a call: retry, timeout, cache, validation, fallback, observation. Each {@link io.headrace.Layer} works
 * alone for any request and answer; {@link io.headrace.layer.CallStack} puts them in the recommended order. Nothing here
 * knows a provider, a step or a run.
 */
@NullMarked
package io.headrace.layer;

import org.jspecify.annotations.NullMarked;
