package io.headrace.benchmarks.gate;

import io.headrace.CallOptions;
import io.headrace.admission.Gate;
import io.headrace.testkit.Latency;
import io.headrace.testkit.QuotaStatistics;
import io.headrace.testkit.QuotaStatistics.Second;
import io.headrace.testkit.SimulatedQuota;
import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatorChange;
import io.headrace.testkit.SimulatorScript;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * For a minute every call is answered 429, then all is as before. One key has a stated concurrency, one nothing and a hidden limit;
 * of each kind one server names a delay of 5 s and one none.
 */
final class RefusalStorm {

    private static final int WARM = 30;
    private static final int STORM = 60;
    private static final int END = WARM + STORM + 20;
    private static final int SLOTS = 8;
    private static final int HIDDEN = 40;
    private static final @Nullable Duration[] HINTS = {Duration.ofSeconds(5), null};

    private RefusalStorm() {}

    static List<Figure> run() {
        List<Mono<Void>> loads = new ArrayList<>();
        List<Loopback> servers = new ArrayList<>();
        Clients clients = new Clients();
        try {
            for (int i = 0; i < HINTS.length; i++) {
                Loopback server = Loopback.hidden(Latency.fixed(Duration.ofMillis(200)));
                servers.add(server);
                loads.add(saturate(
                        clients,
                        server,
                        "stated",
                        Gate.builder("stated").concurrency(SLOTS).build()));
                loads.add(saturate(
                        clients, server, "hidden", Gate.builder("hidden").build()));
            }
            for (int i = 0; i < HINTS.length; i++) {
                servers.get(i).provider().play(script(HINTS[i]));
            }
            Mono.when(loads).takeUntilOther(Mono.delay(Duration.ofSeconds(END))).block();
            List<Figure> figures = new ArrayList<>();
            for (int i = 0; i < HINTS.length; i++) {
                String hint = HINTS[i] == null ? "no delay named" : "delay of 5 s named";
                for (String key : List.of("stated", "hidden")) {
                    QuotaStatistics seen = servers.get(i).provider().quotaStatistics(key);
                    figures.addAll(figures(key + " limit, " + hint, seen));
                }
            }
            figures.add(new Figure(
                    "calls failed", clients.failed() + " " + clients.firstFailure(), "0", clients.failed() == 0));
            return figures;
        } finally {
            servers.forEach(Loopback::close);
        }
    }

    private static Mono<Void> saturate(Clients clients, Loopback server, String key, Gate gate) {
        return clients.saturate(
                100, server.openAi(key, gate).build(), new Requests("simulated", 5, 10, 10, 1), CallOptions.NONE);
    }

    private static List<Figure> figures(String what, QuotaStatistics seen) {
        long[] granted = Seconds.of(seen, END, Second::granted);
        long[] refused = Seconds.of(seen, END, Second::refused);
        int calm = WARM + STORM;
        long before = (long) Seconds.sum(granted, WARM - 10, WARM) / 10;
        long first = (long) Seconds.sum(refused, WARM, WARM + 2);
        long probes = (long) Seconds.sum(refused, WARM + 2, calm + 1);
        int back = calm + 1;
        while (back < END && granted[back] < 0.9 * before) {
            back++;
        }
        return List.of(
                new Figure(
                        what + ", refused",
                        first + " in the first two seconds, " + probes + " in the rest of the minute",
                        "at most a burst for each cool-down: 100 and then 1 in a second",
                        first <= 100 && probes <= STORM),
                new Figure(
                        what + ", speed",
                        before + " calls a second before, 90 % of that " + (back - calm) + " s after the end, "
                                + (long) Seconds.sum(granted, calm + 10, END) / (END - calm - 10)
                                + " a second from 10 s on",
                        "full speed within 10 s",
                        back - calm <= 10
                                && (long) Seconds.sum(granted, calm + 10, END) >= 0.9 * before * (END - calm - 10)));
    }

    private static SimulatorScript script(@Nullable Duration hint) {
        SimulatedQuota hidden =
                SimulatedQuota.unlimited().limit(Dimension.REQUESTS, new SimulatedQuota.Rate(60 * HIDDEN, HIDDEN));
        return SimulatorScript.of(SimulatorChange.keyQuota("hidden", hidden))
                .after(Duration.ofSeconds(WARM), SimulatorChange.storm(Duration.ofSeconds(STORM), hint));
    }
}
