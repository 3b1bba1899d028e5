package io.headrace.benchmarks.gate;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.admission.Gate;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedQuota;
import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatorChange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/** Three tenants of weights 1, 2 and 5 want all of one quota, the second with requests ten times as large. Who gets how much? */
final class TenantShares {

    private static final Duration TIME = Duration.ofSeconds(60);
    private static final int[] WEIGHTS = {1, 2, 5};
    private static final int TOKENS_PER_SECOND = 5_000;

    /** So few that every answer uses up its bound: what is reserved, used and charged is the same. */
    private static final int ANSWER = 5;

    private TenantShares() {}

    static List<Figure> run() {
        SimulatedQuota quota = SimulatedQuota.unlimited()
                .limit(Dimension.TOKENS, new SimulatedQuota.Rate(60 * TOKENS_PER_SECOND, TOKENS_PER_SECOND));
        Gate gate = Gate.builder("tenants")
                .tokensPerMinute(60 * TOKENS_PER_SECOND)
                .tenantWeight("1", 1)
                .tenantWeight("2", 2)
                .tenantWeight("5", 5)
                .build();
        try (Loopback loopback = Loopback.open(Latency.fixed(Duration.ofMillis(200)))) {
            loopback.provider().change(SimulatorChange.keyQuota("one", quota));
            Call<ChatRequest, ChatResponse> call = loopback.openAi("one", gate).build();
            Clients clients = new Clients();
            Mono.when(
                            saturate(clients, call, "1", 20, 30),
                            saturate(clients, call, "2", 200, 300),
                            saturate(clients, call, "5", 20, 30))
                    .takeUntilOther(Mono.delay(TIME))
                    .block();
            Map<String, Long> tokens =
                    loopback.provider().quotaStatistics("one").tokensByModel();
            double all = tokens.values().stream().mapToLong(Long::longValue).sum();
            double weights = IntStream.of(WEIGHTS).sum();
            return IntStream.of(WEIGHTS)
                    .mapToObj(weight -> {
                        double share = tokens.getOrDefault(model(Integer.toString(weight)), 0L) / all;
                        double off = share / (weight / weights) - 1;
                        return new Figure(
                                "tenant of weight " + weight + (weight == 2 ? ", requests ten times as large" : ""),
                                Figure.percent(share) + " of " + (long) all + " tokens, due "
                                        + Figure.percent(weight / weights) + ", off by " + Figure.percent(off),
                                "off by 5 % at the most",
                                Math.abs(off) <= 0.05);
                    })
                    .toList();
        }
    }

    private static Mono<Void> saturate(
            Clients clients, Call<ChatRequest, ChatResponse> call, String tenant, int minWords, int maxWords) {
        return clients.saturate(
                200,
                call,
                new Requests(model(tenant), minWords, maxWords, ANSWER, 1),
                CallOptions.NONE.withTenant(tenant));
    }

    private static String model(String tenant) {
        return "tenant-" + tenant;
    }
}
