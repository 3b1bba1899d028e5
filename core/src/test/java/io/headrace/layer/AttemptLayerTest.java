package io.headrace.layer;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.Meter;
import java.math.BigDecimal;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class AttemptLayerTest {

    private static final Cost CENT = Cost.of(new BigDecimal("0.01"));
    private static final Cost DIME = Cost.of(new BigDecimal("0.10"));

    /** A cent an answer, a dime at most. */
    static final Meter<String, String> METER = new Meter<>() {
        @Override
        public Cost ceiling(String request) {
            return DIME;
        }

        @Override
        public Usage usage(String answer) {
            return Usage.of(1, answer.length());
        }

        @Override
        public Cost cost(String answer) {
            return CENT;
        }

        @Override
        public String model(String answer) {
            return "m";
        }

        @Override
        public String requestId(String answer) {
            return "id of " + answer;
        }
    };

    /** Knows no price of a batch, and says so by throwing. */
    private record NoBatchPrice(boolean inBatch) implements Meter<String, String> {

        @Override
        public Cost ceiling(String request) {
            return DIME;
        }

        @Override
        public Usage usage(String answer) {
            return Usage.UNKNOWN;
        }

        @Override
        public Cost cost(String answer) {
            if (inBatch) {
                throw new IllegalStateException("no price");
            }
            return CENT;
        }

        @Override
        public String model(String answer) {
            return "m";
        }

        @Override
        public Meter<String, String> batch() {
            return new NoBatchPrice(true);
        }
    }

    private final Recorder recorder = new Recorder();
    private final List<String> notes = new CopyOnWriteArrayList<>();
    private final AttemptLog log = new AttemptLog() {
        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            notes.add("started " + fingerprint.a() + " " + sample + " " + reserved.usd());
            return 40 + notes.size();
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            notes.add("ended " + attempt + " " + delivery + " " + (cost.isKnown() ? cost.usd() : "?"));
        }
    };

    private Mono<String> attempt(Call<String, String> call) {
        return call.with(AttemptLayer.of(METER))
                .apply("q")
                .contextWrite(log::into)
                .contextWrite(recorder::into);
    }

    @Test
    void value_isNotedBeforeItIsSentAndBeforeItIsSeen() {
        Call<String, String> call = request -> Mono.fromSupplier(() -> {
            notes.add("sent");
            return "yes";
        });
        StepVerifier.create(attempt(call).doOnNext(answer -> notes.add("seen")))
                .expectNext("yes")
                .verifyComplete();
        assertThat(notes).containsExactly("started 0 0 0.10", "sent", "ended 41 ANSWERED 0.01", "seen");
        assertThat(recorder.of(AttemptStarted.class)).containsExactly(new AttemptStarted(CallOptions.NONE, 1));
        AttemptEnded ended = recorder.of(AttemptEnded.class).get(0);
        assertThat(ended.succeeded()).isTrue();
        assertThat(ended.usage()).isEqualTo(Usage.of(1, 3));
        assertThat(ended.cost()).isEqualTo(CENT);
    }

    @Test
    void meterOfBatchesThatFails_losesNoAnswer() {
        Call<String, String> call = new Script(Mono.just("yes")).with(AttemptLayer.of(new NoBatchPrice(false)));

        StepVerifier.create(Flux.range(0, 200).concatMap(i -> call.apply("q")))
                .expectNextCount(200)
                .verifyComplete();
    }

    @Test
    void apiError_endsByItsDelivery() {
        ApiException refused = ApiException.builder(ErrorKind.RATE_LIMITED, "slow down")
                .delivery(Delivery.REFUSED)
                .build();
        StepVerifier.create(attempt(new Script(Mono.error(refused)))).verifyError();
        assertThat(notes).last().isEqualTo("ended 41 REFUSED 0");
        assertThat(recorder.of(AttemptEnded.class).get(0).error()).isSameAs(refused);
    }

    @Test
    void apiErrorWithUnknownOutcome_costsUnknown() {
        StepVerifier.create(attempt(new Script(Script.fail(ErrorKind.TRANSPORT))))
                .verifyError();
        assertThat(notes).last().isEqualTo("ended 41 UNKNOWN ?");
    }

    @Test
    void anyOtherError_endsUnknown() {
        IllegalStateException bug = new IllegalStateException("bug");
        StepVerifier.create(attempt(new Script(Mono.error(bug))))
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(bug));
        assertThat(notes).last().isEqualTo("ended 41 UNKNOWN ?");
        assertThat(recorder.of(AttemptEnded.class).get(0).error()).hasCause(bug);
    }

    @Test
    void errorThrownByTheCallItself_endsTheAttempt() {
        StepVerifier.create(attempt(request -> {
                    throw new IllegalStateException("bug");
                }))
                .verifyErrorMessage("bug");
        assertThat(notes).hasSize(2);
    }

    @Test
    void empty_isAMalformedResponse() {
        StepVerifier.create(attempt(new Script(Mono.empty())))
                .verifyErrorSatisfies(
                        e -> assertThat(((ApiException) e).kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE));
        assertThat(notes).last().isEqualTo("ended 41 UNKNOWN ?");
    }

    @Test
    void cancelAfterTheStart_endsUnknownOnce() {
        StepVerifier.withVirtualTime(() -> attempt(new Script(Mono.never())))
                .thenAwait(ofMillis(300))
                .thenCancel()
                .verify();
        assertThat(notes).containsExactly("started 0 0 0.10", "ended 41 UNKNOWN ?");
        AttemptEnded ended = recorder.of(AttemptEnded.class).get(0);
        assertThat(ended)
                .isEqualTo(new AttemptEnded(
                        CallOptions.NONE, 1, ofMillis(300), Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN, null));
        assertThat(ended.succeeded()).isFalse();
    }

    @Test
    void noSubscription_noNote() {
        attempt(new Script(Mono.just("yes")));
        assertThat(notes).isEmpty();
    }

    @Test
    void attempts_areNumberedByTheRetryLayerAndNotedEach() {
        Script script = new Script(Script.fail(ErrorKind.TIMEOUT), Script.fail(ErrorKind.TIMEOUT), Mono.just("yes"));
        Call<String, String> call =
                script.with(AttemptLayer.of(METER)).with(RetryLayer.of(RetrySpec.fixedDelay(3, ofSeconds(1))));
        StepVerifier.withVirtualTime(
                        () -> call.apply("q").contextWrite(log::into).contextWrite(recorder::into))
                .thenAwait(ofSeconds(2))
                .expectNext("yes")
                .verifyComplete();
        assertThat(recorder.of(AttemptStarted.class))
                .extracting(AttemptStarted::attempt)
                .containsExactly(1, 2, 3);
        assertThat(recorder.of(AttemptEnded.class))
                .extracting(AttemptEnded::attempt)
                .containsExactly(1, 2, 3);
        assertThat(notes)
                .containsExactly(
                        "started 0 0 0.10",
                        "ended 41 UNKNOWN ?",
                        "started 0 0 0.10",
                        "ended 43 UNKNOWN ?",
                        "started 0 0 0.10",
                        "ended 45 ANSWERED 0.01");
    }

    @Test
    void noteThatCannotBeWritten_failsBeforeAnythingIsSent() {
        Script script = new Script(Mono.just("yes"));
        AttemptLog full = new AttemptLog() {
            @Override
            public long started(Fingerprint fingerprint, int sample, Cost reserved) {
                throw new IllegalStateException("disk full");
            }

            @Override
            public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
                throw new AssertionError("it never started");
            }
        };
        StepVerifier.create(script.with(AttemptLayer.of(METER))
                        .apply("q")
                        .contextWrite(full::into)
                        .contextWrite(recorder::into))
                .verifyErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(io.headrace.StorageException.class)
                        .hasRootCauseMessage("disk full"));
        assertThat(script.subscribed).hasValue(0);
        assertThat(recorder.events).isEmpty();
    }

    @Test
    void endThatCannotBeNoted_losesNoAnswer() {
        AttemptLog half = new AttemptLog() {
            @Override
            public long started(Fingerprint fingerprint, int sample, Cost reserved) {
                return 1;
            }

            @Override
            public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
                throw new IllegalStateException("disk full");
            }
        };
        StepVerifier.create(new Script(Mono.just("yes"))
                        .with(AttemptLayer.of(METER))
                        .apply("q")
                        .contextWrite(half::into)
                        .contextWrite(Recorder.broken()::into))
                .expectNext("yes")
                .verifyComplete();
    }

    @Test
    void withoutALog_theCeilingIsNotAsked() {
        Meter<String, String> strict = new Meter<>() {
            @Override
            public Cost ceiling(String request) {
                throw new AssertionError("nobody reserves");
            }

            @Override
            public Usage usage(String answer) {
                throw new IllegalStateException("broken meter");
            }

            @Override
            public Cost cost(String answer) {
                return Cost.ZERO;
            }

            @Override
            public String model(String answer) {
                return "";
            }
        };
        StepVerifier.create(new Script(Mono.just("yes"))
                        .with(AttemptLayer.of(strict))
                        .apply("q")
                        .contextWrite(recorder::into))
                .expectNext("yes")
                .verifyComplete();
        assertThat(recorder.of(AttemptEnded.class).get(0).usage()).isEqualTo(Usage.UNKNOWN);
    }
}
