package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class ValidateLayerTest {

    private static final Validator<String> NOT_NO =
            answer -> answer.equals("no") ? Optional.of("says no") : Optional.empty();

    private static Call<String, String> judged(Call<String, String> call) {
        return call.with(ValidateLayer.of(NOT_NO, AttemptLayerTest.METER));
    }

    @Test
    void goodAnswer_passes() {
        StepVerifier.create(judged(new Script(Mono.just("yes"))).apply("q"))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void badAnswer_isAnErrorThatCarriesWhatWasPaid() {
        StepVerifier.create(judged(new Script(Mono.just("no"))).apply("q")).verifyErrorSatisfies(e -> {
            ApiException error = (ApiException) e;
            assertThat(error).hasMessage("the answer was turned down: says no");
            assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_ANSWER);
            assertThat(error.isTransient()).isTrue();
            assertThat(error.delivery()).isEqualTo(Delivery.ANSWERED);
            assertThat(error.requestId()).contains("id of no");
            assertThat(error.usage()).isEqualTo(Usage.of(1, 2));
            assertThat(error.cost()).isEqualTo(Cost.of(new BigDecimal("0.01")));
        });
    }

    @Test
    void badAnswerThatIsCutOff_isNotAskedForAgain() {
        Script script = new Script(Mono.just("no"), Mono.just("yes"));
        StepVerifier.create(script.with(ValidateLayer.of(NOT_NO, AttemptLayerTest.METER)
                                .truncated(answer -> answer.equals("no")))
                        .with(RetryLayer.of(RetrySpec.standard()))
                        .apply("q"))
                .verifyErrorSatisfies(e -> {
                    ApiException error = (ApiException) e;
                    assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_ANSWER);
                    assertThat(error.isTransient()).isFalse();
                    assertThat(error)
                            .hasMessage(
                                    "the answer was turned down: says no; it is cut off, as another try would be: raise "
                                            + "the limit of its length (maxOutputTokens), or ask for less");
                });
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void goodAnswerThatIsCutOff_passes() {
        StepVerifier.create(new Script(Mono.just("yes"))
                        .with(ValidateLayer.of(NOT_NO, AttemptLayerTest.METER).truncated(answer -> true))
                        .apply("q"))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    @SuppressWarnings("OptionalAssignedToNull")
    void validatorThatReturnsNull_isABugAndNotABadAnswer() {
        StepVerifier.create(new Script(Mono.just("x"))
                        .with(ValidateLayer.<String, String>of(answer -> null, AttemptLayerTest.METER))
                        .apply("q"))
                .verifyErrorMessage("the validator returned null, for a good answer it must return Optional.empty()");
    }

    @Test
    void validatorThatMissesAClass_endsTheCall_onAnyThread() {
        Validator<String> broken = answer -> {
            throw new NoClassDefFoundError("org/example/Gone");
        };
        StepVerifier.create(new Script(Mono.just("x").delayElement(Duration.ofMillis(1)))
                        .with(ValidateLayer.of(broken, AttemptLayerTest.METER))
                        .apply("q"))
                .expectErrorMessage("the validator failed: java.lang.NoClassDefFoundError: org/example/Gone")
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void validatorThatThrows_turnsDown() {
        IllegalArgumentException bad = new IllegalArgumentException("not a number");
        Validator<String> throwing = answer -> {
            throw bad;
        };
        StepVerifier.create(new Script(Mono.just("x"))
                        .with(ValidateLayer.of(throwing, AttemptLayerTest.METER))
                        .apply("q"))
                .verifyErrorSatisfies(e -> assertThat(e)
                        .hasCause(bad)
                        .hasMessageContaining("not a number")
                        .isInstanceOf(ApiException.class));
    }

    @Test
    void retry_asksAgain() {
        Script script = new Script(Mono.just("no"), Mono.just("yes"));
        StepVerifier.create(judged(script)
                        .with(RetryLayer.of(RetrySpec.fixedDelay(3, Duration.ZERO)))
                        .apply("q"))
                .expectNext("yes")
                .verifyComplete();
        assertThat(script.subscribed).hasValue(2);
    }

    @Test
    void emptyErrorAndCancel_pass() {
        StepVerifier.create(judged(new Script(Mono.empty())).apply("q")).verifyComplete();
        StepVerifier.create(judged(new Script(Script.fail(ErrorKind.TIMEOUT))).apply("q"))
                .verifyErrorMessage("scripted timeout");
        Script never = new Script(Mono.never());
        StepVerifier.create(judged(never).apply("q")).thenCancel().verify();
        assertThat(never.cancelled).hasValue(1);
    }

    @Test
    void onErrorContinueBelow_doesNotLetABadAnswerThrough() {
        StepVerifier.create(Flux.just("no", "yes")
                        .concatMap(q -> judged(Mono::just).apply(q))
                        .onErrorContinue((e, v) -> {}))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void and_asksTheSecondOnlyAboutWhatTheFirstLetsPass() {
        Validator<String> both = NOT_NO.and(answer -> Optional.of("never good"));
        assertThat(both.problem("no")).contains("says no");
        assertThat(both.problem("yes")).contains("never good");
        assertThat(Validator.<String>none().problem("no")).isEmpty();
    }
}
