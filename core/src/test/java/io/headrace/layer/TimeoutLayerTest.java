package io.headrace.layer;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class TimeoutLayerTest {

    private static Call<String, String> limited(Call<String, String> call) {
        return call.with(TimeoutLayer.of(ofSeconds(5)));
    }

    @Test
    void valueInTime_passes() {
        StepVerifier.withVirtualTime(() -> limited(new Script(Mono.just("yes").delayElement(ofMillis(4999))))
                        .apply("q"))
                .thenAwait(ofSeconds(5))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void silence_isCancelledAndFailsWithTheLimit() {
        Script script = new Script(Mono.never());
        StepVerifier.withVirtualTime(() -> limited(script).apply("q"))
                .expectSubscription()
                .expectNoEvent(ofMillis(4999))
                .thenAwait(ofMillis(1))
                .verifyErrorSatisfies(e -> {
                    ApiException error = (ApiException) e;
                    assertThat(error.kind()).isEqualTo(ErrorKind.TIMEOUT);
                    assertThat(error.isTransient()).isTrue();
                    assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
                    assertThat(error.cost().isKnown()).isFalse();
                    assertThat(error).hasMessage("no answer within PT5S");
                });
        assertThat(script.cancelled).hasValue(1);
    }

    @Test
    void error_beginsWithWhatItIsAbout() {
        Call<String, String> named = new Script(Mono.never())
                .with(TimeoutLayer.<String, String>of(ofSeconds(5)).about(q -> "openai " + q));
        StepVerifier.withVirtualTime(() -> named.apply("m"))
                .thenAwait(ofSeconds(5))
                .verifyErrorMessage("openai m: no answer within PT5S");
    }

    @Test
    void emptyAndError_pass() {
        StepVerifier.create(limited(new Script(Mono.empty())).apply("q")).verifyComplete();
        StepVerifier.create(limited(new Script(Script.fail(ErrorKind.REFUSED))).apply("q"))
                .verifyErrorMessage("scripted refused");
    }

    @Test
    void cancel_cancelsTheCallAndTheTimer() {
        Script script = new Script(Mono.never());
        StepVerifier.withVirtualTime(() -> limited(script).apply("q"))
                .thenAwait(ofSeconds(1))
                .thenCancel()
                .verify();
        assertThat(script.cancelled).hasValue(1);
    }

    @Test
    void secondSubscription_getsTheWholeTime() {
        Script script = new Script(Mono.never());
        Call<String, String> call = limited(script);
        for (int i = 0; i < 2; i++) {
            StepVerifier.withVirtualTime(() -> call.apply("q"))
                    .expectSubscription()
                    .expectNoEvent(ofMillis(4999))
                    .thenAwait(ofMillis(1))
                    .verifyError(ApiException.class);
        }
    }

    @Test
    void scheduler_isTakenWhenUsed() {
        VirtualTimeScheduler[] given = new VirtualTimeScheduler[1];
        Call<String, String> call = new Script(Mono.never()).with(TimeoutLayer.of(ofSeconds(5), () -> given[0]));
        given[0] = VirtualTimeScheduler.create();
        StepVerifier.create(call.apply("q"))
                .then(() -> given[0].advanceTimeBy(ofSeconds(5)))
                .verifyError(ApiException.class);
    }

    @Test
    void limitThatIsNotPositiveOrOfCenturies_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> TimeoutLayer.of(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> TimeoutLayer.of(Duration.ofDays(365_000)));
    }
}
