package io.headrace.admission;

import static io.headrace.admission.Gates.assertEmpty;
import static io.headrace.admission.Gates.refusal;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.layer.RetryLayer;
import io.headrace.layer.RetrySpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** When waiting is of no use: who fails, who stays in line, and how it goes on. In virtual time. */
@Timeout(60)
class StandstillTest extends VirtualGates {

    private Call<String, String> patient(Call<String, String> call, Gate gate) {
        return call.with(gate.layer())
                .with(RetryLayer.of(RetrySpec.fixedDelay(1_000, ofSeconds(1)).scheduler(() -> time)));
    }

    @Test
    void quotaThatRefusesEverything_failsWhoeverWaitsAndLetsOthersTry() {
        Gate gate = gate().coolDown(CoolDownSpec.standard().refusedFor(ofMinutes(1)))
                .build();
        boolean[] open = new boolean[1];
        Call<String, String> call = request -> Mono.defer(
                () -> open[0] ? Mono.just("yes") : Mono.error(refusal(ErrorKind.RATE_LIMITED, ofSeconds(5))));
        List<Throwable> errors = errorsOf(100, call.with(gate.<String, String>layer()));
        time.advanceTimeBy(ofMinutes(2));
        assertThat(errors).hasSize(100).allSatisfy(error -> {
            assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.UNAVAILABLE);
            assertThat(error).hasMessageContaining("refused every call").hasMessageContaining("'test'");
        });
        open[0] = true;
        time.advanceTimeBy(ofMinutes(1));
        StepVerifier.create(call.with(gate.<String, String>layer()).apply("q"))
                .expectNext("yes")
                .verifyComplete();
        assertEmpty(gate);
    }

    @Test
    void noKeyLeft_failsWhoeverWaitsWithTheReason() {
        Gate gate = gate().concurrency(1)
                .keys(List.of(new ApiKey("one", "k1"), new ApiKey("two", "k2")))
                .build();
        Call<String, String> call = request -> Mono.error(refusal(ErrorKind.QUOTA_EXHAUSTED, null));
        List<Throwable> errors = errorsOf(3, call.with(gate.<String, String>layer()));
        assertThat(errors)
                .hasSize(3)
                .allSatisfy(error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.QUOTA_EXHAUSTED));
        assertThat(errors.get(2)).hasMessageContaining("no API key is left").hasMessageNotContaining("k1");
        assertEmpty(gate);
    }

    @Test
    void breakerThatStaysOpen_failsWhoeverWaitsWithTheLastErrorAndTellsItOnce() {
        Gate gate =
                gate().breaker(BreakerSpec.standard().giveUpAfter(ofMinutes(2))).build();
        boolean[] up = {true};
        Call<String, String> call = request -> Mono.defer(() -> up[0]
                ? Mono.just(request)
                : Mono.error(ApiException.builder(ErrorKind.TRANSPORT, "cannot connect to 127.0.0.1:9")
                        .delivery(Delivery.NOT_SENT)
                        .build()));
        Call<String, String> patient = patient(call, gate);
        patient.apply("warm").subscribe();
        up[0] = false;
        List<Throwable> errors = errorsOf(100, patient);
        time.advanceTimeBy(ofSeconds(119));
        assertThat(errors).isEmpty();
        time.advanceTimeBy(ofSeconds(12));
        assertThat(errors).hasSize(100).allSatisfy(error -> {
            assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.UNAVAILABLE);
            assertThat(((ApiException) error).isTransient()).isFalse();
            assertThat(error)
                    .hasMessageContaining("gate 'test'")
                    .hasMessageContaining("giveUpAfter is 120 s")
                    .hasMessageContaining("cannot connect to 127.0.0.1:9");
        });
        assertThat(events)
                .filteredOn(GateEvent.Standstill.class::isInstance)
                .singleElement()
                .satisfies(event ->
                        assertThat(((GateEvent.Standstill) event).paused()).isFalse());
        assertThat(gate.snapshot().standstill()).contains("no call was answered");
        assertThat(gate.snapshot().paused()).isFalse();
        up[0] = true;
        time.advanceTimeBy(ofSeconds(10));
        StepVerifier.create(patient.apply("late")).expectNext("late").verifyComplete();
        assertThat(gate.snapshot().standstill()).isEmpty();
    }

    @Test
    void endpointThatNeverAnswered_isGivenUpSooner() {
        Gate gate = gate().breaker(BreakerSpec.standard()).build();
        Call<String, String> call = request -> Mono.error(refusal(ErrorKind.TRANSPORT, null));
        Call<String, String> patient = patient(call, gate);
        List<Throwable> errors = errorsOf(50, patient);
        time.advanceTimeBy(ofSeconds(29));
        assertThat(errors).isEmpty();
        time.advanceTimeBy(ofSeconds(3));
        assertThat(errors)
                .hasSize(50)
                .allSatisfy(error -> assertThat(error).hasMessageContaining("no call was ever answered"));
    }

    @Test
    void standstill_isSeenInTime_whileProbesAreOut() {
        Gate gate = gate().breaker(BreakerSpec.standard()).build();
        int[] asked = new int[1];
        Call<String, String> call = request -> Mono.defer(() -> {
            Mono<String> refused = Mono.error(refusal(ErrorKind.TRANSPORT, null));
            return ++asked[0] <= 20 ? refused : refused.delaySubscription(ofSeconds(25), time);
        });
        Call<String, String> patient = patient(call, gate);
        List<Throwable> errors = errorsOf(50, patient);
        time.advanceTimeBy(ofSeconds(29));
        assertThat(errors).isEmpty();
        time.advanceTimeBy(ofSeconds(1));
        assertThat(errors).hasSize(47);
        time.advanceTimeBy(ofMinutes(1));
        assertThat(errors).hasSize(50);
        assertEmpty(gate);
    }

    @Test
    void gateThatPausesAtAStandstill_keepsEverybodyInLineUntilItIsResumed() {
        Gate gate = gate().breaker(BreakerSpec.standard().giveUpAfter(ofMinutes(2)))
                .pauseAtStandstill()
                .build();
        boolean[] up = new boolean[1];
        int[] asked = new int[1];
        Call<String, String> call = request -> Mono.defer(() -> {
            asked[0]++;
            return up[0] ? Mono.just(request) : Mono.error(refusal(ErrorKind.SERVER_ERROR, null));
        });
        Call<String, String> patient = patient(call, gate);
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            patient.apply("q").subscribe(answers::add);
        }
        time.advanceTimeBy(ofMinutes(5));
        int before = asked[0];
        time.advanceTimeBy(ofMinutes(5));
        assertThat(asked[0]).as("asked while it is paused").isEqualTo(before);
        assertThat(gate.snapshot().paused()).isTrue();
        assertThat(gate.snapshot().standstill()).contains("no call was ever answered");
        assertThat(gate.snapshot().waiting()).isEqualTo(50);
        assertThat(events)
                .contains(new GateEvent.Standstill("test", "", gate.snapshot().standstill(), true));
        StepVerifier.create(call.with(gate.<String, String>layer())
                        .apply("hasty")
                        .contextWrite(CallOptions.NONE.withFailFast(true)::into))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.UNAVAILABLE))
                .verify();
        gate.resume(); // too early
        assertThat(asked[0]).isGreaterThan(before);
        time.advanceTimeBy(ofMinutes(1));
        assertThat(gate.snapshot().paused()).isTrue();
        up[0] = true;
        gate.resume();
        time.advanceTimeBy(ofMinutes(1));
        assertThat(answers).hasSize(50);
        assertEmpty(gate);
    }

    @Test
    void waitAboveTheCap_pausesToo_andResumeTriesAtOnce() {
        Gate gate = gate().pauseAtStandstill().build();
        boolean[] open = new boolean[1];
        Call<String, String> call = request -> Mono.defer(
                () -> open[0] ? Mono.just("yes") : Mono.error(refusal(ErrorKind.RATE_LIMITED, ofMinutes(60))));
        List<String> answers = new ArrayList<>();
        call.with(gate.<String, String>layer()).apply("q").subscribe(answers::add);
        time.advanceTimeBy(ofMinutes(1));
        assertThat(gate.snapshot().standstill()).contains("asks to wait 3600 s");
        open[0] = true;
        time.advanceTimeBy(ofMinutes(100));
        assertThat(answers).isEmpty();
        gate.resume();
        assertThat(answers).containsExactly("yes");
        assertEmpty(gate);
    }

    @Test
    void accountThatIsGone_pausesToo_andFailsNobody() {
        boolean[] paid = new boolean[1];
        Call<String, String> call = request ->
                Mono.defer(() -> paid[0] ? Mono.just("yes") : Mono.error(refusal(ErrorKind.QUOTA_EXHAUSTED, null)));
        for (List<ApiKey> keys : List.of(List.<ApiKey>of(), List.of(new ApiKey("a", "ka"), new ApiKey("b", "kb")))) {
            paid[0] = false;
            Gate gate = gate().concurrency(3).keys(keys).pauseAtStandstill().build();
            List<String> answers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                call.with(gate.<String, String>layer()).apply("q").subscribe(answers::add);
            }
            time.advanceTimeBy(ofMinutes(1));
            assertThat(answers).isEmpty();
            assertThat(gate.snapshot().standstill())
                    .contains("no API key is left")
                    .doesNotContain("ka");
            assertThat(gate.snapshot().waiting()).isEqualTo(10);
            paid[0] = true;
            gate.resume();
            time.advanceTimeBy(ofMinutes(1));
            assertThat(answers).hasSize(10);
            assertEmpty(gate);
        }
    }

    @Test
    void keysThatWereRenewed_areBackWithResume() {
        Gate gate = gate().keys(List.of(new ApiKey("one", "k1"))).build();
        boolean[] renewed = new boolean[1];
        Call<String, String> call = request ->
                Mono.defer(() -> renewed[0] ? Mono.just("yes") : Mono.error(refusal(ErrorKind.AUTHENTICATION, null)));
        Mono<String> ask = call.with(gate.<String, String>layer()).apply("q");
        StepVerifier.create(ask).verifyError();
        renewed[0] = true;
        StepVerifier.create(ask)
                .verifyErrorMessage(
                        "gate 'test': no API key is left: 'one' was refused; renew them, then resume the gate");
        gate.resume();
        StepVerifier.create(ask).expectNext("yes").verifyComplete();
    }

    @Test
    void oneKeyOfTwoThatWasRenewed_isBackWithResume() {
        Gate gate = gate().keys(List.of(new ApiKey("one", "k1"), new ApiKey("two", "k2")))
                .build();
        List<String> sentWith = new ArrayList<>();
        Call<String, String> call = request -> Mono.deferContextual(context -> {
            String key = Objects.requireNonNull(
                            Grant.from(context).orElseThrow().key())
                    .name();
            sentWith.add(key);
            return sentWith.size() == 1 ? Mono.error(refusal(ErrorKind.QUOTA_EXHAUSTED, null)) : Mono.just(request);
        });
        Call<String, String> gated = call.with(gate.layer());
        StepVerifier.create(gated.apply("q").repeat(1)).expectNextCount(2).verifyComplete();
        assertThat(sentWith).containsExactly("one", "two", "two");
        gate.resume();
        StepVerifier.create(gated.apply("q").repeat(1)).expectNextCount(2).verifyComplete();
        assertThat(sentWith.subList(3, 5)).containsExactlyInAnyOrder("one", "two");
    }

    @Test
    void resumeWithoutAStandstill_leavesTheServersWaitAlone() {
        Gate gate = gate().build();
        int[] asked = new int[1];
        Call<String, String> call = request -> Mono.defer(
                () -> asked[0]++ > 0 ? Mono.just("yes") : Mono.error(refusal(ErrorKind.RATE_LIMITED, ofSeconds(30))));
        List<String> answers = new ArrayList<>();
        call.with(gate.<String, String>layer()).apply("q").subscribe(answers::add);
        gate.pause();
        gate.resume();
        time.advanceTimeBy(ofSeconds(29));
        assertThat(asked[0]).isEqualTo(1);
        time.advanceTimeBy(ofSeconds(1));
        assertThat(answers).containsExactly("yes");
    }

    private static List<Throwable> errorsOf(int calls, Call<String, String> call) {
        List<Throwable> errors = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            call.apply("q").subscribe(answer -> {}, errors::add);
        }
        return errors;
    }
}
