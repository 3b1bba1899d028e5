/**
 * Who may send, and when: a {@link io.headrace.admission.ConcurrencyLimit} lets so many attempts go at a time and keeps the
 * others waiting in order. Every attempt takes its own permit, so the layer stands inside the retries. Nothing here knows a
 * provider, a cache or a step.
 */
@NullMarked
package io.headrace.admission;

import org.jspecify.annotations.NullMarked;
