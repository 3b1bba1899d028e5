package io.headrace.admission;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Gates in virtual time, without what they would find out by themselves. */
abstract class VirtualGates {

    final VirtualTimeScheduler time = VirtualTimeScheduler.create();

    final List<GateEvent> events = new ArrayList<>();

    @AfterEach
    void stopTime() {
        time.dispose();
    }

    GateBuilder gate() {
        return Gate.builder("test")
                .notAdaptive()
                .noBreaker()
                .listener(events::add)
                .scheduler(() -> time);
    }
}
