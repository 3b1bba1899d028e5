package io.headrace.admission;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Callers that always have one more call to make, behind a gate of a few lines, in simulated time. */
final class HungryClients {

    /** A call: on its way to the server first, on its way back then. No lambda: C1 makes those that capture ten times as slowly. */
    private final class Flight implements Runnable {

        private final Demand demand;
        private final double sentAt = now;
        private HiddenServer.@Nullable Verdict verdict;

        Flight(Demand demand) {
            this.demand = demand;
        }

        @Override
        public void run() {
            if (verdict == null) {
                verdict = server.arrive(demand.tokens(), now);
                at(verdict.at(), this);
                return;
            }
            if (!verdict.refused()) {
                server.done();
            }
            end(demand, verdict, sentAt);
        }
    }

    private final HiddenServer server;
    private final Resource[] resources;
    private final int window;
    private final boolean uneven;
    private final Random random;
    private final Runnable woken = this::wake;
    private double now;
    /** What is to come, a heap by time: a PriorityQueue took as long as all else. */
    private Runnable[] events = new Runnable[1 << 12];

    private double[] times = new double[1 << 12];
    private int eventCount;
    private int inFlight;
    private Demand even = new Demand(100, 0, Cost.ZERO);
    private Demand next;
    private double wakeAt = Double.POSITIVE_INFINITY;

    long sent;
    long refused;
    long answered;

    HungryClients(HiddenServer server, List<Resource> resources, int window, boolean uneven, long seed) {
        this.server = server;
        this.resources = resources.toArray(Resource[]::new);
        this.window = window;
        this.uneven = uneven;
        this.random = new Random(seed);
        this.next = demand();
    }

    /** Every call counts for as much; 100 tokens without this. */
    HungryClients counting(Demand demand) {
        even = demand;
        next = demand();
        return this;
    }

    /** Runs until {@code end}, in seconds. */
    void runUntil(double end) {
        admit();
        while (eventCount > 0 && times[0] <= end) {
            now = times[0];
            poll().run();
        }
        now = end;
    }

    double now() {
        return now;
    }

    private void at(double time, Runnable what) {
        if (eventCount == events.length) {
            events = Arrays.copyOf(events, 2 * eventCount);
            times = Arrays.copyOf(times, 2 * eventCount);
        }
        int place = eventCount++;
        for (int parent = (place - 1) / 2; place > 0 && times[parent] > time; parent = (place - 1) / 2) {
            events[place] = events[parent];
            times[place] = times[parent];
            place = parent;
        }
        events[place] = what;
        times[place] = time;
    }

    private Runnable poll() {
        Runnable first = events[0];
        Runnable last = events[--eventCount];
        double time = times[eventCount];
        int place = 0;
        for (int child = 1; child < eventCount; child = 2 * place + 1) {
            if (child + 1 < eventCount && times[child + 1] < times[child]) {
                child++;
            }
            if (times[child] >= time) {
                break;
            }
            events[place] = events[child];
            times[place] = times[child];
            place = child;
        }
        events[place] = last;
        times[place] = time;
        return first;
    }

    private Demand demand() {
        if (!uneven) {
            return even;
        }
        // from 50 to 2,000 tokens, ten times as many small ones as large ones, 280 on average
        double size = Math.exp(Math.log(50) + 3.69 * Math.pow(random.nextDouble(), 2));
        return new Demand((long) size, 0, Cost.ZERO);
    }

    private long nanos(double time) {
        return (long) (time * 1e9);
    }

    private void admit() {
        while (inFlight < window) {
            long wait = 0;
            for (Resource resource : resources) {
                wait = Math.max(wait, resource.waitNanos(next, nanos(now)));
            }
            if (wait == Resource.UNTIL_SETTLED) {
                return;
            }
            if (wait > 0) {
                double wake = now + wait / 1e9 + 1e-9;
                if (wake < wakeAt) {
                    wakeAt = wake;
                    at(wake, woken);
                }
                return;
            }
            Demand demand = next;
            next = demand();
            for (Resource resource : resources) {
                resource.take(demand, nanos(now));
            }
            send(demand);
        }
    }

    private void wake() {
        if (wakeAt == now) {
            wakeAt = Double.POSITIVE_INFINITY;
            admit();
        }
    }

    private void send(Demand demand) {
        inFlight++;
        sent++;
        at(now + server.wire(), new Flight(demand));
    }

    private void end(Demand demand, HiddenServer.Verdict verdict, double sentAt) {
        inFlight--;
        Duration elapsed = Duration.ofNanos(nanos(now) - nanos(sentAt));
        Settlement end;
        if (verdict.refused()) {
            refused++;
            Duration hint = verdict.hint() < 0 ? null : Duration.ofNanos(nanos(verdict.hint()));
            end = new Settlement(Delivery.REFUSED, Usage.ZERO, Cost.ZERO, ErrorKind.RATE_LIMITED, hint, elapsed);
        } else {
            answered++;
            end = Settlement.answered(Usage.of(demand.tokens(), 0), Cost.ZERO, elapsed);
        }
        for (Resource resource : resources) {
            resource.settle(demand, end, nanos(now));
        }
        admit();
    }
}
