package io.headrace.admission;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The changes of some limits, bounded: when it is full it keeps every second one, so the whole time stays covered. */
final class LimitHistory {

    private static final int MOST = 600;

    /** Smaller steps are not noted. */
    private static final double NOTABLE = 0.05;

    private final List<LimitChange> changes = new ArrayList<>();
    private final Map<String, Double> last = new HashMap<>();

    void note(long at, String limit, double value, String cause) {
        Double before = last.get(limit);
        if (before != null && !isNotable(before, value)) {
            return;
        }
        last.put(limit, value);
        if (changes.size() == MOST) {
            List<LimitChange> kept = new ArrayList<>();
            for (int i = 0; i < MOST; i += 2) {
                kept.add(changes.get(i));
            }
            changes.clear();
            changes.addAll(kept);
        }
        changes.add(new LimitChange(at, limit, value, cause));
    }

    private static boolean isNotable(double before, double value) {
        return Double.isInfinite(before) ? !Double.isInfinite(value) : !(Math.abs(value - before) <= NOTABLE * before);
    }

    List<LimitChange> changes() {
        return List.copyOf(changes);
    }
}
