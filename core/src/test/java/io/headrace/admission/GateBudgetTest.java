package io.headrace.admission;

import static io.headrace.admission.Gates.assertEmpty;
import static io.headrace.admission.Gates.metered;
import static io.headrace.admission.Gates.priced;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.FatalErrorHandler;
import io.headrace.observe.Meter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** How a gate admits calls under budgets that several share: in virtual time. */
@Timeout(60)
class GateBudgetTest extends VirtualGates {

    private final List<String> order = new ArrayList<>();

    @Test
    void budget_isReservedSettledAndThenExhausted() {
        Gate gate = gate().build();
        Budget budget = Budget.ofUsd(new BigDecimal("0.10"));
        Meter<String, String> meter = priced("0.04", "0.03");
        Call<String, String> call = request -> Mono.just(request);
        Function<String, Mono<String>> paid = request -> call.with(gate.layer(DemandEstimator.requests(), meter))
                .apply(request)
                .contextWrite(budget::into);
        for (int i = 0; i < 3; i++) {
            StepVerifier.create(paid.apply("q")).expectNext("q").verifyComplete();
        }
        assertThat(budget.balance().usd().spent()).isEqualByComparingTo("0.09");
        StepVerifier.create(paid.apply("q"))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.BUDGET_EXHAUSTED))
                .verify();
        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0");
        assertEmpty(gate);
    }

    /** Two calls at a gate for one, the second of which fails in such a way that Reactor rethrows it. */
    private List<Object> answerBeforeAFatalError(Gate gate, Budget budget, FatalErrorHandler handler) {
        Sinks.One<String> answer = Sinks.one();
        Call<String, String> call = request -> {
            if (request.equals("fatal")) {
                throw new StackOverflowError("deep");
            }
            return answer.asMono();
        };
        Call<String, String> gated = call.with(gate.layer(DemandEstimator.requests(), priced("0.04", "0.03")));
        List<Object> ends = new ArrayList<>();
        gated.apply("first").contextWrite(budget::into).subscribe(ends::add, ends::add);
        gated.apply("fatal")
                .contextWrite(budget::into)
                .contextWrite(handler::into)
                .subscribe(ends::add, ends::add);
        try {
            answer.tryEmitValue("yes");
        } catch (StackOverflowError e) {
            ends.add("thrown on");
        }
        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0");
        assertEmpty(gate);
        return ends;
    }

    @Test
    void fatalErrorOfTheNext_isItsOwn() {
        List<Throwable> handled = new ArrayList<>();

        List<Object> ends =
                answerBeforeAFatalError(gate().concurrency(1).build(), Budget.ofUsd(new BigDecimal("1")), handled::add);

        assertThat(ends).containsExactly("yes");
        assertThat(handled).hasSize(1);
    }

    @Test
    void fatalErrorThatNobodyTakes_leavesNothingReservedAndNobodyWaiting() {
        List<Object> ends = answerBeforeAFatalError(
                gate().concurrency(1).build(), Budget.ofUsd(new BigDecimal("1")), FatalErrorHandler.NONE);

        assertThat(ends).hasSize(1).first().isInstanceOf(StackOverflowError.class);
    }

    @Test
    void budgetThatOthersHold_isWaitedForAcrossGates() {
        Gate one = gate().build();
        Gate two = gate().build();
        Budget budget = Budget.ofUsd(new BigDecimal("0.05"));
        Meter<String, String> meter = priced("0.04", "0.01");
        Call<String, String> call = request -> Mono.defer(() -> {
            order.add(request);
            return Mono.just(request).delayElement(ofSeconds(1), time);
        });
        List<Object> answers = new ArrayList<>();
        call.with(one.layer(DemandEstimator.requests(), meter))
                .apply("a")
                .contextWrite(budget::into)
                .subscribe(answers::add, answers::add);
        call.with(two.layer(DemandEstimator.requests(), meter))
                .apply("b")
                .contextWrite(budget::into)
                .subscribe(answers::add, answers::add);
        assertThat(order).containsExactly("a");
        assertThat(two.snapshot().binding()).isEqualTo("budget");
        time.advanceTimeBy(ofSeconds(2));
        assertThat(answers).containsExactly("a", "b");
        assertThat(budget.balance().usd().spent()).isEqualByComparingTo("0.02");
    }

    @Test
    void budgetThatIsHeld_keepsNobodyOfAnotherBudgetWaiting() {
        Gate gate = gate().concurrency(50).build();
        Budget tight = Budget.ofTokens(1_000);
        DemandEstimator<Integer> tokens = n -> new Demand(n, 0, Cost.ZERO);
        Call<Integer, Integer> call = n -> Mono.just(n).delayElement(n > 100 ? ofMinutes(5) : ofMillis(100), time);
        Call<Integer, Integer> gated = call.with(gate.layer(tokens, Meter.free()));
        List<Integer> poor = new ArrayList<>();
        List<Integer> rich = new ArrayList<>();
        List<Disposable> waiting = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            waiting.add(gated.apply(600 - i).contextWrite(tight::into).subscribe(poor::add, error -> {}));
        }
        for (int i = 0; i < 1_000; i++) {
            gated.apply(1).subscribe(rich::add);
        }
        time.advanceTimeBy(ofSeconds(3));
        assertThat(rich).hasSize(1_000);
        assertThat(poor).isEmpty();
        assertThat(gate.snapshot().waiting()).isEqualTo(3);
        waiting.get(3).dispose();
        assertThat(gate.snapshot().waiting()).isEqualTo(2);
        waiting.get(0).dispose(); // which is billed for all it reserved, so the others never fit
        time.advanceTimeBy(ofMinutes(6));
        assertThat(tight.balance().tokens().reserved()).isZero();
        tight.capTokens(10_000);
        gated.apply(597).contextWrite(tight::into).subscribe(poor::add);
        time.advanceTimeBy(ofMinutes(6));
        assertThat(poor).containsExactly(597);
        assertEmpty(gate);
    }

    @Test
    void callsOfATightBudget_goOneAfterAnotherBesideOthers() {
        Gate gate = gate().concurrency(50).build();
        Budget tight = Budget.ofTokens(1_000_000);
        tight.charge(BigDecimal.ZERO, 999_000);
        DemandEstimator<Integer> tokens = n -> new Demand(n, 0, Cost.ZERO);
        Call<Integer, Integer> call = n -> Mono.just(n).delayElement(ofMillis(100), time);
        Call<Integer, Integer> gated = call.with(gate.layer(tokens, metered()));
        List<Integer> poor = new ArrayList<>();
        List<Integer> rich = new ArrayList<>();
        Flux.range(0, 100_000).flatMap(i -> gated.apply(1), 100, 1).subscribe(rich::add);
        for (int i = 0; i < 100; i++) {
            gated.apply(600).contextWrite(tight::into).subscribe(poor::add);
        }
        time.advanceTimeBy(ofSeconds(30));
        assertThat(poor).hasSize(100);
        assertThat(rich.size()).isGreaterThan(10_000);
        assertThat(tight.balance().tokens().reserved()).isZero();
    }

    @Test
    void smallCallsOfAnotherGate_doNotOvertakeALargeOneForEver() {
        Gate one = gate().concurrency(20).build();
        Gate two = gate().build();
        Budget budget = Budget.ofUsd(BigDecimal.ONE);
        Call<Integer, Integer> call = n -> Mono.just(n).delayElement(ofMillis(100 + n % 7), time);
        Call<Integer, Integer> small = call.with(one.layer(DemandEstimator.requests(), priced("0.04", "0.00001")));
        Call<Integer, Integer> large = call.with(two.layer(DemandEstimator.requests(), priced("0.50", "0.00001")));
        List<Integer> answers = new ArrayList<>();
        Disposable flood = Flux.range(0, Integer.MAX_VALUE)
                .flatMap(small::apply, 100, 1)
                .contextWrite(budget::into)
                .subscribe();
        time.advanceTimeBy(ofSeconds(1));
        large.apply(-1).contextWrite(budget::into).subscribe(answers::add, error -> answers.add(0));
        time.advanceTimeBy(ofSeconds(1));
        assertThat(answers).containsExactly(-1);
        BigDecimal spent = budget.balance().usd().spent();
        time.advanceTimeBy(ofSeconds(1));
        assertThat(budget.balance().usd().spent().subtract(spent))
                .as("the small ones go on")
                .isGreaterThan(new BigDecimal("0.0015"));
        flood.dispose();
        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0");
    }

    @Test
    void manyWhoWaitForTheirBudgets_areNotAllAskedAtEachEnd() {
        Gate gate = gate().concurrency(50).build();
        DemandEstimator<Integer> tokens = n -> new Demand(n, 0, Cost.ZERO);
        Call<Integer, Integer> call = n -> Mono.just(n).delayElement(ofMillis(100), time);
        Call<Integer, Integer> gated = call.with(gate.layer(tokens, metered()));
        AtomicInteger questions = new AtomicInteger();
        List<Integer> answers = new ArrayList<>();
        List<Budget> tight = List.of(Budget.ofTokens(2_000), Budget.ofTokens(2_000));
        for (Budget budget : tight) {
            budget.owes(
                    this,
                    () -> {
                        questions.incrementAndGet();
                        return Cost.ZERO;
                    },
                    () -> Cost.ZERO);
        }
        for (int i = 0; i < 2_000; i++) {
            gated.apply(1_001).contextWrite(tight.get(i % 2)::into).subscribe(answers::add);
        }
        time.advanceTimeBy(ofMinutes(2));
        assertThat(answers).hasSize(2_000);
        assertThat(questions).hasValueLessThan(20_000);
        assertEmpty(gate);
    }

    @Test
    void cancelWhileWaitingForABudget_letsThoseBehindGo() {
        Gate gate = gate().concurrency(50).build();
        DemandEstimator<Integer> tokens = n -> new Demand(n, 0, Cost.ZERO);
        Call<Integer, Integer> call = n -> Mono.just(n).delayElement(ofMillis(100), time);
        Call<Integer, Integer> gated = call.with(gate.layer(tokens, metered()));
        List<Integer> answers = new ArrayList<>();
        Budget tight = Budget.ofTokens(1_000);
        gated.apply(600).contextWrite(tight::into).subscribe();
        Disposable large = gated.apply(900).contextWrite(tight::into).subscribe();
        gated.apply(1).subscribe(); // keeps the line mixed, so that those leave it who wait for room
        gated.apply(500).contextWrite(tight::into).subscribe(answers::add);
        large.dispose();
        time.advanceTimeBy(ofMillis(250));
        assertThat(answers).containsExactly(500);
        assertEmpty(gate);
    }
}
