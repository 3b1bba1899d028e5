package io.headrace.cli;

import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;

/**
 * How a simulated provider behaves, as both commands let people say it.
 *
 * @param spread sigma of a log-normal distribution with {@code latency} as its median; 0 if all take the same
 */
record SimulatorSettings(Duration latency, double spread, double faults, long seed) {

    /** A provider to start. Any key is good, also none, and no request is kept. */
    SimulatedProvider.Builder builder() {
        return SimulatedProvider.builder()
                .latency(
                        latency.isZero()
                                ? Latency.none()
                                : spread == 0 ? Latency.fixed(latency) : Latency.logNormal(latency, spread))
                .faults(faults)
                .seed(seed)
                .requireKey(false)
                .keepRequests(0);
    }
}
