package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.CoolDownSpec;
import io.headrace.admission.Demand;
import io.headrace.admission.DemandEstimator;
import io.headrace.admission.Gate;
import io.headrace.cache.InMemoryCache;
import io.headrace.observe.ScriptedMeter;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Budgets that run out one by one, with caps that change, under all that a stack does with a call at once. */
@Timeout(120)
class BudgetStackTest {

    private static final BigDecimal CEILING = new BigDecimal("0.03");

    private final Gate gate = Gate.builder("shared")
            .notAdaptive()
            .noBreaker()
            .coolDown(CoolDownSpec.standard().ownWaits(Duration.ofMillis(1), Duration.ofMillis(3)))
            .concurrency(8)
            .build();

    private final Map<String, Integer> ends = new ConcurrentHashMap<>();

    /** Answers, refuses, fails, stalls, by lot. */
    private static Mono<String> provider(String request) {
        return Mono.defer(() -> {
            int lot = ThreadLocalRandom.current().nextInt(100);
            if (lot < 10) {
                return Mono.error(failure(ErrorKind.RATE_LIMITED, Delivery.REFUSED, Duration.ofMillis(1)));
            } else if (lot < 20) {
                return Mono.error(failure(ErrorKind.SERVER_ERROR, Delivery.UNKNOWN, null));
            } else if (lot < 22) {
                return Mono.error(failure(ErrorKind.INVALID_REQUEST, Delivery.REFUSED, null));
            } else if (lot < 25) {
                return Mono.empty();
            } else if (lot < 50) {
                return Mono.just("to " + request);
            }
            return Mono.delay(Duration.ofMillis(lot < 55 ? 60 : 2)).thenReturn("to " + request);
        });
    }

    private static ApiException failure(ErrorKind kind, Delivery delivery, @Nullable Duration retryAfter) {
        return ApiException.builder(kind, kind.label())
                .delivery(delivery)
                .retryAfter(retryAfter)
                .build();
    }

    private <Q, R> CallStack<Q, R> attempts(CallStack<Q, R> stack) {
        return stack.gate(gate)
                .hedge(HedgeSpec.standard()
                        .minAnswers(10)
                        .quantile(0.8)
                        .maxShare(0.5)
                        .maxAttempts(3))
                .retry(RetrySpec.backoff(3, Duration.ofMillis(1)));
    }

    private static ScriptedMeter<String, String> meter() {
        return new ScriptedMeter<>(
                request -> request.startsWith("unpriced") ? Cost.UNKNOWN : Cost.of(CEILING),
                answer -> answer.hashCode() % 7 == 0 ? Usage.UNKNOWN : Usage.of(5, 5),
                answer -> answer.hashCode() % 5 == 0 ? Cost.UNKNOWN : Cost.of(new BigDecimal("0.01")));
    }

    @RepeatedTest(3)
    void budgetsThatRunOutOneByOne_leaveNobodyWaitingAndNothingReserved() {
        InMemoryCache cache = InMemoryCache.create();
        DemandEstimator<Object> tokens = request -> new Demand(20, 20, Cost.ZERO);
        Call<String, String> single = attempts(CallStack.<String, String>of(BudgetStackTest::provider))
                .meter(meter())
                .demand(tokens)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .cache(cache)
                .build();
        Call<BatchRequest<String>, BatchResponse<String>> batches = attempts(
                        CallStack.<BatchRequest<String>, BatchResponse<String>>of(
                                batch -> provider("batch").map(answer -> MicroBatches.answers(batch))))
                .meter(BatchMeter.of(meter()))
                .demand(tokens)
                .build();
        MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(batches)
                .count(5)
                .maxWait(Duration.ofMillis(2))
                .concurrency(4)
                .key(MapCache.KEYS)
                .build();
        Call<String, String> batched = CallStack.batched(batcher)
                .meter(meter())
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .cache(cache)
                .build();
        Random random = new Random();
        List<Budget> budgets = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            budgets.add(
                    switch (i % 3) {
                        case 0 -> Budget.ofUsd(BigDecimal.valueOf(random.nextInt(100), 2));
                        case 1 -> Budget.ofTokens(random.nextInt(1_000));
                        default -> Budget.of(BigDecimal.valueOf(random.nextInt(100), 2), random.nextInt(1_000));
                    });
        }
        Disposable changes = Flux.interval(Duration.ofMillis(1)).subscribe(tick -> {
            Budget budget = budgets.get(random.nextInt(30));
            if (tick % 2 == 0) {
                budget.capUsd(BigDecimal.valueOf(random.nextInt(200), 2));
            } else {
                budget.capTokens(random.nextInt(2_000));
            }
        });
        int calls = 6_000;
        Flux.range(0, calls)
                .flatMap(
                        i -> Mono.defer(() -> {
                                    String request = (i % 97 == 0 ? "unpriced" : "q") + i % 2_500;
                                    Mono<String> call = (i % 2 == 0 ? single : batched)
                                            .apply(request)
                                            .contextWrite(CallOptions.of("step", "item" + i)::into);
                                    Budget budget = budgets.get(i % 30);
                                    if (i % 7 != 0) { // others have no budget at all
                                        call = call.contextWrite(budget::into);
                                    }
                                    return i % 19 == 0 ? call.timeout(Duration.ofMillis(i % 20 + 1)) : call;
                                })
                                .subscribeOn(Schedulers.parallel())
                                .timeout(Duration.ofSeconds(20), Mono.error(new IllegalStateException("hangs")))
                                .map(answer -> "answered")
                                .defaultIfEmpty("empty")
                                .onErrorResume(error -> Mono.just(
                                        error instanceof ApiException api
                                                ? api.kind().label()
                                                : error.toString()))
                                .doOnNext(end -> ends.merge(end, 1, Integer::sum)),
                        400)
                .blockLast(Duration.ofSeconds(100));
        changes.dispose();
        batcher.close();
        assertThat(ends.values().stream().mapToInt(n -> n).sum()).isEqualTo(calls);
        assertThat(ends).doesNotContainKey("java.lang.IllegalStateException: hangs");
        assertThat(ends.get("answered")).isGreaterThan(100);
        assertThat(ends.get("budget-exhausted")).isGreaterThan(100);
        await(() -> gate.snapshot().inFlight() + gate.snapshot().waiting() == 0);
        for (Budget budget : budgets) {
            await(() -> budget.balance().usd().reserved().signum() == 0
                    && budget.balance().tokens().reserved().signum() == 0);
            assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0");
            assertThat(budget.balance().tokens().reserved()).isEqualByComparingTo("0");
        }
        assertThat(gate.snapshot().inFlight()).isZero();
        assertThat(gate.snapshot().waiting()).isZero();
    }

    private static void await(BooleanSupplier done) {
        Mono.fromSupplier(done::getAsBoolean)
                .filter(is -> is)
                .repeatWhenEmpty(again -> again.delayElements(Duration.ofMillis(10)))
                .block(Duration.ofSeconds(20));
    }
}
