package io.headrace.admission;

import static io.headrace.admission.Gates.assertEmpty;
import static io.headrace.admission.Gates.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.StorageException;
import io.headrace.flow.Step;
import io.headrace.layer.RetryLayer;
import io.headrace.layer.RetrySpec;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

/** A step with fewer places than its gate has permits: none is held by a call that is not sent. */
@Timeout(60)
class NarrowStepTest {

    private static final CallOptions OTHER = CallOptions.of("other", "item").withTenant("other");

    private final VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
    private final Random random = new Random(1);
    private final List<String> order = new ArrayList<>();
    private int onTheWire;
    private int mostOfTheStep;
    private int ofTheStep;
    private int permitsUnused;

    @AfterEach
    void stopTime() {
        VirtualTimeScheduler.reset();
    }

    private static Flux<Outcome<String>> items(int count) {
        return Flux.range(0, count).map(n -> Outcome.ok(Item.of("i" + n, n, "i" + n)));
    }

    /** Takes about a second, and looks before its end whether anybody has been admitted and is not on the wire. */
    private Call<String, String> server(Gate gate, double refused, boolean narrow) {
        Call<String, String> server = request -> Mono.using(
                () -> {
                    order.add(request);
                    onTheWire++;
                    mostOfTheStep = Math.max(mostOfTheStep, ofTheStep += narrow ? 1 : 0);
                    return Duration.ofMillis(500 + random.nextInt(1_000));
                },
                latency -> Mono.delay(latency)
                        .flatMap(tick -> random.nextDouble() < refused
                                ? Mono.<String>error(refusal(
                                        random.nextBoolean() ? ErrorKind.RATE_LIMITED : ErrorKind.OVERLOADED, null))
                                : Mono.just(request)),
                latency -> {
                    permitsUnused = Math.max(permitsUnused, gate.snapshot().inFlight() - onTheWire);
                    onTheWire--;
                    ofTheStep -= narrow ? 1 : 0;
                });
        return server.with(gate.layer());
    }

    private static Step<String, String> narrow(Call<String, String> call) {
        return Step.<String, String>map("narrow", call::apply).concurrency(2);
    }

    private static Gate gate(VirtualTimeScheduler time, int permits) {
        return Gate.builder("test")
                .concurrency(permits)
                .notAdaptive()
                .noBreaker()
                .scheduler(() -> time)
                .build();
    }

    @Test
    void closedGateThatOpens_admitsNoMoreOfAStepThanItHasPlacesFor() {
        Gate gate = gate(time, 10);
        Call<String, String> call = server(gate, 0, true);
        gate.pause();
        List<Object> done = new ArrayList<>();
        items(30).transform(narrow(call)).subscribe(done::add);
        for (int i = 0; i < 40; i++) {
            server(gate, 0, false).apply("other").contextWrite(OTHER::into).subscribe(done::add);
        }
        assertThat(gate.snapshot().waiting()).isEqualTo(20 + 40);
        gate.resume();
        assertThat(onTheWire).isEqualTo(10);
        assertThat(ofTheStep).isEqualTo(2);
        assertThat(gate.snapshot().inFlight()).isEqualTo(10);
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(done).hasSize(70);
        assertThat(mostOfTheStep).isEqualTo(2);
        assertThat(permitsUnused).isZero();
        assertEmpty(gate);
    }

    @Test
    void itemThatHasAPlaceAgain_goesBeforeItsTenantsOthers_andHasWaitedAllTheTime() {
        Gate gate = gate(time, 10);
        Call<String, String> call = server(gate, 0, true);
        gate.pause();
        items(30).transform(narrow(call)).subscribe();
        gate.resume();
        assertThat(order).containsExactly("i0", "i1");
        gate.pause();
        time.advanceTimeBy(Duration.ofSeconds(10)); // two have a place again, and stand in line with it
        call.apply("late").contextWrite(CallOptions.of("narrow", "late")::into).subscribe();
        assertThat(gate.snapshot().waiting()).isEqualTo(3);
        assertThat(gate.snapshot().longestWait()).isEqualTo(Duration.ofSeconds(10));
        gate.resume();
        assertThat(order).containsExactly("i0", "i1", "i2", "i3", "late");
    }

    @Test
    void cancelWithoutAPlace_leavesTheStepsLine() {
        Gate gate = gate(time, 10);
        Call<String, String> call = server(gate, 0, true);
        gate.pause();
        List<Outcome<String>> done = new ArrayList<>();
        Disposable running = items(30)
                .transform(Step.<String, String>map(
                                "narrow", name -> call.apply(name).timeout(Duration.ofSeconds(5)))
                        .concurrency(2))
                .subscribe(done::add);
        gate.resume();
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(done).hasSize(30).hasAtLeastOneElementOfType(Outcome.Failed.class);
        assertThat(permitsUnused).isZero();
        assertEmpty(gate);
        running.dispose();

        gate.pause();
        Disposable cancelled = items(30).transform(narrow(call)).subscribe();
        gate.resume();
        cancelled.dispose();
        assertEmpty(gate);
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(onTheWire).isZero();
    }

    @Test
    void streamThatIsOver_sendsNobodyWhoWaited_whenItsItemsLeaveTheirPermits() {
        for (boolean byError : new boolean[] {false, true}) {
            order.clear();
            Gate gate = gate(time, 3);
            Call<String, String> server = request -> {
                order.add(request);
                return byError && order.size() == 3
                        ? Mono.delay(Duration.ofSeconds(5)).then(Mono.error(new StorageException("full", null)))
                        : Mono.never();
            };
            Call<String, String> call = server.with(gate.layer());
            List<Throwable> errors = new ArrayList<>();
            Disposable stream = items(40)
                    .transform(Step.<String, String>map("first", Mono::just).then(Step.map("second", call::apply)))
                    .subscribe(outcome -> {}, errors::add);
            assertThat(order).hasSize(3);
            assertThat(gate.snapshot().waiting()).isEqualTo(37);
            if (byError) {
                time.advanceTimeBy(Duration.ofSeconds(5));
                assertThat(errors).hasSize(1);
            } else {
                stream.dispose();
            }
            assertThat(order)
                    .hasSize(byError ? 4 : 3); // the permit of the one that failed was free before its stream knew
            assertEmpty(gate);
        }
    }

    @Test
    void keysThatAreGone_andABudgetUsedUp_failThoseWithoutAPlaceToo() {
        Gate gate = gate(time, 10);
        Call<String, String> call = server(gate, 0, true);
        Budget budget = Budget.ofTokens(10);
        gate.pause();
        List<Outcome<String>> done = new ArrayList<>();
        items(30).transform(narrow(call)).contextWrite(budget::into).subscribe(done::add);
        budget.charge(BigDecimal.ZERO, 10);
        budget.capTokens(5);
        gate.resume();
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(done).hasSize(30);
        assertEmpty(gate);
    }

    @Test
    void backingOffItems_besideAnotherTenant_leaveItEveryPermitTheyDoNotUse() {
        Gate gate = gate(time, 100);
        Call<String, String> call = server(gate, 0.3, true)
                .with(RetryLayer.of(RetrySpec.backoff(20, Duration.ofSeconds(1)).maxElapsed(Duration.ofHours(1))));
        List<Object> narrow = new ArrayList<>();
        List<Object> wide = new ArrayList<>();
        items(200).transform(narrow(call)).subscribe(narrow::add);
        items(10_000)
                .transform(Step.<String, String>map(
                                "wide",
                                name -> server(gate, 0, false).apply(name).contextWrite(OTHER::into))
                        .concurrency(200))
                .subscribe(wide::add);
        time.advanceTimeBy(Duration.ofHours(1));
        assertThat(narrow).hasSize(200).hasOnlyElementsOfType(Outcome.Ok.class);
        assertThat(wide).hasSize(10_000);
        assertThat(mostOfTheStep).isEqualTo(2);
        assertThat(permitsUnused).isZero();
        assertEmpty(gate);
    }
}
