package io.headrace.admission;

import static io.headrace.admission.Gates.assertEmpty;
import static io.headrace.admission.Gates.priced;
import static io.headrace.admission.Gates.refusal;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Priority;
import io.headrace.observe.Meter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.test.StepVerifier;

/** Who goes next, what a refusal does, and that everything comes back: in virtual time. */
@Timeout(60)
class GateQueueTest extends VirtualGates {

    private static final CallOptions BATCH = CallOptions.of("step", "item");

    private final List<String> order = new ArrayList<>();

    private final Map<String, Sinks.One<String>> running = new HashMap<>();

    /** A call that notes its start and ends when told. */
    private Mono<String> call(Gate gate, String name, CallOptions options) {
        Call<String, String> call = request -> Mono.defer(() -> {
            order.add(request);
            Sinks.One<String> end = Sinks.one();
            running.put(request, end);
            return end.asMono();
        });
        return call.with(gate.<String, String>layer()).apply(name).contextWrite(options::into);
    }

    private void end(String name) {
        running.get(name).tryEmitValue(name);
    }

    @Test
    void interactiveCall_goesBeforeTheBatch() {
        Gate gate = gate().concurrency(1).build();
        call(gate, "first", BATCH).subscribe();
        for (int i = 0; i < 10_000; i++) {
            call(gate, "batch" + i, BATCH).subscribe();
        }
        call(gate, "interactive", CallOptions.NONE.withPriority(Priority.INTERACTIVE))
                .subscribe();
        end("first");
        assertThat(order).containsExactly("first", "interactive");
        end("interactive");
        assertThat(order).last().isEqualTo("batch0");
    }

    @Test
    void waitThatIsOver_isForNothingMoreBeforeTheTimerCame() {
        AtomicLong late = new AtomicLong();
        Gate gate = gate().rate(Charge.REQUESTS, Rate.perMinute(60).withBurst(1))
                .scheduler(() -> new LateTimer(time, late))
                .build();
        call(gate, "first", BATCH).subscribe();
        call(gate, "second", BATCH).subscribe();
        assertThat(gate.snapshot().binding()).isEqualTo("requests per minute");
        late.set(ofSeconds(2).toNanos());
        assertThat(gate.snapshot().waiting()).isEqualTo(1);
        assertThat(gate.snapshot().binding()).isEmpty();
    }

    /** Runs things later than its clock says. */
    private record LateTimer(Scheduler timer, AtomicLong lateNanos) implements Scheduler {

        @Override
        public Disposable schedule(Runnable task) {
            return timer.schedule(task);
        }

        @Override
        public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
            return timer.schedule(task, delay, unit);
        }

        @Override
        public Worker createWorker() {
            return timer.createWorker();
        }

        @Override
        public long now(TimeUnit unit) {
            return timer.now(unit) + unit.convert(lateNanos.get(), TimeUnit.NANOSECONDS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"answered", "turned down", "broken"})
    void tenantWhoseCallsUseNoTokens_leavesTheOthersTheirTurns(String end) {
        Gate gate = gate().concurrency(2).build();
        for (int i = 0; i < 100; i++) {
            call(gate, "many" + i, CallOptions.NONE.withTenant("many")).subscribe(answer -> {}, error -> {});
        }
        for (int i = 0; i < 10; i++) {
            call(gate, "few" + i, CallOptions.NONE.withTenant("few" + i)).subscribe(answer -> {}, error -> {});
        }
        for (int i = 0; i < 30; i++) {
            Sinks.One<String> oldest = running.get(order.get(i));
            switch (end) {
                case "answered" -> oldest.tryEmitValue("yes");
                case "turned down" -> oldest.tryEmitError(refusal(ErrorKind.INVALID_REQUEST, null));
                default -> oldest.tryEmitError(new IllegalStateException("broken"));
            }
        }
        assertThat(order).filteredOn(name -> name.startsWith("few")).hasSize(10);
    }

    @Test
    void refusedCall_waitsForTheServersTimeAndGoesFirstWithoutFailing() {
        Gate gate = gate().concurrency(2).build();
        int[] attempts = new int[1];
        Call<String, String> call = request -> Mono.defer(() -> {
            order.add(request);
            return attempts[0]++ == 0
                    ? Mono.<String>error(refusal(ErrorKind.RATE_LIMITED, ofSeconds(3)))
                    : Mono.just(request);
        });
        List<String> answers = new ArrayList<>();
        call.with(gate.<String, String>layer()).apply("a").subscribe(answers::add);
        call.with(gate.<String, String>layer()).apply("b").subscribe(answers::add);
        time.advanceTimeBy(ofMillis(2_999));
        assertThat(order).containsExactly("a");
        assertThat(gate.snapshot().binding()).isEqualTo("cool-down");
        time.advanceTimeBy(ofSeconds(1));
        assertThat(order).containsExactly("a", "a", "b");
        assertThat(answers).containsExactly("a", "b");
        assertEmpty(gate);
    }

    @Test
    void callThatIsAlwaysRefused_failsAtLastAndKeepsTheOthersForAMinuteOnly() {
        Gate gate = gate().concurrency(10).build();
        Call<Integer, Integer> call = n -> n == 5
                ? Mono.<Integer>error(refusal(ErrorKind.RATE_LIMITED, null)).delaySubscription(ofMillis(20), time)
                : Mono.just(n).delayElement(ofMillis(100), time);
        List<Integer> answers = new ArrayList<>();
        List<Throwable> errors = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            call.with(gate.<Integer, Integer>layer()).apply(i).subscribe(answers::add, errors::add);
        }
        time.advanceTimeBy(ofSeconds(150));
        assertThat(answers).hasSize(1_999).doesNotContain(5);
        assertThat(errors).singleElement().satisfies(error -> {
            ApiException api = (ApiException) error;
            assertThat(api.kind()).isEqualTo(ErrorKind.RATE_LIMITED);
            assertThat(api.isTransient()).isFalse();
            assertThat(api.delivery()).isEqualTo(Delivery.REFUSED);
            assertThat(api)
                    .hasMessageContaining("make it smaller")
                    .hasMessageContaining("the last refusal: rate-limited");
        });
        assertEmpty(gate);
    }

    @Test
    void callThatNeedsAWholeMinutesQuota_getsItBeforeOthersUseItUp() {
        Gate gate = gate().concurrency(10).build();
        double[] bucket = {0, time.now(TimeUnit.MILLISECONDS)}; // ten a second, up to 300
        Call<Integer, Integer> call = n -> Mono.defer(() -> {
                    double now = time.now(TimeUnit.MILLISECONDS);
                    bucket[0] = Math.min(300, bucket[0] + (now - bucket[1]) / 100);
                    bucket[1] = now;
                    if (bucket[0] < n) {
                        return Mono.<Integer>error(refusal(ErrorKind.RATE_LIMITED, null));
                    }
                    bucket[0] -= n;
                    return Mono.just(n);
                })
                .delaySubscription(ofMillis(20), time);
        List<Integer> answers = new ArrayList<>();
        List<Throwable> errors = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            call.with(gate.<Integer, Integer>layer()).apply(i == 50 ? 290 : 1).subscribe(answers::add, errors::add);
        }
        time.advanceTimeBy(ofMinutes(4));
        assertThat(errors).isEmpty();
        assertThat(answers).hasSize(500).contains(290);
    }

    @Test
    void refusalOfUnknownOutcome_isTheCallersAffair() {
        Gate gate = gate().build();
        Call<String, String> call = request -> Mono.error(ApiException.builder(ErrorKind.RATE_LIMITED, "half an answer")
                .delivery(Delivery.UNKNOWN)
                .build());
        StepVerifier.create(call.with(gate.<String, String>layer()).apply("a")).verifyErrorMessage("half an answer");
        assertEmpty(gate);
    }

    @Test
    void callThatAskedNotToWait_failsWhileTheGateIsShut() {
        Gate gate = gate().build();
        Call<String, String> refused = request -> Mono.error(refusal(ErrorKind.RATE_LIMITED, ofSeconds(5)));
        Disposable waiting =
                refused.with(gate.<String, String>layer()).apply("a").subscribe();
        StepVerifier.create(call(gate, "b", BATCH.withFailFast(true)))
                .expectErrorSatisfies(error -> {
                    assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.RATE_LIMITED);
                    assertThat(((ApiException) error).delivery()).isEqualTo(Delivery.NOT_SENT);
                })
                .verify();
        assertThat(gate.snapshot().waiting()).isEqualTo(1);
        waiting.dispose();
        assertEmpty(gate);
    }

    @Test
    void keyThatIsRevoked_leavesAndItsCallGoesOnWithAnother() {
        Gate gate = gate().keys(List.of(new ApiKey("one", "k1"), new ApiKey("two", "k2")))
                .build();
        List<String> used = new ArrayList<>();
        Call<String, String> call = request -> Mono.deferContextual(context -> {
            ApiKey key = Grant.from(context).orElseThrow().key();
            used.add(key == null ? "" : key.name());
            return key != null && key.name().equals("one")
                    ? Mono.<String>error(refusal(ErrorKind.AUTHENTICATION, null))
                    : Mono.just(request);
        });
        for (int i = 0; i < 4; i++) {
            StepVerifier.create(call.with(gate.<String, String>layer()).apply("q"))
                    .expectNext("q")
                    .verifyComplete();
        }
        assertThat(used).containsOnlyOnce("one").filteredOn("two"::equals).hasSize(4);
        assertThat(gate.snapshot().keys()).extracting(GateSnapshot.Key::gone).containsExactly("authentication", "");
        assertThat(events).containsExactly(new GateEvent.KeyLeft("test", "one", ErrorKind.AUTHENTICATION));
        assertEmpty(gate);
    }

    @Test
    void openBreaker_makesARunWaitAndOthersFailFast() {
        Gate gate = gate().breaker(BreakerSpec.standard().window(4, 4).openFor(ofSeconds(10)))
                .build();
        boolean[] up = new boolean[1];
        Call<String, String> call = request ->
                Mono.defer(() -> up[0] ? Mono.just(request) : Mono.error(refusal(ErrorKind.SERVER_ERROR, null)));
        for (int i = 0; i < 4; i++) {
            StepVerifier.create(call.with(gate.<String, String>layer()).apply("q"))
                    .verifyError();
        }
        String why = refusal(ErrorKind.SERVER_ERROR, null).getMessage();
        assertThat(events).containsExactly(new GateEvent.BreakerChanged("test", "", Breaker.State.OPEN, why));
        StepVerifier.create(call(gate, "interactive", CallOptions.NONE.withFailFast(true)))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.CIRCUIT_OPEN))
                .verify();
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            call.with(gate.<String, String>layer()).apply("r").subscribe(answers::add);
        }
        assertThat(gate.snapshot().binding()).isEqualTo("circuit breaker");
        up[0] = true;
        time.advanceTimeBy(ofSeconds(9));
        assertThat(answers).isEmpty();
        time.advanceTimeBy(ofSeconds(2));
        assertThat(answers).hasSize(20);
        assertThat(events).contains(new GateEvent.BreakerChanged("test", "", Breaker.State.CLOSED, ""));
    }

    @Test
    void pausedGate_admitsNobodyUntilItGoesOn() {
        Gate gate = gate().build();
        gate.pause();
        call(gate, "a", BATCH).subscribe();
        assertThat(order).isEmpty();
        assertThat(gate.snapshot().binding()).isEqualTo("paused");
        gate.resume();
        assertThat(order).containsExactly("a");
    }

    @Test
    void concurrency_changesWhileRunning() {
        Gate gate = gate().concurrency(1).build();
        for (String name : List.of("a", "b", "c", "d")) {
            call(gate, name, BATCH).subscribe();
        }
        assertThat(order).containsExactly("a");
        gate.concurrency(3);
        assertThat(order).containsExactly("a", "b", "c");
        gate.concurrency(1);
        end("a");
        end("b");
        assertThat(order).hasSize(3);
        end("c");
        assertThat(order).containsExactly("a", "b", "c", "d");
    }

    @Test
    void rate_changesWhileRunning_forEachKey() {
        Gate gate = gate().rate(Charge.REQUESTS, Rate.perMinute(60).withBurst(1))
                .keys(List.of(new ApiKey("a", "key-a"), new ApiKey("b", "key-b")))
                .build();
        time.advanceTimeBy(ofMinutes(60));
        for (int i = 0; i < 1_000; i++) {
            call(gate, "call " + i, BATCH).subscribe();
        }
        time.advanceTimeBy(ofSeconds(10));
        assertThat(order.size()).isBetween(20, 22);
        gate.rate(Charge.REQUESTS, Rate.perMinute(600).withBurst(1));
        order.clear();
        time.advanceTimeBy(ofSeconds(10));
        assertThat(order.size()).isBetween(190, 202);
        gate.rate(Charge.REQUESTS, Rate.perMinute(60).withBurst(1));
        order.clear();
        time.advanceTimeBy(ofSeconds(10));
        assertThat(order.size()).isBetween(18, 22);
        assertThat(gate.snapshot().keys().get(1).levels()).anySatisfy(level -> {
            assertThat(level.resource()).isEqualTo("requests per minute");
            assertThat(level.limit()).isEqualTo(60);
        });
    }

    @Test
    void rateThatWasNotStated_canBeLater_whereTheServerMayTellIt() {
        Gate gate = gate().build();
        gate.rate(Charge.INPUT_TOKENS, Rate.perMinute(100));
        Call<String, String> call = Mono::just;
        StepVerifier.create(call.with(gate.<String, String>layer(r -> new Demand(101, 0, Cost.ZERO), Meter.free()))
                        .apply("q"))
                .verifyErrorSatisfies(error -> assertThat(error).hasMessageContaining("more than the 100 stated"));
        assertThatIllegalStateException()
                .isThrownBy(() -> gate.rate(Charge.TOKENS, Rate.perMinute(100)))
                .withMessageContaining("no limit on the rate of tokens");
    }

    @Test
    void demandThatCanNeverBeGranted_failsAtOnceAndIsNotSent() {
        Gate gate = gate().limit(Limited::new).build();
        Call<String, String> call = request -> Mono.just(request);
        StepVerifier.create(call.with(gate.<String, String>layer(r -> new Demand(500, 0, Cost.ZERO), Meter.free()))
                        .apply("q"))
                .expectErrorSatisfies(error -> {
                    ApiException api = (ApiException) error;
                    assertThat(api.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
                    assertThat(api.delivery()).isEqualTo(Delivery.NOT_SENT);
                    assertThat(api).hasMessageContaining("500").hasMessageContaining("100");
                })
                .verify();
        assertEmpty(gate);
    }

    @Test
    void learnedLimits_areTheStartOfTheNextProcess(@TempDir Path directory) {
        LearnedStore store = LearnedStore.in(directory);
        Gate gate = Gate.builder("test")
                .noBreaker()
                .learnedIn(store)
                .scheduler(() -> time)
                .build();
        int[] out = new int[1];
        Call<Integer, Integer> call = n -> Mono.defer(() -> out[0] >= 40
                ? Mono.error(refusal(ErrorKind.RATE_LIMITED, ofMillis(100)))
                : Mono.just(n)
                        .delayElement(ofMillis(500), time)
                        .doOnSubscribe(s -> out[0]++)
                        .doFinally(s -> out[0]--));
        Call<Integer, Integer> gated = call.with(gate.layer());
        Disposable run = Flux.range(0, 100_000).flatMap(gated::apply, 200).subscribe();
        for (int i = 0; i < 600; i++) {
            time.advanceTimeBy(ofMillis(100));
        }
        run.dispose();
        StepVerifier.create(Mono.fromSupplier(() -> store.read("test", null))
                        .repeatWhen(f -> f.delayElements(ofMillis(5)))
                        .filter(learned -> learned.concurrency() != null
                                && learned.concurrency() > 30
                                && learned.concurrency()
                                        < 45) // those of the first simulated seconds may still be on their way
                        .next()
                        .timeout(ofSeconds(5)))
                .expectNextCount(1)
                .verifyComplete();
        Gate next = Gate.builder("test").learnedIn(store).scheduler(() -> time).build();
        assertThat(next.snapshot().keys().get(0).levels())
                .filteredOn(level -> level.resource().equals(AdaptiveLimits.CONCURRENCY))
                .singleElement()
                .satisfies(level -> assertThat(level.limit()).isBetween(30.0, 45.0));
    }

    @Test
    void limitThatFallsBelowAWaitingDemand_failsThatOneAndNoOther() {
        TokenBucket[] bucket = new TokenBucket[1];
        Gate gate = gate().limit(() -> bucket[0] = TokenBucket.of(Charge.TOKENS, Rate.perMinute(6_000)))
                .build();
        Call<Integer, Integer> call = n -> Mono.never();
        Call<Integer, Integer> gated = call.with(gate.layer(n -> new Demand(n, 0, Cost.ZERO), Meter.free()));
        gated.apply(6_000).subscribe();
        List<Throwable> errors = new ArrayList<>();
        gated.apply(5_000).subscribe(answer -> {}, errors::add);
        gated.apply(100).subscribe(answer -> {}, errors::add);
        gate.update(() -> bucket[0].change(Rate.perMinute(600), 0));
        assertThat(errors).singleElement().satisfies(error -> assertThat(error).hasMessageContaining("5000"));
        assertThat(gate.snapshot().waiting()).isEqualTo(1);
    }

    /** A simulated hour of everything that may happen to ten thousand calls. */
    @Test
    void randomCancelsTimeoutsAndErrors_bringEverythingBack() {
        Budget budget = Budget.ofUsd(new BigDecimal("1000000"));
        Gate gate = gate().concurrency(50)
                .limit(Limited::new)
                .keys(List.of(new ApiKey("one", "k1"), new ApiKey("two", "k2")))
                .tenantWeight("t1", 3)
                .build();
        Random random = new Random(7);
        Meter<Integer, Integer> meter = priced("0.04", "0.01");
        Call<Integer, Integer> call = n -> Mono.defer(() -> switch (random.nextInt(12)) {
            case 0 -> Mono.error(refusal(ErrorKind.RATE_LIMITED, ofMillis(random.nextInt(3_000))));
            case 1 -> Mono.error(refusal(ErrorKind.SERVER_ERROR, null));
            case 2 -> Mono.error(new IllegalStateException("bug"));
            case 3 -> Mono.empty();
            case 4 -> Mono.never();
            case 5 -> throw new IllegalArgumentException("thrown");
            default -> Mono.just(n).delayElement(ofMillis(random.nextInt(20_000)), time);
        });
        Call<Integer, Integer> gated = call.with(gate.layer(n -> new Demand(n % 100, n % 7, Cost.ZERO), meter));
        int[] ended = new int[1];
        for (int i = 0; i < 10_000; i++) {
            CallOptions options = BATCH.withTenant("t" + i % 5)
                    .withPriority(Priority.values()[i % 3])
                    .withFailFast(i % 17 == 0);
            Mono<Integer> one = gated.apply(i)
                    .timeout(ofSeconds(1 + random.nextInt(3_500)), time)
                    .contextWrite(options::into)
                    .contextWrite(budget::into)
                    .doFinally(signal -> ended[0]++);
            Disposable disposable = one.subscribeOn(time).subscribe(answer -> {}, error -> {});
            if (i % 3 == 0) {
                time.schedule(disposable::dispose, random.nextInt(3_600_000), TimeUnit.MILLISECONDS);
            }
            if (i % 10 == 0) {
                time.advanceTimeBy(ofMillis(random.nextInt(1_000)));
            }
        }
        time.advanceTimeBy(ofMinutes(60));
        assertThat(ended[0]).isEqualTo(10_000);
        assertEmpty(gate);
        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0");
    }

    /** A hundred tokens at a time. */
    private static final class Limited implements Resource {

        private long out;

        @Override
        public String name() {
            return "tokens at a time";
        }

        @Override
        public String impossible(Demand demand) {
            return demand.tokens() <= 110 ? null : demand.tokens() + " tokens are more than the 100 allowed";
        }

        @Override
        public long waitNanos(Demand demand, long now) {
            return out == 0 || out + demand.tokens() <= 100 ? 0 : UNTIL_SETTLED;
        }

        @Override
        public void take(Demand demand, long now) {
            out += demand.tokens();
        }

        @Override
        public void settle(Demand demand, Settlement end, long now) {
            out -= demand.tokens();
            assertThat(out).isNotNegative();
        }

        @Override
        public List<Level> levels(long now) {
            return List.of(new Level(name(), out, 100, Level.Origin.STATED));
        }
    }
}
