package io.headrace.cli;

import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;

/** How a simulated provider behaves, as both commands let people say it. */
record SimulatorSettings(Duration latency, double faults, long seed) {

    /** A provider to start. Any key is good, also none, and no request is kept. */
    SimulatedProvider.Builder builder() {
        return SimulatedProvider.builder()
                .latency(latency.isZero() ? Latency.none() : Latency.fixed(latency))
                .faults(faults)
                .seed(seed)
                .requireKey(false)
                .keepRequests(0);
    }
}
