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
import java.util.function.ToLongFunction;
import reactor.core.publisher.Mono;

/**
 * Nothing is configured and the server tells nothing: how soon is its limit found and followed? 30 s, then twice as much for 50 s,
 * then a quarter of that for 30 s. One key is limited by requests, the other by tokens.
 */
final class HiddenLimit {

    private static final int DOUBLED = 30;
    private static final int FELL = 80;
    private static final int END = 110;
    private static final int PER_SECOND = 40;
    private static final int TOKENS_PER_SECOND = 3_000;

    /** What counts as having reached a limit: this many seconds together at 95 %. */
    private static final int WINDOW = 5;

    /** And as having kept it: so many seconds at the end of a phase, when the first burst is long spent. */
    private static final int HELD = 10;

    private static final int CALLERS = 400;

    private HiddenLimit() {}

    static List<Figure> run() {
        try (Loopback loopback = Loopback.hidden(Latency.uniform(Duration.ofMillis(100), Duration.ofMillis(500)))) {
            loopback.provider()
                    .play(SimulatorScript.of(
                                    SimulatorChange.keyQuota("requests", quota(Dimension.REQUESTS, PER_SECOND)),
                                    SimulatorChange.keyQuota("tokens", quota(Dimension.TOKENS, TOKENS_PER_SECOND)))
                            .after(Duration.ofSeconds(DOUBLED), SimulatorChange.timesQuotas(2))
                            .after(Duration.ofSeconds(FELL), SimulatorChange.timesQuotas(0.25)));
            Clients clients = new Clients();
            Mono.when(saturate(loopback, clients, "requests"), saturate(loopback, clients, "tokens"))
                    .takeUntilOther(Mono.delay(Duration.ofSeconds(END)))
                    .block();
            List<Figure> figures = new ArrayList<>();
            figures.addAll(figures("requests", loopback, PER_SECOND, Second::granted));
            figures.addAll(figures("tokens", loopback, TOKENS_PER_SECOND, Second::tokens));
            figures.add(new Figure(
                    "calls failed", clients.failed() + " " + clients.firstFailure(), "0", clients.failed() == 0));
            return figures;
        }
    }

    private static SimulatedQuota quota(Dimension dimension, long perSecond) {
        return SimulatedQuota.unlimited().limit(dimension, new SimulatedQuota.Rate(60 * perSecond, perSecond));
    }

    private static Mono<Void> saturate(Loopback loopback, Clients clients, String key) {
        return clients.saturate(
                CALLERS,
                loopback.openAi(key, Gate.builder(key).build()).build(),
                new Requests("simulated", 5, 60, 25, 1),
                CallOptions.NONE);
    }

    private static List<Figure> figures(String key, Loopback loopback, double limit, ToLongFunction<Second> units) {
        QuotaStatistics seen = loopback.provider().quotaStatistics(key);
        long[] perSecond = Seconds.of(seen, END, units);
        String name = "hidden limit on " + key;
        return List.of(
                phase(name + ", from nothing", perSecond, 0, DOUBLED, limit),
                phase(name + ", doubled", perSecond, DOUBLED, FELL, 2 * limit),
                phase(name + ", a quarter of that", perSecond, FELL, END, limit / 2),
                new Figure(
                        name + ", refused",
                        Figure.percent(seen.refusedShare()) + " of " + (seen.granted() + seen.refused()) + " calls",
                        "under 2 %",
                        seen.refusedShare() < 0.02));
    }

    private static Figure phase(String what, long[] perSecond, int from, int to, double limit) {
        int reached = from + WINDOW;
        while (reached < to && Seconds.sum(perSecond, reached - WINDOW, reached) < 0.95 * WINDOW * limit) {
            reached++;
        }
        double held = Seconds.sum(perSecond, to - HELD, to) / limit / HELD;
        return new Figure(
                what,
                (reached < to
                                ? "95 % of " + WINDOW + " s after " + (reached - from) + " s"
                                : "95 % of no " + WINDOW + " s")
                        + ", of the last " + HELD + " of " + (to - from) + " s " + Figure.percent(held),
                "95 % of the last " + HELD + " s",
                held >= 0.95);
    }
}
