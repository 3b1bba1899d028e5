package io.headrace.run;

import io.headrace.admission.GateSnapshot;
import io.headrace.flow.FlowControl.Load;
import java.util.Comparator;
import java.util.List;

/** Says what keeps a run from going faster. */
final class Binding {

    private Binding() {}

    /**
     * @param inFlight attempts sent and not ended
     * @return the name of a gate's resource, such as {@code requests per minute} or {@code budget}; {@code paused},
     *     {@code concurrency} of the steps, {@code server}, {@code downstream} or {@code input}
     */
    static String of(boolean paused, List<GateSnapshot> gates, List<Load> steps, long inFlight) {
        if (paused) {
            return "paused";
        }
        GateSnapshot crowded = gates.stream()
                .filter(gate -> gate.waiting() > 0 && !gate.binding().isEmpty())
                .max(Comparator.comparingInt(GateSnapshot::waiting))
                .orElse(null);
        if (crowded != null) {
            return crowded.binding();
        }
        for (Load step : steps) {
            if (step.finished() > 0
                    && step.finished() + step.working() >= step.concurrency()
                    && step.working() * 2 < step.concurrency()) {
                return "downstream";
            }
        }
        for (Load step : steps) {
            if (step.working() >= step.concurrency()) {
                return "concurrency";
            }
        }
        return inFlight > 0 ? "server" : "input";
    }
}
