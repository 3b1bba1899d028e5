package io.headrace.testkit;

import java.util.Map;

/**
 * What a simulated provider was asked, from its start.
 *
 * @param requests all requests, whatever became of them
 * @param answered answers that were sent whole
 * @param answeredAgain those of them whose body had been answered before: what a client paid twice; always 0 where occurrences
 *     are not counted
 * @param rejected requests that were refused for their form: path, key, version, body
 * @param faults how often each fault was played, by its label
 * @param cancelled requests whose client went away before the answer
 * @param inFlight requests that are open now
 * @param maxInFlight the most that were open at once
 */
public record SimulatorStatistics(
        long requests,
        long answered,
        long answeredAgain,
        long rejected,
        Map<String, Long> faults,
        long cancelled,
        int inFlight,
        int maxInFlight) {

    public SimulatorStatistics {
        faults = Map.copyOf(faults);
    }

    /** How often the fault with that label was played. */
    public long faults(String label) {
        return faults.getOrDefault(label, 0L);
    }
}
