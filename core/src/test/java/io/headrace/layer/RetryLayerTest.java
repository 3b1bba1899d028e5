package io.headrace.layer;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.admission.Gate;
import io.headrace.observe.AttemptNumber;
import io.headrace.observe.CallEvent.RetryScheduled;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class RetryLayerTest {

    private static final RetrySpec SPEC = RetrySpec.fixedDelay(3, ofSeconds(1));

    private static Call<String, String> retrying(Call<String, String> call) {
        return call.with(RetryLayer.of(SPEC));
    }

    private static Mono<String> busy() {
        return Script.fail(ErrorKind.OVERLOADED);
    }

    @Test
    void value_passesWithoutAWait() {
        Script script = new Script(Mono.just("yes"));
        StepVerifier.create(retrying(script).apply("q")).expectNext("yes").verifyComplete();
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void empty_passes() {
        StepVerifier.create(retrying(new Script(Mono.empty())).apply("q")).verifyComplete();
    }

    @Test
    void transientErrors_areRetriedAfterTheirWait() {
        Script script = new Script(busy(), busy(), Mono.just("yes"));
        StepVerifier.withVirtualTime(() -> retrying(script).apply("q"))
                .expectSubscription()
                .expectNoEvent(ofMillis(1999))
                .thenAwait(ofMillis(1))
                .expectNext("yes")
                .verifyComplete();
        assertThat(script.subscribed).hasValue(3);
    }

    @Test
    void permanentError_comesAtOnceAndAsItIs() {
        ApiException error = Script.error(ErrorKind.AUTHENTICATION);
        Script script = new Script(Mono.error(error));
        StepVerifier.create(retrying(script).apply("q"))
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(error).hasNoSuppressedExceptions());
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void permanentErrorAfterRetries_comesAtOnceAndTellsOfTheAttempts() {
        ApiException error = Script.error(ErrorKind.INVALID_REQUEST);
        Script script = new Script(busy(), Mono.error(error));
        StepVerifier.withVirtualTime(() -> retrying(script).apply("q"))
                .thenAwait(ofSeconds(1))
                .verifyErrorSatisfies(e -> assertThat(e)
                        .hasMessage("scripted invalid-request (attempt 2, after 1 s of retries)")
                        .isInstanceOfSatisfying(
                                ApiException.class,
                                told -> assertThat(told.kind()).isEqualTo(ErrorKind.INVALID_REQUEST)));
    }

    @Test
    void exhausted_failsWithTheLastErrorWhichTellsOfTheAttempts() {
        ApiException last = ApiException.builder(ErrorKind.OVERLOADED, "openai m: HTTP 529")
                .delivery(Delivery.REFUSED)
                .status(529)
                .requestId("req_7")
                .retryAfter(ofMillis(1))
                .cause(new IllegalStateException("inside"))
                .build();
        Script script = new Script(busy(), busy(), Mono.error(last));
        StepVerifier.withVirtualTime(() -> retrying(script).apply("q"))
                .thenAwait(ofSeconds(2))
                .verifyErrorSatisfies(e -> {
                    assertThat(e)
                            .hasMessage("openai m: HTTP 529 (attempt 3 of 3, after 2 s of retries)")
                            .hasCause(last.getCause())
                            .hasNoSuppressedExceptions()
                            .usingRecursiveComparison()
                            .ignoringFields("message", "detailMessage")
                            .isEqualTo(last);
                    assertThat(e.getStackTrace()).isEmpty();
                });
        assertThat(script.subscribed).hasValue(3);
        assertThat(last).hasMessage("openai m: HTTP 529");
    }

    @Test
    void otherErrorThatIsExhausted_isTheSameAndTellsOfTheAttemptsBeside() {
        IllegalStateException last = new IllegalStateException("no");
        RetrySpec also = SPEC.alsoRetry(e -> true);
        StepVerifier.withVirtualTime(() ->
                        new Script(Mono.error(last)).with(RetryLayer.of(also)).apply("q"))
                .thenAwait(ofSeconds(2))
                .verifyErrorSatisfies(e -> {
                    assertThat(e).isSameAs(last);
                    assertThat(e.getSuppressed())
                            .extracting(Throwable::getMessage)
                            .containsExactly("attempt 3 of 3, after 2 s of retries");
                });
    }

    @Test
    void errorThatIsAConstant_doesNotGrow() {
        RetrySpec once = RetrySpec.fixedDelay(1, ofSeconds(1)).alsoRetry(error -> true);
        for (Exception constant : List.of(Script.error(ErrorKind.OVERLOADED), new IllegalStateException("no"))) {
            Call<String, String> call = new Script(Mono.error(constant)).with(RetryLayer.of(once));
            for (int i = 0; i < 100; i++) {
                StepVerifier.create(call.apply("q")).verifyError();
            }
            assertThat(constant.getSuppressed().length).isLessThan(5);
            assertThat(constant.getMessage()).hasSizeLessThan(30);
        }
    }

    @Test
    void secondSubscription_getsAFullBudget() {
        Script script = new Script(busy());
        Mono<String> mono = retrying(script).apply("q");
        for (int i = 1; i <= 2; i++) {
            StepVerifier.withVirtualTime(() -> mono).thenAwait(ofSeconds(2)).verifyError(ApiException.class);
            assertThat(script.subscribed).hasValue(3 * i);
        }
    }

    @Test
    void otherErrors_areRetriedOnlyWhenNamed() {
        Mono<String> broken = Mono.error(IllegalStateException::new);
        Script script = new Script(broken, Mono.just("yes"));
        StepVerifier.create(retrying(script).apply("q")).verifyError(IllegalStateException.class);

        Script again = new Script(broken, Mono.just("yes"));
        RetrySpec also = SPEC.alsoRetry(e -> e instanceof IllegalStateException);
        StepVerifier.withVirtualTime(() -> again.with(RetryLayer.of(also)).apply("q"))
                .thenAwait(ofSeconds(1))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void errorThrownByTheCallItself_isAnErrorSignal() {
        Call<String, String> call = request -> {
            throw Script.error(ErrorKind.OVERLOADED);
        };
        StepVerifier.withVirtualTime(() -> retrying(call).apply("q"))
                .thenAwait(ofSeconds(2))
                .verifyError(ApiException.class);
    }

    @Test
    void cancelDuringWait_startsNoFurtherAttempt() {
        Script script = new Script(busy());
        StepVerifier.withVirtualTime(() -> retrying(script).apply("q"))
                .thenAwait(ofMillis(500))
                .thenCancel()
                .verify();
        StepVerifier.withVirtualTime(Mono::never)
                .thenAwait(Duration.ofHours(1))
                .thenCancel()
                .verify();
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void cancelDuringAttempt_cancelsIt() {
        Script script = new Script(busy(), Mono.never());
        StepVerifier.withVirtualTime(() -> retrying(script).apply("q"))
                .thenAwait(ofSeconds(1))
                .thenCancel()
                .verify();
        assertThat(script.cancelled).hasValue(1);
    }

    @Test
    void waits_areToldWithTheirAttempt() {
        Recorder recorder = new Recorder();
        CallOptions options = CallOptions.of("step", "item");
        StepVerifier.withVirtualTime(
                        () -> retrying(new Script(busy(), Script.fail(ErrorKind.TIMEOUT), Mono.just("yes")))
                                .apply("q")
                                .contextWrite(recorder::into)
                                .contextWrite(options::into))
                .thenAwait(ofSeconds(2))
                .expectNext("yes")
                .verifyComplete();
        assertThat(recorder.events)
                .isEqualTo(List.of(
                        new RetryScheduled(options, 1, ErrorKind.OVERLOADED, ofSeconds(1)),
                        new RetryScheduled(options, 2, ErrorKind.TIMEOUT, ofSeconds(1))));
    }

    @Test
    void brokenListener_changesNothing() {
        StepVerifier.withVirtualTime(() -> retrying(new Script(busy(), Mono.just("yes")))
                        .apply("q")
                        .contextWrite(Recorder.broken()::into))
                .thenAwait(ofSeconds(1))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void context_reachesEveryAttempt() {
        AtomicInteger seen = new AtomicInteger();
        Call<String, String> call = request -> Mono.deferContextual(context -> {
            seen.addAndGet(context.<Integer>get("mark") * 10 + AttemptNumber.from(context));
            return busy();
        });
        StepVerifier.withVirtualTime(() -> retrying(call).apply("q").contextWrite(c -> c.put("mark", 10)))
                .thenAwait(ofSeconds(2))
                .verifyError();
        assertThat(seen).hasValue(101 + 102 + 103);
    }

    @Test
    void onErrorContinueBelow_dropsNothing() {
        Script script = new Script(busy(), busy(), Mono.just("yes"));
        StepVerifier.withVirtualTime(() -> Flux.just("a", "b")
                        .concatMap(q -> retrying(script).apply(q))
                        .onErrorContinue((e, value) -> {}))
                .thenAwait(ofSeconds(10))
                .expectNext("yes", "yes")
                .verifyComplete();
    }

    @Test
    void onErrorContinueBelow_seesTheExhaustedCallEnd() {
        StepVerifier.withVirtualTime(() -> Flux.just("a", "b")
                        .concatMap(q -> retrying(q.equals("a") ? new Script(busy()) : new Script(Mono.just("yes")))
                                .apply(q))
                        .onErrorContinue((e, value) -> {}))
                .thenAwait(ofSeconds(10))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void manyRetriesWithoutWait_doNotGrowTheStack() {
        RetrySpec eager = RetrySpec.fixedDelay(50_000, Duration.ZERO);
        Script script = new Script(busy());
        StepVerifier.create(script.with(RetryLayer.of(eager)).apply("q")).verifyError(ApiException.class);
        assertThat(script.subscribed).hasValue(50_000);
    }

    @Test
    void timeAtTheGate_isNoTimeOfTheRetries() {
        Gate gate = Gate.builder("slow").notAdaptive().noBreaker().build();
        AtomicInteger attempts = new AtomicInteger();
        Call<String, String> call = request -> Mono.defer(() -> {
            gate.pause();
            Schedulers.parallel().schedule(gate::resume, 20, TimeUnit.MINUTES);
            return attempts.incrementAndGet() < 4 ? Mono.error(new IllegalStateException("no")) : Mono.just("yes");
        });
        StepVerifier.withVirtualTime(() -> call.with(gate.<String, String>layer())
                        .with(RetryLayer.of(
                                RetrySpec.fixedDelay(5, ofSeconds(1)).alsoRetry(error -> true)))
                        .apply("q"))
                .thenAwait(Duration.ofHours(2))
                .expectNext("yes")
                .verifyComplete();
    }
}
