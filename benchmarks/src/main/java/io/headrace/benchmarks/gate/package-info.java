/**
 * What issue by issue was promised of the gate, shown over real sockets against the simulated provider. {@link
 * io.headrace.benchmarks.gate.GateBars} runs a row; each row prints its figure beside its bar.
 */
@NullMarked
package io.headrace.benchmarks.gate;

import org.jspecify.annotations.NullMarked;
