package io.headrace.run;

import io.headrace.admission.Gate;
import io.headrace.admission.GateSnapshot;
import io.headrace.admission.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How the limits of a run's gates changed while it ran, and when a gate was at a standstill: looked at now and then, and noted where
 * something is not what it was. Keeps a bounded number of points, every second one of the older when there are too many. Thread-safe.
 */
final class LimitTrace {

    /** Points kept at most. */
    static final int CAPACITY = 2_000;

    private final List<Gate> gates;
    private final Map<String, Double> last = new HashMap<>();
    private final Set<String> standing = new HashSet<>();
    private final List<RunReport.LimitPoint> points = new ArrayList<>();

    LimitTrace(List<Gate> gates) {
        this.gates = gates;
    }

    List<GateSnapshot> gates() {
        return gates.stream().map(Gate::snapshot).toList();
    }

    /** Looks at the gates, {@code elapsed} after the run's start; gives what the report is to say of standstills that came or went. */
    synchronized List<String> look(Duration elapsed) {
        List<String> news = new ArrayList<>();
        for (GateSnapshot gate : gates()) {
            gate.shared().forEach(level -> note(elapsed, gate.gate(), "", level));
            gate.keys().forEach(key -> key.levels().forEach(level -> note(elapsed, gate.gate(), key.name(), level)));
            boolean stands = gate.paused() && !gate.standstill().isEmpty();
            if (stands && standing.add(gate.gate())) {
                news.add("paused until it is resumed, after " + elapsed.toSeconds() + " s: " + gate.standstill());
            } else if (!stands && standing.remove(gate.gate())) {
                news.add("gate '" + gate.gate() + "' goes on after " + elapsed.toSeconds() + " s");
            }
        }
        return news;
    }

    synchronized List<RunReport.LimitPoint> points() {
        return List.copyOf(points);
    }

    private void note(Duration elapsed, String gate, String key, Level level) {
        if (!Double.isFinite(level.limit())) {
            return;
        }
        Double before = last.put(gate + '\n' + key + '\n' + level.resource() + level.origin(), level.limit());
        if (before != null && before == level.limit()) {
            return;
        }
        if (points.size() == CAPACITY) {
            for (int i = CAPACITY - 2; i > 0; i -= 2) {
                points.remove(i);
            }
        }
        points.add(new RunReport.LimitPoint(elapsed, gate, key, level.resource(), level.limit(), level.origin()));
    }
}
