package io.headrace.benchmarks.gate;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.admission.Charge;
import io.headrace.admission.Gate;
import io.headrace.admission.Rate;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.testkit.Latency;
import io.headrace.testkit.QuotaStatistics;
import io.headrace.testkit.SimulatedQuota;
import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatorChange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;

/** The client knows the limits: 600 requests and 60,000 tokens a minute, uneven sizes, 60 s. How much of them is used? */
final class ConfiguredLimits {

    private static final Duration TIME = Duration.ofSeconds(60);
    private static final int CALLERS = 300;

    private ConfiguredLimits() {}

    static List<Figure> run() {
        SimulatedQuota even = SimulatedQuota.unlimited()
                .limit(Dimension.REQUESTS, new SimulatedQuota.Rate(600, 100))
                .limit(Dimension.TOKENS, new SimulatedQuota.Rate(60_000, 10_000));
        SimulatedQuota minute =
                SimulatedQuota.unlimited().requestsPerMinute(600).tokensPerMinute(60_000);
        SimulatedQuota parts = SimulatedQuota.unlimited()
                .limit(Dimension.REQUESTS, new SimulatedQuota.Rate(600, 100))
                .limit(Dimension.INPUT_TOKENS, new SimulatedQuota.Rate(40_000, 6_666))
                .limit(Dimension.OUTPUT_TOKENS, new SimulatedQuota.Rate(20_000, 3_333));
        try (Loopback loopback = Loopback.open(Latency.uniform(Duration.ofMillis(100), Duration.ofMillis(500)))) {
            loopback.provider()
                    .change(
                            SimulatorChange.keyQuota("even", even),
                            SimulatorChange.keyQuota("minute", minute),
                            SimulatorChange.keyQuota("parts", parts));
            Clients clients = new Clients();
            Mono<Void> all = Mono.when(
                    saturate(clients, loopback.openAi("even", tenSeconds()).build()),
                    saturate(clients, loopback.openAi("minute", wholeMinute()).build()),
                    saturate(clients, loopback.anthropic("parts", inParts())));
            all.takeUntilOther(Mono.delay(TIME)).block();
            List<Figure> figures = new ArrayList<>();
            figures.add(figure("OpenAI, ten seconds' worth at once", loopback, "even"));
            figures.add(figure("OpenAI, a minute's worth at once", loopback, "minute"));
            figures.add(figure("Anthropic, input and output apart, ten seconds' worth", loopback, "parts"));
            figures.add(new Figure(
                    "calls failed", clients.failed() + " " + clients.firstFailure(), "0", clients.failed() == 0));
            return figures;
        }
    }

    private static Mono<Void> saturate(Clients clients, Call<ChatRequest, ChatResponse> call) {
        return clients.saturate(CALLERS, call, new Requests("simulated", 5, 90, 25, 1), CallOptions.NONE);
    }

    private static Gate tenSeconds() {
        return Gate.builder("even")
                .rate(Charge.REQUESTS, Rate.perMinute(600).withBurst(100))
                .rate(Charge.RESERVED_TOKENS, Rate.perMinute(60_000).withBurst(10_000))
                .build();
    }

    private static Gate wholeMinute() {
        return Gate.builder("minute")
                .rate(Charge.REQUESTS, Rate.perMinute(600))
                .rate(Charge.RESERVED_TOKENS, Rate.perMinute(60_000))
                .build();
    }

    private static Gate inParts() {
        return Gate.builder("parts")
                .rate(Charge.REQUESTS, Rate.perMinute(600).withBurst(100))
                .rate(Charge.INPUT_TOKENS, Rate.perMinute(40_000).withBurst(6_666))
                .rate(Charge.OUTPUT_TOKENS, Rate.perMinute(20_000).withBurst(3_333))
                .build();
    }

    private static Figure figure(String what, Loopback loopback, String key) {
        QuotaStatistics seen = loopback.provider().quotaStatistics(key);
        Dimension binding = Dimension.REQUESTS;
        for (Dimension dimension : Dimension.values()) {
            binding = seen.use(dimension) > seen.use(binding) ? dimension : binding;
        }
        return new Figure(
                what,
                Figure.percent(seen.use(binding)) + " of " + binding + " used in " + TIME.toSeconds() + " s (requests "
                        + Figure.percent(seen.use(Dimension.REQUESTS)) + "), " + seen.granted() + " calls, "
                        + seen.refused() + " answered 429",
                "97 % and no 429",
                seen.use(binding) >= 0.97 && seen.refused() == 0);
    }
}
