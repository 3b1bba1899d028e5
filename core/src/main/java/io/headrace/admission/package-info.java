/**
 * Who may send, and when: a {@link io.headrace.admission.Gate} keeps attempts waiting in order until all
 * {@link io.headrace.admission.Resource}s that they use up have room. Every attempt takes its own, so the layer stands inside the
 * retries. Nothing here knows a provider, a cache or a step.
 */
@NullMarked
package io.headrace.admission;

import org.jspecify.annotations.NullMarked;
