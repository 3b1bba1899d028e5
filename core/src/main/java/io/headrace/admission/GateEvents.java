package io.headrace.admission;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Collects what happens under a gate's lock and tells it after the lock. */
final class GateEvents {

    private static final Logger LOG = LoggerFactory.getLogger(Gate.class);

    private final Consumer<? super GateEvent> listener;
    private final List<GateEvent> untold = new ArrayList<>();

    GateEvents(Consumer<? super GateEvent> listener) {
        this.listener = listener;
    }

    /** Under the gate's lock. */
    void add(GateEvent event) {
        untold.add(event);
    }

    /** Under the gate's lock: has all that was added told later. */
    void handOver(Deferred deferred) {
        for (GateEvent event : untold) {
            deferred.add(() -> tell(event));
        }
        untold.clear();
    }

    private void tell(GateEvent event) {
        LOG.warn("{}", event);
        try {
            listener.accept(event);
        } catch (RuntimeException e) {
            LOG.warn("a gate's listener failed, the gate goes on", e);
        }
    }
}
