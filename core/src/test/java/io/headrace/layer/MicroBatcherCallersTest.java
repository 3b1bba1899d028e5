package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** Callers that leave, throw and race, a batcher that is closed, and a timer that fails. */
class MicroBatcherCallersTest extends MicroBatches {

    @Test
    void cancelBeforeItLeaves_takesTheElementOut() {
        MicroBatcher<String, String> batcher =
                answering().count(3).weight(10, String::length).build();
        Caller gone = ask(batcher, "a", "12345");
        ask(batcher, "b", "1");
        gone.call.dispose();
        ask(batcher, "c", "12345");
        assertThat(sent).isEmpty();
        time.advanceTimeBy(WAIT);
        assertThat(sent).containsExactly(List.of("b", "c"));
    }

    @Test
    void cancelOfOneDuplicate_leavesTheOther() {
        MicroBatcher<String, String> batcher = answering().build();
        Caller gone = ask(batcher, "a", "same");
        Caller stays = ask(batcher, "b", "same");
        gone.call.dispose();
        time.advanceTimeBy(WAIT);
        assertThat(sent).containsExactly(List.of("b"));
        assertThat(stays.answers).containsExactly("to same");
    }

    @Test
    void emptyBatch_isNeverSent_andItsClockStops() {
        MicroBatcher<String, String> batcher = answering().build();
        ask(batcher, "a", "1").call.dispose();
        time.advanceTimeBy(WAIT.dividedBy(2));
        ask(batcher, "b", "2");
        time.advanceTimeBy(WAIT.minusMillis(1));
        assertThat(sent).isEmpty();
        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(sent).containsExactly(List.of("b"));
    }

    @Test
    void cancelAfterItLeft_harmsNobody_andThatOfTheLastCancelsTheCall() {
        Sinks.Empty<Void> model = Sinks.empty();
        MicroBatcher<String, String> batcher = batcher(batch -> model.asMono().thenReturn(answers(batch)))
                .count(2)
                .concurrency(1)
                .build();
        Caller a = ask(batcher, "a", "1");
        Caller b = ask(batcher, "b", "2");
        Caller c = ask(batcher, "c", "3");
        Caller d = ask(batcher, "d", "4");
        a.call.dispose();
        assertThat(cancelled).hasValue(0);
        b.call.dispose();
        assertThat(cancelled).hasValue(1);
        assertThat(sent).as("its place is free").hasSize(2);
        c.call.dispose();
        model.tryEmitEmpty();
        assertThat(cancelled).hasValue(1);
        assertThat(d.answers).containsExactly("to 4");
        assertThat(c.answers).isEmpty();
    }

    @Test
    void cancelOfAllWhileItWaitsForItsTurn_sendsNothing() {
        MicroBatcher<String, String> batcher =
                batcher(batch -> Mono.never()).count(1).concurrency(1).build();
        Caller running = ask(batcher, "a", "1");
        ask(batcher, "b", "2").call.dispose();
        running.call.dispose();
        assertThat(sent).containsExactly(List.of("a"));
        ask(batcher, "c", "3");
        assertThat(sent).containsExactly(List.of("a"), List.of("c"));
    }

    @Test
    void callersWhoLeaveDuringASplit_areNotAskedForAgain() {
        AtomicReference<Caller> leaving = new AtomicReference<>();
        MicroBatcher<String, String> batcher = batcher(batch -> {
                    if (batch.size() == 4) {
                        leaving.get().call.dispose();
                        return Mono.error(error(ErrorKind.INVALID_REQUEST));
                    }
                    return Mono.just(answers(batch));
                })
                .count(4)
                .build();
        ask(batcher, "a", "1");
        leaving.set(ask(batcher, "b", "2"));
        ask(batcher, "c", "3");
        ask(batcher, "d", "4");
        assertThat(sent).containsExactly(List.of("a", "b", "c", "d"), List.of("a"), List.of("c", "d"));
    }

    @Test
    void close_sendsWhatWaits_andRefusesWhatComesLater() {
        Sinks.Empty<Void> model = Sinks.empty();
        MicroBatcher<String, String> batcher =
                batcher(batch -> model.asMono().thenReturn(answers(batch))).build();
        Caller before = ask(batcher, "a", "1");
        StepVerifier closing = StepVerifier.create(batcher.closeLater())
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(1))
                .then(model::tryEmitEmpty)
                .expectComplete()
                .verifyLater();
        assertThat(sent).containsExactly(List.of("a"));
        assertThat(ask(batcher, "b", "2").error())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the micro-batcher is closed: it takes no more calls");
        closing.verify(Duration.ofSeconds(20));
        assertThat(before.answers).containsExactly("to 1");
        batcher.close();
    }

    @Test
    void closeLater_waitsForBatchesThatWaitForTheirTurn() {
        MicroBatcher<String, String> batcher = batcher(
                        batch -> Mono.delay(Duration.ofSeconds(1), time).thenReturn(answers(batch)))
                .count(1)
                .concurrency(1)
                .build();
        Caller first = ask(batcher, "a", "1");
        Caller second = ask(batcher, "b", "2");
        AtomicInteger done = new AtomicInteger();
        batcher.closeLater().subscribe(v -> {}, e -> {}, done::incrementAndGet);
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(done).hasValue(0);
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(done).hasValue(1);
        assertThat(first.answers).hasSize(1);
        assertThat(second.answers).hasSize(1);
    }

    @Test
    void timerThatFails_failsItsBatch_andTheNextGoesOn() {
        AtomicInteger asked = new AtomicInteger();
        MicroBatcher<String, String> batcher = answering()
                .timer(() -> {
                    if (asked.getAndIncrement() == 0) {
                        throw new RejectedExecutionException("shut down");
                    }
                    return time;
                })
                .build();
        assertThat(ask(batcher, "a", "1").error()).hasMessageContaining("the micro-batcher's timer failed");
        Caller next = ask(batcher, "b", "2");
        time.advanceTimeBy(WAIT);
        assertThat(next.answers).hasSize(1);
    }

    @Test
    void whatTheFunctionsOfTheBuilderThrow_failsTheCallThatBroughtIt() {
        MicroBatcher<String, String> batcher = answering()
                .count(2)
                .weight(10, text -> {
                    if (text.equals("odd")) {
                        throw new IllegalArgumentException("cannot weigh");
                    }
                    return text.equals("light") ? -1 : 1;
                })
                .groupBy(text -> text.equals("none") ? null : "")
                .build();
        Caller a = ask(batcher, "a", "1");
        assertThat(ask(batcher, "b", "odd").error()).hasMessage("cannot weigh");
        assertThat(ask(batcher, "b", "light").error()).hasMessage("the weigher gave a negative weight: -1");
        assertThat(ask(batcher, "b", "none").error()).hasMessageContaining("groupBy gave null");
        ask(batcher, "c", "2");
        assertThat(a.answers).containsExactly("to 1");
    }

    @Test
    void callerWhoThrows_hearsOfIt_andHarmsNobody() {
        MicroBatcher<String, String> batcher = answering().count(4).build();
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        for (Throwable thrown : List.of(new NoClassDefFoundError("gone"), new IllegalStateException("broken"))) {
            batcher.apply(thrown.getMessage())
                    .doOnNext(answer -> {
                        throw Exceptions.propagate(thrown);
                    })
                    .contextWrite(CallOptions.of("step", "a")::into)
                    .subscribe(answer -> {}, errors::add);
        }
        Caller b = ask(batcher, "b", "2");
        Caller c = ask(batcher, "c", "3");
        assertThat(errors).extracting(Throwable::getMessage).containsExactlyInAnyOrder("gone", "broken");
        assertThat(b.answers).containsExactly("to 2");
        assertThat(c.answers).containsExactly("to 3");
    }

    @Test
    void onErrorContinueBehindACaller_doesNotReachIntoTheBatch() {
        MicroBatcher<String, String> batcher = batcher(
                        batch -> Mono.just(batch).map(MicroBatches::answers).map(answers -> {
                            throw new IllegalStateException("broken");
                        }))
                .count(1)
                .build();
        StepVerifier.create(Flux.just("1").flatMap(batcher::apply).onErrorContinue((e, v) -> {}))
                .expectErrorMessage("broken")
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void longLoopsOfCallsThatAnswerAtOnce_needNoStack() {
        MicroBatcher<String, String> batcher = answering().count(2).build();
        Mono<Long> both =
                Flux.range(0, 2).flatMap(item -> loop(batcher, item, 0)).count();
        StepVerifier.create(both).expectNext(2L).expectComplete().verify(Duration.ofSeconds(30));
        assertThat(sent).hasSize(5_000);
    }

    private static Mono<String> loop(MicroBatcher<String, String> batcher, int item, int round) {
        return Flux.range(round, 5_000)
                .concatMap(i -> batcher.apply(item + " " + i).contextWrite(CallOptions.of("step", "i" + item)::into))
                .last();
    }

    /** Calls, cancels, failures and refusals from many threads: each caller hears once, and nothing is left. */
    @Test
    void race_losesNobody() {
        AtomicInteger inFlight = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(batch -> Mono.defer(() -> {
                    most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
                    AtomicInteger open = new AtomicInteger(1);
                    Runnable leave = () -> inFlight.addAndGet(-open.getAndSet(0));
                    int dice = ThreadLocalRandom.current().nextInt(10);
                    Mono<BatchResponse<String>> answer = dice == 0
                            ? Mono.error(error(ErrorKind.INVALID_REQUEST))
                            : dice == 1
                                    ? Mono.error(error(ErrorKind.OVERLOADED))
                                    : Mono.fromSupplier(() -> answers(batch));
                    return (dice < 5 ? answer : answer.delaySubscription(Duration.ofNanos(dice * 100_000L)))
                            .doOnTerminate(leave)
                            .doOnCancel(leave);
                }))
                .key(MapCache.KEYS)
                .count(7)
                .weight(40, String::length)
                .concurrency(3)
                .maxWait(Duration.ofMillis(1))
                .build();
        AtomicInteger ended = new AtomicInteger();
        List<String> wrong = new CopyOnWriteArrayList<>();
        int calls = 10_000;
        Flux.range(0, calls)
                .flatMap(
                        i -> {
                            String text = "q" + i % 997;
                            Mono<String> call = batcher.apply(text)
                                    .doOnNext(answer -> {
                                        if (!answer.equals("to " + text)) {
                                            wrong.add(answer);
                                        }
                                    })
                                    .contextWrite(CallOptions.of("step", "i" + i)::into);
                            return (i % 5 == 0 ? call.timeout(Duration.ofNanos(i * 50L % 1_000_000)) : call)
                                    .onErrorResume(e -> Mono.just("failed"))
                                    .doOnTerminate(ended::incrementAndGet)
                                    .subscribeOn(Schedulers.parallel());
                        },
                        200)
                .blockLast(Duration.ofSeconds(60));
        assertThat(ended).hasValue(calls);
        assertThat(wrong).isEmpty();
        assertThat(most.get()).isLessThanOrEqualTo(3);
        batcher.closeLater().block(Duration.ofSeconds(20));
        assertThat(inFlight).hasValue(0);
    }
}
