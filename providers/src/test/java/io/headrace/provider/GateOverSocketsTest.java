package io.headrace.provider;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.Priority;
import io.headrace.admission.Budget;
import io.headrace.admission.Charge;
import io.headrace.admission.CoolDownSpec;
import io.headrace.admission.Gate;
import io.headrace.admission.Rate;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Latency;
import io.headrace.testkit.QuotaStatistics;
import io.headrace.testkit.SimulatedProvider;
import io.headrace.testkit.SimulatedQuota;
import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatorChange;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The gate between a real client and a server with real quotas, in a few seconds. How well it does over minutes is measured by
 * {@code benchmarks/run gate}.
 */
@Timeout(60)
class GateOverSocketsTest {

    private SimulatedProvider server = SimulatedProvider.builder().start();

    @AfterEach
    void close() {
        server.close();
    }

    private void serve(SimulatedProvider.Builder builder) {
        server.close();
        server = builder.start();
    }

    private OpenAi client() {
        return OpenAi.builder()
                .apiKey("sk-test")
                .baseUrl(server.baseUrl() + "/v1")
                .build();
    }

    private static ChatRequest request(int number) {
        return ChatRequest.builder("gpt-4o-mini")
                .user("row " + number + " of the mill by the river")
                .maxOutputTokens(20)
                .build();
    }

    private static Flux<ChatResponse> askAll(int calls, Call<ChatRequest, ChatResponse> call) {
        return Flux.range(0, calls).flatMap(n -> call.apply(request(n)), calls, 1);
    }

    @Test
    void statedLimits_areUsedWithoutARefusal() throws Exception {
        OneOfFive.passes(this::useStatedLimits); // calls that a late machine sends together would be too many at once
    }

    private void useStatedLimits() {
        SimulatedQuota quota = SimulatedQuota.unlimited()
                .limit(Dimension.REQUESTS, new SimulatedQuota.Rate(3_000, 50))
                .limit(Dimension.TOKENS, new SimulatedQuota.Rate(600_000, 10_000));
        serve(SimulatedProvider.builder().latency(Latency.fixed(ofMillis(50))).quota(quota));
        // half a second for late journeys on a busy machine
        Gate gate = Gate.builder("stated")
                .rate(Charge.REQUESTS, Rate.perMinute(3_000).withBurst(25))
                .rate(Charge.RESERVED_TOKENS, Rate.perMinute(600_000).withBurst(5_000))
                .build();
        long start = System.nanoTime();
        try (OpenAi openAi = client()) {
            assertThat(askAll(200, CallStack.chat(openAi.chat()).gate(gate).build())
                            .collectList()
                            .block())
                    .hasSize(200);
        }
        QuotaStatistics seen = server.quotaStatistics();
        assertThat(seen.granted()).isEqualTo(200);
        assertThat(seen.refused()).isZero();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(ofMillis(3_400));
    }

    @Test
    void storm_failsNoCallAndIsProbedByOneAtATime() throws Exception {
        OneOfFive.passes(this::meetAStorm); // which is over when the machine is late
    }

    private void meetAStorm() {
        serve(SimulatedProvider.builder().latency(Latency.fixed(ofMillis(20))));
        server.change(SimulatorChange.storm(ofSeconds(2), ofMillis(400)));
        Gate gate = Gate.builder("storm").concurrency(10).build();
        try (OpenAi openAi = client()) {
            assertThat(askAll(200, CallStack.chat(openAi.chat()).gate(gate).build())
                            .collectList()
                            .block())
                    .hasSize(200);
        }
        QuotaStatistics seen = server.quotaStatistics();
        assertThat(seen.granted()).isEqualTo(200);
        // ten at first, then a probe each 400 ms, with another where its refusal was slow
        assertThat(seen.refused()).isBetween(2L, 30L);
    }

    @Test
    void serverThatRefusesForTooLong_endsTheWaitWithTheReason() {
        server.change(SimulatorChange.storm(ofSeconds(30), ofMillis(100)));
        Gate gate = Gate.builder("refused")
                .coolDown(CoolDownSpec.standard().refusedFor(ofSeconds(1)))
                .build();
        try (OpenAi openAi = client()) {
            List<ErrorKind> kinds = Flux.range(0, 20)
                    .flatMap(n -> CallStack.chat(openAi.chat())
                            .noRetry()
                            .gate(gate)
                            .build()
                            .apply(request(n))
                            .map(answer -> ErrorKind.STEP_FAILED)
                            .onErrorResume(ApiException.class, error -> Mono.just(error.kind())))
                    .collectList()
                    .block();
            assertThat(kinds).hasSize(20).containsOnly(ErrorKind.UNAVAILABLE);
        }
    }

    @Test
    void interactiveCall_waitsForOneSlotWhileThousandsAreInLine() {
        serve(SimulatedProvider.builder().latency(Latency.uniform(ofMillis(50), ofMillis(150))));
        Gate gate = Gate.builder("line").concurrency(10).build();
        AtomicLong rows = new AtomicLong();
        Queue<Long> overtaken = new ConcurrentLinkedQueue<>();
        Queue<Duration> waits = new ConcurrentLinkedQueue<>();
        try (OpenAi openAi = client()) {
            Call<ChatRequest, ChatResponse> call = CallStack.chat(openAi.chat())
                    .gate(gate)
                    .listener(event -> {
                        if (event instanceof CallEvent.Admitted
                                && event.options().priority() == Priority.BATCH) {
                            rows.incrementAndGet();
                        }
                    })
                    .build();
            call.apply(request(0)).block(); // a cold path to the gate would let rows pass
            Flux<ChatResponse> line =
                    askAll(2_000, call).contextWrite(CallOptions.NONE.withPriority(Priority.BATCH)::into);
            Mono<Void> interactive = Flux.range(0, 20)
                    .concatMap(
                            n -> Mono.defer(() -> {
                                long before = rows.get();
                                CallListener atAdmission = event -> {
                                    if (event instanceof CallEvent.Admitted admitted) {
                                        overtaken.add(rows.get() - before);
                                        waits.add(admitted.waited());
                                    }
                                };
                                return call.apply(request(n)).contextWrite(atAdmission::into);
                            }),
                            1)
                    .contextWrite(CallOptions.NONE.withPriority(Priority.INTERACTIVE)::into)
                    .then();
            line.takeUntilOther(interactive.delaySubscription(ofMillis(500))).blockLast();
        }
        // the whole line takes 20 s; what is more than a slot's 150 ms is a machine that did something else
        assertThat(waits).hasSize(20).allSatisfy(wait -> assertThat(wait).isLessThan(ofSeconds(5)));
        // a row that was let go just before may be told just after; a call that is slow on its way to the gate sees
        // more of them
        assertThat(overtaken.stream().sorted().limit(15))
                .allSatisfy(others -> assertThat(others).isLessThanOrEqualTo(2));
    }

    @Test
    void budget_isNeverOverspentByThousandCallsOfTwoGatesThatComeAndGo() {
        serve(SimulatedProvider.builder().latency(Latency.uniform(ofMillis(5), ofMillis(60))));
        BigDecimal cap = new BigDecimal("0.002");
        Budget budget = Budget.ofUsd(cap);
        AtomicInteger refused = new AtomicInteger();
        try (OpenAi openAi = client()) {
            List<Call<ChatRequest, ChatResponse>> calls = IntStream.range(0, 2)
                    .mapToObj(i -> CallStack.chat(openAi.chat())
                            .gate(Gate.builder("gate " + i).concurrency(100).build())
                            .build())
                    .toList();
            for (int round = 0; round < 4; round++) {
                Flux<ChatResponse> all = Flux.range(round * 1_000, 1_000)
                        .flatMap(
                                n -> calls.get(n % 2).apply(request(n)).onErrorResume(ApiException.class, error -> {
                                    assertThat(error.kind()).isEqualTo(ErrorKind.BUDGET_EXHAUSTED);
                                    refused.incrementAndGet();
                                    return Mono.empty();
                                }),
                                1_000,
                                1)
                        .contextWrite(budget::into);
                Flux<ChatResponse> killed = round < 3 ? all.take(ofMillis(150)) : all;
                killed.blockLast();
                assertThat(budget.balance().usd().spent()).isLessThanOrEqualTo(cap);
            }
        }
        // a call that was cancelled may be on its way out
        Flux.interval(ofMillis(5))
                .onBackpressureDrop()
                .takeUntil(tick -> budget.balance().usd().reserved().signum() == 0)
                .blockLast(ofSeconds(20));
        assertThat(refused.get()).isPositive();
        assertThat(budget.balance().usd().spent()).isPositive().isLessThanOrEqualTo(cap);
    }
}
