package io.headrace.testkit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Decides which request meets which fault: first the queue, then the rules in order, then the rate. Thread-safe. */
final class FaultScript {

    private record Rule(Predicate<SimulatedRequest> when, Fault fault) {}

    private final double rate;
    private final List<Fault> mixture;
    private final Deque<Fault> queue = new ArrayDeque<>();
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private volatile boolean queued;

    FaultScript(double rate, List<Fault> mixture) {
        this.rate = rate;
        this.mixture = List.copyOf(mixture);
    }

    void next(int requests, Fault fault) {
        synchronized (queue) {
            for (int i = 0; i < requests; i++) {
                queue.add(fault);
            }
            queued = !queue.isEmpty();
        }
    }

    void when(Predicate<SimulatedRequest> when, Fault fault) {
        rules.add(new Rule(when, fault));
    }

    void clear() {
        rules.clear();
        synchronized (queue) {
            queue.clear();
            queued = false;
        }
    }

    /** Whether the next queued fault is a reset before reading; takes it if so. */
    boolean takeResetBeforeRead() {
        if (!queued) {
            return false;
        }
        synchronized (queue) {
            if (queue.peek() != Fault.Disruption.RESET_BEFORE_READ) {
                return false;
            }
            take();
            return true;
        }
    }

    /** The fault for a request that was read, null for none. */
    @Nullable
    Fault decide(SimulatedRequest request, RandomGenerator random) {
        boolean struck = random.nextDouble() < rate;
        int pick = random.nextInt();
        if (queued) {
            synchronized (queue) {
                Fault next = take();
                if (next != null) {
                    return next;
                }
            }
        }
        for (Rule rule : rules) {
            if (rule.when().test(request)) {
                return rule.fault();
            }
        }
        return struck ? mixture.get(Math.floorMod(pick, mixture.size())) : null;
    }

    private @Nullable Fault take() {
        Fault next = queue.poll();
        queued = !queue.isEmpty();
        return next;
    }
}
