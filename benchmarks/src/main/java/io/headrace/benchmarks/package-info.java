/** Comparisons with raw Reactor Netty, and the lean server that both sides are measured against. Not published. */
@NullMarked
package io.headrace.benchmarks;

import org.jspecify.annotations.NullMarked;
