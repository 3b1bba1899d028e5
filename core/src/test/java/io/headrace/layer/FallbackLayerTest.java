package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import java.util.Set;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class FallbackLayerTest {

    private final Script other = new Script(Mono.just("other"));

    private Call<String, String> backed(Call<String, String> call) {
        return call.with(FallbackLayer.on(Set.of(ErrorKind.OVERLOADED), other));
    }

    @Test
    void value_asksNobodyElse() {
        StepVerifier.create(backed(new Script(Mono.just("yes"))).apply("q"))
                .expectNext("yes")
                .verifyComplete();
        assertThat(other.subscribed).hasValue(0);
    }

    @Test
    void namedKind_asksTheOther() {
        StepVerifier.create(
                        backed(new Script(Script.fail(ErrorKind.OVERLOADED))).apply("q"))
                .expectNext("other")
                .verifyComplete();
    }

    @Test
    void otherKindsAndOtherErrors_pass() {
        StepVerifier.create(backed(new Script(Script.fail(ErrorKind.REFUSED))).apply("q"))
                .verifyErrorMessage("scripted refused");
        StepVerifier.create(backed(new Script(Mono.error(new IllegalStateException("bug"))))
                        .apply("q"))
                .verifyErrorMessage("bug");
        assertThat(other.subscribed).hasValue(0);
    }

    @Test
    void predicate_decidesAboutAnyError() {
        Call<String, String> call = new Script(Mono.error(new IllegalStateException("bug")))
                .with(FallbackLayer.when(e -> e instanceof IllegalStateException, other));
        StepVerifier.create(call.apply("q")).expectNext("other").verifyComplete();
    }

    @Test
    void bothFail_theSecondTellsOfTheFirst() {
        ApiException first = Script.error(ErrorKind.OVERLOADED);
        ApiException second = Script.error(ErrorKind.REFUSED);
        Call<String, String> call = new Script(Mono.error(first))
                .with(FallbackLayer.on(Set.of(ErrorKind.OVERLOADED), new Script(Mono.error(second))));
        StepVerifier.create(call.apply("q"))
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(second).hasSuppressedException(first));
    }

    @Test
    void bothFailWithTheSameError_itPasses() {
        ApiException same = Script.error(ErrorKind.OVERLOADED);
        Call<String, String> call = new Script(Mono.error(same))
                .with(FallbackLayer.on(Set.of(ErrorKind.OVERLOADED), new Script(Mono.error(same))));
        StepVerifier.create(call.apply("q"))
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(same));
    }

    @Test
    void errorsThrownByTheCallsThemselves_areErrorSignals() {
        Call<String, String> broken = request -> {
            throw Script.error(ErrorKind.OVERLOADED);
        };
        StepVerifier.create(backed(broken).apply("q")).expectNext("other").verifyComplete();
        StepVerifier.create(broken.with(FallbackLayer.on(Set.of(ErrorKind.OVERLOADED), broken))
                        .apply("q"))
                .verifyErrorMessage("scripted overloaded");
    }

    @Test
    void cancel_reachesTheOther() {
        Script never = new Script(Mono.never());
        Call<String, String> call = new Script(Script.fail(ErrorKind.OVERLOADED))
                .with(FallbackLayer.on(Set.of(ErrorKind.OVERLOADED), never));
        StepVerifier.create(call.apply("q")).thenCancel().verify();
        assertThat(never.cancelled).hasValue(1);
    }
}
