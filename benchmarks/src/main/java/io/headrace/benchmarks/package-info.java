/**
 * Whole-pipeline comparisons: {@link io.headrace.benchmarks.Compare} runs {@link io.headrace.benchmarks.RawClient} and
 * {@link io.headrace.benchmarks.HeadraceClient} in turn, each in a process of its own, against one
 * {@link io.headrace.benchmarks.LeanServer}. Not published.
 */
@NullMarked
package io.headrace.benchmarks;

import org.jspecify.annotations.NullMarked;
