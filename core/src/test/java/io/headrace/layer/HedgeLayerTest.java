package io.headrace.layer;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.admission.Gate;
import io.headrace.model.ChatDelta;
import io.headrace.model.DeltaSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

@Timeout(60)
class HedgeLayerTest {

    private static final HedgeSpec SPEC = HedgeSpec.standard().minAnswers(10);

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final Gate gate =
            Gate.builder("test").concurrency(200).scheduler(() -> time).build();
    private final AtomicInteger attempts = new AtomicInteger();
    private final AtomicInteger cancelled = new AtomicInteger();

    @AfterEach
    void stopTime() {
        time.dispose();
    }

    /** The attempts of the calls take as long as {@code times} say by the number of the attempt. */
    private Call<String, Integer> hedged(HedgeSpec spec, IntFunction<Mono<Integer>> times) {
        Call<String, Integer> call = request -> Mono.defer(() -> {
            AtomicBoolean answered = new AtomicBoolean();
            return times.apply(attempts.incrementAndGet())
                    .doOnNext(answer -> answered.set(true))
                    .doOnCancel(() -> cancelled.addAndGet(answered.get() ? 0 : 1));
        });
        return CallStack.of(call)
                .scheduler(() -> time)
                .noRetry()
                .noAttemptTimeout()
                .gate(gate)
                .hedge(spec)
                .build();
    }

    private Mono<Integer> after(Duration wait, int answer) {
        return Mono.just(answer).delayElement(wait, time);
    }

    private void warmUp(Call<String, Integer> call) {
        for (int i = 0; i < 20; i++) {
            Disposable one = call.apply("q").subscribe();
            time.advanceTimeBy(ofMillis(100));
            assertThat(one.isDisposed()).isTrue();
        }
        assertThat(attempts).hasValue(20);
    }

    @Test
    void stalledCall_isAnsweredByTheSecondAttemptAndTheFirstIsCancelled() {
        Call<String, Integer> call = hedged(SPEC, n -> n == 21 ? Mono.never() : after(ofMillis(100), n));
        warmUp(call);
        List<Integer> answers = new ArrayList<>();
        call.apply("q").subscribe(answers::add);
        time.advanceTimeBy(ofMillis(249));
        assertThat(answers).isEmpty();
        time.advanceTimeBy(ofMillis(1));
        assertThat(answers).containsExactly(22);
        assertThat(cancelled).hasValue(1);
        assertThat(gate.snapshot().inFlight()).isZero();
    }

    @Test
    void callThatIsMerelySlower_winsItself() {
        Call<String, Integer> call = hedged(SPEC, n -> after(ofMillis(n == 21 ? 200 : 100), n));
        warmUp(call);
        List<Integer> answers = new ArrayList<>();
        call.apply("q").subscribe(answers::add);
        time.advanceTimeBy(ofSeconds(1));
        assertThat(answers).containsExactly(21);
        assertThat(attempts).hasValue(22);
        assertThat(cancelled).hasValue(1);
    }

    @Test
    void failureBeforeTheSecondAttempt_goesOutAtOnce() {
        Call<String, Integer> call =
                hedged(SPEC, n -> n == 21 ? Mono.error(new IllegalStateException("no")) : after(ofMillis(100), n));
        warmUp(call);
        StepVerifier.create(call.apply("q")).verifyErrorMessage("no");
        time.advanceTimeBy(ofSeconds(1));
        assertThat(attempts).hasValue(21);
    }

    @Test
    void failureOfOne_leavesTheOtherToAnswer() {
        Call<String, Integer> call = hedged(SPEC, n -> switch (n) {
            case 21 -> after(ofMillis(200), n).then(Mono.error(new IllegalStateException("first")));
            default -> after(ofMillis(100), n);
        });
        warmUp(call);
        List<Integer> answers = new ArrayList<>();
        call.apply("q").subscribe(answers::add);
        time.advanceTimeBy(ofSeconds(1));
        assertThat(answers).containsExactly(22);
    }

    @Test
    void failureOfBoth_isTheOneThatCameFirst() {
        Call<String, Integer> call = hedged(SPEC, n -> switch (n) {
            case 21 -> after(ofMillis(500), n).then(Mono.error(new IllegalStateException("first")));
            case 22, 23 -> Mono.error(new IllegalStateException("second"));
            default -> after(ofMillis(100), n);
        });
        warmUp(call);
        List<Throwable> errors = new ArrayList<>();
        call.apply("q").subscribe(answer -> {}, errors::add);
        time.advanceTimeBy(ofSeconds(1));
        assertThat(errors).singleElement().satisfies(error -> assertThat(error).hasMessage("second"));
    }

    @Test
    void cancel_cancelsAll() {
        Call<String, Integer> call = hedged(SPEC, n -> n > 20 ? Mono.never() : after(ofMillis(100), n));
        warmUp(call);
        Disposable one = call.apply("q").subscribe();
        time.advanceTimeBy(ofSeconds(1));
        assertThat(attempts).hasValue(23);
        one.dispose();
        assertThat(cancelled).hasValue(3);
        assertThat(gate.snapshot().inFlight()).isZero();
    }

    @Test
    void timeInLine_doesNotCountAsSlow() {
        Call<String, Integer> call = hedged(SPEC, n -> after(ofMillis(100), n));
        warmUp(call);
        gate.pause();
        call.apply("q").subscribe();
        time.advanceTimeBy(ofSeconds(10));
        gate.resume();
        time.advanceTimeBy(ofSeconds(1));
        assertThat(attempts).hasValue(21);
    }

    @Test
    void timeOfStreams_saysNothingOfHowLongCallsTake() {
        DeltaSink slowReader = new DeltaSink() {
            @Override
            public Mono<Void> emit(ChatDelta delta) {
                return Mono.empty();
            }

            @Override
            public boolean delivered() {
                return false;
            }
        };
        Call<String, Integer> call = hedged(
                SPEC,
                n -> n <= 20 || n == 102 ? after(ofMillis(100), n) : n == 101 ? Mono.never() : after(ofSeconds(60), n));
        warmUp(call);
        for (int i = 0; i < 80; i++) {
            call.apply("q").contextWrite(slowReader::into).subscribe();
        }
        time.advanceTimeBy(ofSeconds(60));
        List<Integer> answers = new ArrayList<>();
        call.apply("q").subscribe(answers::add);
        time.advanceTimeBy(ofMillis(250));
        assertThat(answers).containsExactly(102);
    }

    private static Mono<Integer> refused() {
        return Mono.error(ApiException.builder(ErrorKind.RATE_LIMITED, "busy")
                .delivery(Delivery.REFUSED)
                .retryAfter(ofSeconds(10))
                .build());
    }

    @Test
    void callThatIsRefusedAndWaitsForItsTurn_isNotSlow() {
        Call<String, Integer> call = hedged(SPEC, n -> n == 21 ? refused() : after(ofMillis(100), n));
        warmUp(call);
        List<Integer> answers = new ArrayList<>();
        call.apply("q").subscribe(answers::add);
        time.advanceTimeBy(ofSeconds(11));
        assertThat(answers).containsExactly(22);
        assertThat(attempts).hasValue(22);
    }

    @Test
    void callThatStallsAfterARefusal_isAskedAgain() {
        Call<String, Integer> call =
                hedged(SPEC, n -> n == 21 ? refused() : n == 22 ? Mono.never() : after(ofMillis(100), n));
        warmUp(call);
        List<Integer> answers = new ArrayList<>();
        call.apply("q").subscribe(answers::add);
        time.advanceTimeBy(ofSeconds(11));
        assertThat(answers).containsExactly(23);
        assertThat(gate.snapshot().inFlight()).isZero();
    }

    @Test
    void extraAttemptThatWasNotSent_doesNotSayHowTheCallFailed() {
        Call<String, Integer> call = hedged(SPEC, n -> switch (n) {
            case 21 -> after(ofMillis(500), n).then(Mono.error(new IllegalStateException("sent")));
            case 22, 23 ->
                Mono.error(ApiException.builder(ErrorKind.BUDGET_EXHAUSTED, "no money for another one")
                        .delivery(Delivery.NOT_SENT)
                        .build());
            default -> after(ofMillis(100), n);
        });
        warmUp(call);
        List<Throwable> errors = new ArrayList<>();
        call.apply("q").subscribe(answer -> {}, errors::add);
        time.advanceTimeBy(ofSeconds(10));
        assertThat(errors).singleElement().satisfies(error -> assertThat(error).hasMessage("sent"));
    }

    @Test
    void extraCalls_areBounded() {
        Call<String, Integer> call = hedged(
                SPEC.maxShare(0.02), n -> n <= 20 || n % 2 == 0 ? after(ofMillis(100), n) : after(ofSeconds(9), n));
        warmUp(call);
        Flux.range(0, 1_000).flatMap(i -> call.apply("q"), 100).subscribe();
        time.advanceTimeBy(ofSeconds(1_000));
        assertThat(attempts.get() - 1_020).isBetween(5, 22);
    }

    @Test
    void oneInAHundredStalls_costsTheEndOfTheRunLittle() {
        Call<String, Integer> call =
                hedged(HedgeSpec.standard(), n -> n % 100 == 0 ? after(ofSeconds(60), n) : after(ofSeconds(1), n));
        List<Long> ends = new ArrayList<>();
        Flux.range(0, 10_000)
                .flatMap(i -> call.apply("q"), 100)
                .subscribe(answer -> ends.add(time.now(TimeUnit.MILLISECONDS)));
        for (int i = 0; i < 400 && ends.size() < 10_000; i++) {
            time.advanceTimeBy(ofSeconds(1));
        }
        assertThat(ends).hasSize(10_000);
        long whole = ends.get(9_999);
        assertThat((double) (whole - ends.get(9_899)) / whole).isLessThan(0.05);
        assertThat(attempts.get()).isLessThanOrEqualTo(10_502);
    }

    @Test
    void numbersOutOfRange_areRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HedgeSpec.standard().quantile(1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HedgeSpec.standard().maxShare(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HedgeSpec.standard().minAnswers(0));
    }
}
