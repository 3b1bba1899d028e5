package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.admission.BreakerSpec;
import io.headrace.admission.Demand;
import io.headrace.admission.Gate;
import io.headrace.observe.Meter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What runs for an answer that is stored: its lookup, its decoding and its validator, and nothing that is there for money or attempts. */
class CachedHitTest {

    private final AtomicInteger demands = new AtomicInteger();
    private final AtomicInteger prices = new AtomicInteger();
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicInteger retries = new AtomicInteger();
    private final AtomicInteger gateClock = new AtomicInteger();
    private final AtomicInteger judged = new AtomicInteger();
    private final MapCache cache = new MapCache();
    private final Recorder recorder = new Recorder();

    private final Meter<String, String> counting = new Meter<>() {
        @Override
        public Cost ceiling(String request) {
            prices.incrementAndGet();
            return Cost.ZERO;
        }

        @Override
        public Usage usage(String answer) {
            prices.incrementAndGet();
            return Usage.of(1, 1);
        }

        @Override
        public Cost cost(String answer) {
            prices.incrementAndGet();
            return Cost.ZERO;
        }

        @Override
        public String model(String answer) {
            return "m";
        }
    };

    @Test
    void noRetryAdmissionBreakerOrPriceCodeRuns() {
        Gate gate = Gate.builder("gate")
                .concurrency(1)
                .breaker(BreakerSpec.standard())
                .scheduler(() -> {
                    gateClock.incrementAndGet();
                    return Schedulers.parallel();
                })
                .build();
        Call<String, String> stack = CallStack.<String, String>of(request -> {
                    sent.incrementAndGet();
                    return Mono.just("yes");
                })
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .meter(counting)
                .demand(request -> {
                    demands.incrementAndGet();
                    return Demand.REQUEST;
                })
                .retry(RetrySpec.fixedDelay(3, Duration.ZERO).scheduler(() -> {
                    retries.incrementAndGet();
                    return Schedulers.parallel();
                }))
                .validator(answer -> {
                    judged.incrementAndGet();
                    return Optional.empty();
                })
                .gate(gate)
                .listener(recorder)
                .cache(cache)
                .build();
        StepVerifier.create(stack.apply("q")).expectNext("yes").verifyComplete();
        assertThat(prices.get()).isPositive();
        assertThat(gateClock.get()).isPositive();
        for (AtomicInteger count : new AtomicInteger[] {demands, prices, sent, retries, gateClock, judged}) {
            count.set(0);
        }
        recorder.events.clear();

        for (int i = 0; i < 100; i++) {
            StepVerifier.create(stack.apply("q")).expectNext("yes").verifyComplete();
        }
        assertThat(demands).hasValue(0);
        assertThat(prices).hasValue(0);
        assertThat(sent).hasValue(0);
        assertThat(retries).hasValue(0);
        assertThat(gateClock).hasValue(0);
        assertThat(judged).hasValue(100);
        assertThat(recorder.names()).hasSize(200).containsOnly("CacheHit", "CallEnded");
        assertThat(cache.hits).hasValue(100);
    }
}
