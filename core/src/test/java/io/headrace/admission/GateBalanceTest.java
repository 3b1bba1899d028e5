package io.headrace.admission;

import static io.headrace.admission.Gates.assertEmpty;
import static io.headrace.admission.Gates.refusal;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Priority;
import io.headrace.Usage;
import io.headrace.admission.ServerLimits.Allowance;
import io.headrace.observe.Meter;
import io.headrace.observe.ScriptedMeter;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

/** With every resource on, over a simulated hour: who gets how much, and that all of it comes back. */
@Timeout(60)
class GateBalanceTest {

    private static final BigDecimal CEILING = new BigDecimal("0.04");
    private static final BigDecimal PRICE = new BigDecimal("0.01");

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

    @AfterEach
    void stopTime() {
        time.dispose();
    }

    private GateBuilder allOn() {
        return Gate.builder("all")
                .scheduler(() -> time)
                .concurrency(50)
                .requestsPerMinute(6_000)
                .tokensPerMinute(600_000)
                .keys(List.of(new ApiKey("one", "k1"), new ApiKey("two", "k2")));
    }

    /** What the attempts of a test really took, noted where they end: the other side of the books. */
    private static final class Ledger {

        private BigDecimal usd = BigDecimal.ZERO;
        private long tokens;
        private int sent;
        private int open;

        <T> Mono<T> note(Mono<T> attempt, long reserved) {
            return Mono.defer(() -> {
                boolean[] noted = new boolean[1];
                sent++;
                open++;
                return attempt.doOnNext(answer -> noted[0] = end(noted[0], PRICE, 2))
                        .doOnError(error -> noted[0] = error instanceof ApiException
                                ? end(noted[0], BigDecimal.ZERO, 0)
                                : end(noted[0], CEILING, reserved))
                        .doFinally(signal -> end(noted[0], CEILING, reserved));
            });
        }

        private boolean end(boolean noted, BigDecimal usd, long tokens) {
            if (!noted) {
                this.usd = this.usd.add(usd);
                this.tokens += tokens;
                open--;
            }
            return true;
        }
    }

    @Test
    void tenThousandCallsThatWaitFailAndLeave_bringBackEveryPermitTokenAndCent() {
        Gate gate = allOn().build();
        Budget budget = Budget.of(new BigDecimal("1000000"), 1_000_000_000);
        Random random = new Random(11);
        Ledger ledger = new Ledger();
        DemandEstimator<Integer> demands = n -> new Demand(n % 90, n % 7, Cost.ZERO);
        Call<Integer, Integer> call = n -> Mono.deferContextual(context -> {
            if (random.nextInt(4) == 0) {
                Grant.from(context)
                        .orElseThrow()
                        .observed(new ServerLimits(
                                new Allowance(6_000, ofMinutes(1), random.nextInt(6_000), null),
                                null,
                                new Allowance(400_000, ofMinutes(1), random.nextInt(400_000), null),
                                null));
            }
            Mono<Integer> attempt = switch (random.nextInt(14)) {
                case 0 -> Mono.error(refusal(ErrorKind.RATE_LIMITED, ofMillis(random.nextInt(3_000))));
                case 1 -> Mono.error(refusal(ErrorKind.SERVER_ERROR, null));
                case 2 -> Mono.error(new IllegalStateException("bug"));
                case 3 -> Mono.empty();
                case 4 -> Mono.never();
                default -> Mono.just(n).delayElement(ofMillis(random.nextInt(20_000)), time);
            };
            return ledger.note(attempt, demands.demand(n).tokens());
        });
        Call<Integer, Integer> gated = call.with(gate.layer(demands, metered(answer -> Usage.of(1, 1))));
        int[] ended = new int[1];
        for (int i = 0; i < 10_000; i++) {
            CallOptions options = CallOptions.of("step", "item")
                    .withTenant("t" + i % 5)
                    .withPriority(Priority.values()[i % 3])
                    .withFailFast(i % 17 == 0);
            Disposable one = gated.apply(i)
                    .timeout(ofSeconds(1 + random.nextInt(3_500)), time)
                    .contextWrite(options::into)
                    .contextWrite(budget::into)
                    .doFinally(signal -> ended[0]++)
                    .subscribe(answer -> {}, error -> {});
            if (i % 3 == 0) {
                time.schedule(one::dispose, random.nextInt(3_600_000), TimeUnit.MILLISECONDS);
            }
        }
        assertThat(gate.snapshot().waiting()).isGreaterThan(9_000);
        time.advanceTimeBy(ofMinutes(60));
        assertThat(ended[0]).isEqualTo(10_000);
        assertThat(ledger.sent).isGreaterThan(500);
        assertThat(ledger.open).isZero();
        time.advanceTimeBy(ofMinutes(2)); // what was taken comes in again
        assertEmpty(gate);
        Budget.Balance balance = budget.balance();
        assertThat(balance.usd().reserved()).isZero();
        assertThat(balance.tokens().reserved()).isZero();
        assertThat(balance.usd().spent()).isEqualByComparingTo(ledger.usd);
        assertThat(balance.tokens().spent()).isEqualByComparingTo(BigDecimal.valueOf(ledger.tokens));
    }

    @Test
    void tenantsOfWeights125_getTheirSharesOfTokensWhateverTheSizeOfTheirRequests() {
        Gate gate = Gate.builder("tenants")
                .scheduler(() -> time)
                .tokensPerMinute(600_000)
                .tenantWeight("1", 1)
                .tenantWeight("2", 2)
                .tenantWeight("5", 5)
                .build();
        Map<String, Long> tokens = new HashMap<>();
        Call<Long, Long> call = size -> Mono.deferContextual(context -> {
            tokens.merge(CallOptions.from(context).tenant(), size, Long::sum);
            return Mono.just(size).delayElement(ofMillis(200), time);
        });
        Call<Long, Long> gated =
                call.with(gate.layer(size -> new Demand(size, 0, Cost.ZERO), metered(size -> Usage.of(size, 0))));
        Map<String, Long> sizes = Map.of("1", 50L, "2", 500L, "5", 50L);
        Disposable all = Flux.fromIterable(sizes.entrySet())
                .flatMap(tenant -> Flux.range(0, 50)
                        .flatMap(
                                i -> Mono.defer(() -> gated.apply(tenant.getValue()))
                                        .repeat()
                                        .then(),
                                50)
                        .contextWrite(CallOptions.NONE.withTenant(tenant.getKey())::into))
                .subscribe();
        time.advanceTimeBy(ofMinutes(1));
        all.dispose();
        double sum = tokens.values().stream().mapToLong(Long::longValue).sum();
        assertThat(sum).isGreaterThan(0.9 * 600_000);
        assertThat(tokens.get("1") / sum).isCloseTo(1 / 8.0, within(0.05 / 8));
        assertThat(tokens.get("2") / sum).isCloseTo(2 / 8.0, within(0.05 * 2 / 8));
        assertThat(tokens.get("5") / sum).isCloseTo(5 / 8.0, within(0.05 * 5 / 8));
        time.advanceTimeBy(ofMinutes(2));
        assertEmpty(gate);
    }

    private static <T> Meter<T, T> metered(Function<T, Usage> usage) {
        return new ScriptedMeter<>(request -> Cost.of(CEILING), usage, answer -> Cost.of(PRICE));
    }
}
