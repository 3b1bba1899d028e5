package io.headrace.benchmarks.gate;

import io.headrace.Call;
import io.headrace.admission.Gate;
import io.headrace.layer.HedgeSpec;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.testkit.Latency;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;

/** One call in a hundred stalls for a minute, and slow calls are asked again. How long do the last ones hold up the others? */
final class StalledCalls {

    private static final int ITEMS = 6_000;
    private static final int CONCURRENCY = 50;

    private StalledCalls() {}

    static List<Figure> run() {
        Latency latency = Latency.stragglers(
                Latency.uniform(Duration.ofMillis(100), Duration.ofMillis(300)), 0.01, Duration.ofSeconds(60));
        try (Loopback loopback = Loopback.open(latency)) {
            Call<ChatRequest, ChatResponse> call = loopback.openAi(
                            "one",
                            Gate.builder("stalls").concurrency(CONCURRENCY).build())
                    .hedge(HedgeSpec.standard())
                    .build();
            Requests requests = new Requests("simulated", 5, 10, 10, 1);
            AtomicLong done = new AtomicLong();
            AtomicLong lastPercentFrom = new AtomicLong();
            long before = loopback.provider().statistics().requests();
            long start = System.nanoTime();
            Flux.range(0, ITEMS)
                    .flatMap(item -> call.apply(requests.get()), CONCURRENCY, 1)
                    .doOnNext(answer -> {
                        if (done.incrementAndGet() == ITEMS * 99 / 100) {
                            lastPercentFrom.set(System.nanoTime());
                        }
                    })
                    .blockLast();
            long end = System.nanoTime();
            double share = (double) (end - lastPercentFrom.get()) / (end - start);
            long sent = loopback.provider().statistics().requests() - before;
            return List.of(new Figure(
                    ITEMS + " items, 1 % of the calls stall for 60 s",
                    String.format(
                            Locale.ROOT,
                            "%.1f s in all, the last 1 %% took %.2f s, %s of it; %d calls sent",
                            (end - start) / 1e9,
                            (end - lastPercentFrom.get()) / 1e9,
                            Figure.percent(share),
                            sent),
                    "under 5 % of the time",
                    share < 0.05));
        }
    }
}
