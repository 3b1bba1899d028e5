package io.headrace.testkit;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** The numbers behind {@link SimulatorStatistics}. Thread-safe. */
final class Counters {

    private final LongAdder requests = new LongAdder();
    private final LongAdder answered = new LongAdder();
    private final LongAdder answeredAgain = new LongAdder();
    final LongAdder rejected = new LongAdder();
    final LongAdder cancelled = new LongAdder();
    private final ConcurrentMap<String, LongAdder> faults = new ConcurrentHashMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicInteger maxInFlight = new AtomicInteger();

    void enter() {
        requests.increment();
        int now = inFlight.incrementAndGet();
        if (now > maxInFlight.get()) {
            maxInFlight.accumulateAndGet(now, Math::max);
        }
    }

    void leave() {
        inFlight.decrementAndGet();
    }

    /** Counts the {@code number}-th answer to a body. */
    void answered(int number) {
        answered.increment();
        if (number > 1) {
            answeredAgain.increment();
        }
    }

    void fault(String label) {
        faults.computeIfAbsent(label, any -> new LongAdder()).increment();
    }

    SimulatorStatistics snapshot() {
        Map<String, Long> byLabel = new HashMap<>();
        faults.forEach((label, count) -> byLabel.put(label, count.sum()));
        return new SimulatorStatistics(
                requests.sum(),
                answered.sum(),
                answeredAgain.sum(),
                rejected.sum(),
                byLabel,
                cancelled.sum(),
                inFlight.get(),
                maxInFlight.get());
    }
}
