package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.ResponseCache;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** What the journal says of an answer that has arrived and is not stored yet. */
class EndsWhenStoredTest {

    private final Sinks.Empty<Void> stored = Sinks.empty();
    private final List<String> notes = new ArrayList<>();
    private final Set<Fingerprint> keys = new HashSet<>();

    private final AttemptLog log = new AttemptLog() {
        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            notes.add("started");
            keys.add(fingerprint);
            return notes.size();
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            notes.add("ended " + delivery);
        }
    };

    private final ResponseCache slow = new ResponseCache() {
        @Override
        public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
            return stored.asMono();
        }

        @Override
        public Mono<Void> clear() {
            return Mono.empty();
        }

        @Override
        public void close() {}
    };

    private Mono<String> ask(Validator<String> validator, Mono<String> first, Mono<String> second) {
        return ask(validator, first, second, log);
    }

    private Mono<String> ask(Validator<String> validator, Mono<String> first, Mono<String> second, AttemptLog log) {
        Call<String, String> call = CallStack.of(new Script(first, second))
                .cache(slow)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .validator(validator)
                .retry(RetrySpec.fixedDelay(3, Duration.ofNanos(1)))
                .build();
        return call.apply("q").contextWrite(log::into);
    }

    @Test
    void answerThatIsNotStoredYet_isAnAttemptOfUnknownOutcome() {
        StepVerifier.create(ask(Validator.none(), Mono.just("yes"), Mono.never()))
                .then(() -> assertThat(notes).containsExactly("started"))
                .then(stored::tryEmitEmpty)
                .expectNext("yes")
                .then(() -> assertThat(notes).containsExactly("started", "ended ANSWERED"))
                .expectComplete()
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void endThatCannotBeNoted_takesNothingFromTheAnswer() {
        stored.tryEmitEmpty();
        AttemptLog full = new AttemptLog() {
            @Override
            public long started(Fingerprint fingerprint, int sample, Cost reserved) {
                return 1;
            }

            @Override
            public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
                throw new IllegalStateException("the disk is full");
            }
        };

        StepVerifier.create(ask(Validator.none(), Mono.just("yes"), Mono.never(), full))
                .expectNext("yes")
                .expectComplete()
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void storeThatFails_leavesAPaidAttempt() {
        StepVerifier.create(ask(Validator.none(), Mono.just("yes"), Mono.never()))
                .then(() -> stored.tryEmitError(new IllegalStateException("disk full")))
                .expectError()
                .verify(Duration.ofSeconds(20));
        assertThat(notes).containsExactly("started", "ended ANSWERED");
    }

    @Test
    void answerThatIsTurnedDown_endsBeforeTheNextAttempt() {
        stored.tryEmitEmpty();
        Validator<String> yesOnly = answer -> answer.equals("yes") ? Optional.empty() : Optional.of("not yes");
        StepVerifier.create(ask(yesOnly, Mono.just("no"), Mono.just("yes")))
                .expectNext("yes")
                .expectComplete()
                .verify(Duration.ofSeconds(20));
        assertThat(notes).containsExactly("started", "ended ANSWERED", "started", "ended ANSWERED");
        assertThat(keys).containsExactly(MapCache.KEYS.key("q").fingerprint());
    }

    /** As when two threads bring the answers: the second comes while the first one's end is being told. */
    @Test
    void copiesOfAHedgedCallThatBothAnswer_bothEndWhenTheAnswerIsStored() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Sinks.One<String> slowCopy = Sinks.one();
        AtomicBoolean isHedged = new AtomicBoolean();
        CallListener secondAnswer = event -> {
            if (isHedged.get() && event instanceof CallEvent.AttemptEnded) {
                slowCopy.tryEmitValue("slow");
            }
        };
        Mono<String> quick = Mono.just("quick").delayElement(Duration.ofMillis(10), time);
        Call<String, String> call = CallStack.of(
                        new Script(quick, slowCopy.asMono(), quick.doOnSubscribe(copy -> isHedged.set(true))))
                .cache(slow)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .noRetry()
                .scheduler(() -> time)
                .hedge(HedgeSpec.standard().minAnswers(1))
                .listener(secondAnswer)
                .build();
        call.apply("q").contextWrite(log::into).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));
        stored.tryEmitEmpty();
        notes.clear();

        call.apply("r").contextWrite(log::into).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(notes).containsExactly("started", "started", "ended ANSWERED", "ended ANSWERED");
        time.dispose();
    }

    @Test
    void refusedAttempt_endsAtOnce_andACancelLeavesNothingOpen() {
        Mono<String> refused = Mono.error(ApiException.builder(ErrorKind.OVERLOADED, "busy")
                .delivery(Delivery.REFUSED)
                .build());
        StepVerifier.create(ask(Validator.none(), refused, Mono.just("yes")))
                .expectSubscription()
                .thenAwait(Duration.ofMillis(100))
                .thenCancel()
                .verify(Duration.ofSeconds(20));
        assertThat(notes).startsWith("started", "ended REFUSED", "started").endsWith("ended ANSWERED");
    }
}
