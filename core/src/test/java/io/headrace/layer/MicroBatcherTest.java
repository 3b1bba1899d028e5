package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Priority;
import io.headrace.admission.Budget;
import io.headrace.model.DeltaSink;
import io.headrace.observe.CallListener;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;
import reactor.util.context.ContextView;

class MicroBatcherTest {

    private static final Duration WAIT = Duration.ofMillis(10);

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

    /** The ids of each batch that was sent, in order. */
    private final List<List<String>> sent = new CopyOnWriteArrayList<>();

    private final List<List<String>> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger cancelled = new AtomicInteger();
    private final AtomicReference<ContextView> context = new AtomicReference<>();

    /** Answers that nobody can file by position. */
    private static BatchResponse<String> answers(BatchRequest<String> batch) {
        List<BatchRequest.Element<String>> reversed = new ArrayList<>(batch.elements());
        Collections.reverse(reversed);
        BatchResponse.Builder<String> answers = BatchResponse.builder();
        reversed.forEach(element -> answers.answer(element.id(), "to " + element.request()));
        return answers.build();
    }

    private MicroBatcher.Builder<String, String> batcher(
            Function<BatchRequest<String>, Mono<BatchResponse<String>>> call) {
        return MicroBatcher.<String, String>builder(batch -> Mono.deferContextual(seen -> {
                    context.set(seen);
                    sent.add(batch.elements().stream()
                            .map(BatchRequest.Element::id)
                            .toList());
                    requests.add(batch.requests());
                    return call.apply(batch).doOnCancel(cancelled::incrementAndGet);
                }))
                .key(MapCache.KEYS)
                .maxWait(WAIT)
                .timer(() -> time);
    }

    private MicroBatcher.Builder<String, String> answering() {
        return batcher(batch -> Mono.fromSupplier(() -> answers(batch)));
    }

    /** A call that is on its way, and what it came to. */
    private static final class Caller {

        final List<String> answers = new CopyOnWriteArrayList<>();
        final List<Throwable> errors = new CopyOnWriteArrayList<>();
        Disposable call = () -> {};

        Throwable error() {
            assertThat(answers).isEmpty();
            assertThat(errors).hasSize(1);
            return errors.get(0);
        }
    }

    private static Caller ask(MicroBatcher<String, String> batcher, String item, String request) {
        return ask(batcher, CallOptions.of("step", item), request);
    }

    private static Caller ask(MicroBatcher<String, String> batcher, CallOptions options, String request) {
        Caller caller = new Caller();
        caller.call =
                batcher.apply(request).contextWrite(options::into).subscribe(caller.answers::add, caller.errors::add);
        return caller;
    }

    private static ApiException error(ErrorKind kind) {
        return ApiException.builder(kind, "scripted " + kind.label())
                .delivery(Delivery.REFUSED)
                .build();
    }

    // --- when a batch leaves

    @Test
    void fullBatch_leavesAtOnce_andAnswersGoBackById() {
        MicroBatcher<String, String> batcher = answering().count(3).build();
        List<Caller> callers = Stream.of("a", "b", "c")
                .map(item -> ask(batcher, item, "for " + item))
                .toList();
        assertThat(sent).containsExactly(List.of("a", "b", "c"));
        assertThat(callers)
                .extracting(caller -> caller.answers)
                .containsExactly(List.of("to for a"), List.of("to for b"), List.of("to for c"));
    }

    @Test
    void time_countsFromTheFirstElement() {
        MicroBatcher<String, String> batcher = answering().build();
        Caller first = ask(batcher, "a", "x");
        time.advanceTimeBy(WAIT.minusMillis(1));
        Caller second = ask(batcher, "b", "y");
        assertThat(sent).isEmpty();
        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(sent).containsExactly(List.of("a", "b"));
        assertThat(first.answers).containsExactly("to x");
        assertThat(second.answers).containsExactly("to y");
        ask(batcher, "c", "z");
        time.advanceTimeBy(WAIT.minusMillis(1));
        assertThat(sent).hasSize(1);
        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(sent).hasSize(2);
    }

    @Test
    void weight_closesABatch_andTheNextBeginsWithWhatDidNotFit() {
        MicroBatcher<String, String> batcher =
                answering().weight(10, String::length).build();
        ask(batcher, "a", "12345");
        ask(batcher, "b", "123");
        ask(batcher, "c", "1234");
        assertThat(sent).containsExactly(List.of("a", "b"));
        ask(batcher, "d", "123456"); // 10 exactly
        assertThat(sent).containsExactly(List.of("a", "b"), List.of("c", "d"));
    }

    @Test
    void elementTooHeavyForAnyBatch_goesAlone_andTheOthersFillOn() {
        MicroBatcher<String, String> batcher =
                answering().weight(3, String::length).build();
        ask(batcher, "a", "1");
        Caller heavy = ask(batcher, "b", "12345");
        assertThat(sent).containsExactly(List.of("b"));
        assertThat(heavy.answers).containsExactly("to 12345");
        ask(batcher, "c", "12");
        assertThat(sent).containsExactly(List.of("b"), List.of("a", "c"));
    }

    @Test
    void nextBatch_doesNotWaitForTheLast() {
        MicroBatcher<String, String> batcher =
                batcher(batch -> Mono.never()).count(2).build();
        for (int i = 0; i < 6; i++) {
            ask(batcher, "i" + i, "x" + i);
        }
        assertThat(sent).hasSize(3);
    }

    @Test
    void boundOnBatches_letsThoseThatWaitFillOn() {
        Sinks.Empty<Void> first = Sinks.empty();
        AtomicInteger batches = new AtomicInteger();
        MicroBatcher<String, String> batcher = batcher(batch -> batches.getAndIncrement() == 0
                        ? first.asMono().thenReturn(answers(batch))
                        : Mono.just(answers(batch)))
                .count(3)
                .concurrency(1)
                .build();
        ask(batcher, "a", "1");
        time.advanceTimeBy(WAIT);
        ask(batcher, "b", "2");
        time.advanceTimeBy(WAIT); // its time is up, and there is no room
        ask(batcher, "c", "3");
        assertThat(sent).containsExactly(List.of("a"));
        first.tryEmitEmpty();
        assertThat(sent).containsExactly(List.of("a"), List.of("b", "c"));
    }

    @Test
    void boundOnBatches_isHeld_andFullOnesGoInTheirOrder() {
        List<Sinks.Empty<Void>> models = new ArrayList<>();
        MicroBatcher<String, String> batcher = batcher(batch -> {
                    Sinks.Empty<Void> done = Sinks.empty();
                    models.add(done);
                    return done.asMono().thenReturn(answers(batch));
                })
                .count(1)
                .concurrency(2)
                .build();
        for (String item : List.of("a", "b", "c", "d")) {
            ask(batcher, item, item);
        }
        assertThat(sent).containsExactly(List.of("a"), List.of("b"));
        models.get(1).tryEmitEmpty();
        assertThat(sent).containsExactly(List.of("a"), List.of("b"), List.of("c"));
    }

    // --- what comes back

    @Test
    void failureOfOneElement_failsItAlone() {
        MicroBatcher<String, String> batcher = batcher(batch -> Mono.just(BatchResponse.<String>builder()
                        .answer("b", "fine")
                        .failure("a", error(ErrorKind.SERVER_ERROR))
                        .build()))
                .count(2)
                .build();
        Caller a = ask(batcher, "a", "1");
        Caller b = ask(batcher, "b", "2");
        assertThat(a.error()).hasMessage("scripted server-error");
        assertThat(b.answers).containsExactly("fine");
    }

    @Test
    void missingAndExtraIds_harmNobodyElse() {
        MicroBatcher<String, String> batcher = batcher(batch -> Mono.just(BatchResponse.<String>builder()
                        .answer("b", "fine")
                        .answer("stranger", "?")
                        .build()))
                .count(2)
                .build();
        Caller a = ask(batcher, "a", "1");
        Caller b = ask(batcher, "b", "2");
        assertThat(a.error())
                .isInstanceOfSatisfying(
                        ApiException.class,
                        missing -> assertThat(missing.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE))
                .hasMessage("the batch of 2 elements brought no answer for this one, 'a'");
        assertThat(b.answers).containsExactly("fine");
    }

    @Test
    void refusedBatch_isSplit_untilOnlyTheBadOneFails() {
        MicroBatcher<String, String> batcher = batcher(batch -> batch.requests().contains("bad")
                        ? Mono.error(error(ErrorKind.INVALID_REQUEST))
                        : Mono.just(answers(batch)))
                .count(8)
                .build();
        List<Caller> callers = IntStream.range(0, 8)
                .mapToObj(i -> ask(batcher, "i" + i, i == 5 ? "bad" : "good" + i))
                .toList();
        assertThat(callers.get(5).error()).hasMessage("scripted invalid-request");
        assertThat(callers).filteredOn(caller -> caller.answers.size() == 1).hasSize(7);
        assertThat(sent).extracting(List::size).containsExactly(8, 4, 4, 2, 1, 1, 2);
    }

    @Test
    void batchOfBadElementsOnly_endsForEach() {
        MicroBatcher<String, String> batcher =
                batcher(batch -> Mono.error(error(ErrorKind.REFUSED))).count(4).build();
        List<Caller> callers = IntStream.range(0, 4)
                .mapToObj(i -> ask(batcher, "i" + i, "x" + i))
                .toList();
        assertThat(callers).allSatisfy(caller -> assertThat(caller.error()).hasMessage("scripted refused"));
        assertThat(sent).hasSize(7);
    }

    @Test
    void otherErrors_failTheBatch_andNoOther() {
        AtomicInteger batches = new AtomicInteger();
        MicroBatcher<String, String> batcher = batcher(batch -> batches.getAndIncrement() == 0
                        ? Mono.error(error(ErrorKind.OVERLOADED))
                        : Mono.just(answers(batch)))
                .count(2)
                .build();
        List<Caller> callers = IntStream.range(0, 4)
                .mapToObj(i -> ask(batcher, "i" + i, "x" + i))
                .toList();
        assertThat(callers.get(0).error()).hasMessage("scripted overloaded");
        assertThat(callers.get(1).error()).hasMessage("scripted overloaded");
        assertThat(callers.get(3).answers).containsExactly("to x3");
        assertThat(sent).hasSize(2);
    }

    @Test
    void emptyAnswer_nullAndWhatTheCallThrows_areErrorsOfTheBatch() {
        AtomicReference<Mono<BatchResponse<String>>> next = new AtomicReference<>(Mono.empty());
        MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(batch -> next.get())
                .count(1)
                .build();
        assertThat(ask(batcher, "a", "1").error()).hasMessage("the call completed without an answer");
        next.set(null);
        assertThat(ask(batcher, "a", "1").error()).hasMessageContaining("returned null");
        next.set(Mono.defer(() -> {
            throw new IllegalArgumentException("broken");
        }));
        assertThat(ask(batcher, "a", "1").error()).hasMessage("broken");
        next.set(Mono.defer(() -> {
            throw new NoClassDefFoundError("gone");
        }));
        assertThat(ask(batcher, "a", "1").error()).isInstanceOf(NoClassDefFoundError.class);
        next.set(Mono.just(BatchResponse.<String>builder().answer("a", "fine").build()));
        assertThat(ask(batcher, "a", "1").answers).containsExactly("fine");
    }

    // --- what a batch is made of

    @Test
    void equalRequestsOfOneSample_areSentOnce_andAnswerAll() {
        MicroBatcher<String, String> batcher = answering().count(2).build();
        Caller a = ask(batcher, "a", "same");
        Caller b = ask(batcher, "b", "same");
        Caller c = ask(batcher, CallOptions.of("step", "c").withReplicate(1), "same");
        assertThat(requests).containsExactly(List.of("same", "same"));
        assertThat(sent).containsExactly(List.of("a", "c"));
        assertThat(Stream.of(a, b, c).map(caller -> caller.answers)).allMatch(List.of("to same")::equals);
    }

    @Test
    void withoutKeys_nothingIsADuplicate() {
        MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(batch -> Mono.fromSupplier(() -> {
                    requests.add(batch.requests());
                    return answers(batch);
                }))
                .timer(() -> time)
                .count(2)
                .build();
        ask(batcher, "a", "same");
        ask(batcher, "a", "same");
        assertThat(requests).containsExactly(List.of("same", "same"));
    }

    @Test
    void order_isByItem_numbersByValue_whoeverCameFirst() {
        MicroBatcher<String, String> batcher = answering().count(4).build();
        for (String item : List.of("item-10", "", "item-2", "item-1")) {
            ask(batcher, item, "for " + item);
        }
        assertThat(sent).containsExactly(List.of("call", "item-1", "item-2", "item-10"));
    }

    @Test
    void requestsOfOneItem_areInTheOrderOfTheirKeys_underIdsOfTheirOwn() {
        List<String> texts = List.of("b", "a", "c");
        for (List<String> order : List.of(texts, List.of("c", "b", "a"))) {
            MicroBatcher<String, String> batcher = answering().count(4).build();
            ask(batcher, "i#2", "other");
            order.forEach(text -> ask(batcher, "i", text));
        }
        assertThat(requests.get(0)).isEqualTo(requests.get(1));
        assertThat(sent.get(0)).containsExactly("i", "i#2", "i#3", "i#2#2");
    }

    @Test
    void groups_tenantsAndBudgets_doNotMix() {
        MicroBatcher<String, String> batcher =
                answering().count(2).groupBy(text -> text.charAt(0)).build();
        ask(batcher, "a", "x1");
        ask(batcher, "b", "y1");
        ask(batcher, CallOptions.of("step", "c").withTenant("other"), "x2");
        batcher.apply("x3").contextWrite(Budget.ofUsd(BigDecimal.ONE)::into).subscribe();
        assertThat(sent).isEmpty();
        ask(batcher, "d", "x4");
        assertThat(requests).containsExactly(List.of("x1", "x4"));
        time.advanceTimeBy(WAIT);
        assertThat(requests).hasSize(4);
    }

    @Test
    void batch_hasTheFirstCallersContext_theHighestPriority_andNothingOfOneCall() {
        MicroBatcher<String, String> batcher = answering().count(3).build();
        CallListener listener = event -> {};
        batcher.apply("1")
                .contextWrite(CallOptions.of("step", "b").withFailFast(true)::into)
                .subscribe();
        batcher.apply("2")
                .contextWrite(listener::into)
                .contextWrite(c -> c.put("trace", "of a").put(DeltaSink.class, "a sink"))
                .contextWrite(CallOptions.of("step", "a").withFailFast(true)::into)
                .subscribe();
        batcher.apply("3")
                .contextWrite(CallOptions.of("step", "c").withPriority(Priority.INTERACTIVE)::into)
                .subscribe();
        assertThat(context.get().<String>get("trace")).isEqualTo("of a");
        assertThat(CallListener.from(context.get())).isSameAs(listener);
        assertThat(CallOptions.from(context.get()))
                .isEqualTo(CallOptions.of("step", "a").withPriority(Priority.INTERACTIVE));
        assertThat(context.get().hasKey(DeltaSink.class)).isFalse();
    }

    // --- cancel

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

    // --- closing

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
        closing.verify(Duration.ofSeconds(10));
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

    // --- what its surroundings do to it

    @Test
    void nothingHappensBeforeTheSubscription_andEachOneJoinsAnew() {
        MicroBatcher<String, String> batcher = answering().count(1).build();
        Mono<String> call = batcher.apply("x");
        assertThat(sent).isEmpty();
        StepVerifier.create(call).expectNext("to x").verifyComplete();
        StepVerifier.create(call).expectNext("to x").verifyComplete();
        assertThat(sent).hasSize(2);
    }

    @Test
    void slowDemand_keepsTheAnswerAndHoldsNobodyUp() {
        MicroBatcher<String, String> batcher = answering().count(2).build();
        StepVerifier.create(batcher.apply("slow"), 0)
                .expectSubscription()
                .then(() -> assertThat(ask(batcher, "b", "quick").answers).containsExactly("to quick"))
                .thenRequest(1)
                .expectNext("to slow")
                .verifyComplete();
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
                        batch -> Mono.just(batch).map(MicroBatcherTest::answers).map(answers -> {
                            throw new IllegalStateException("broken");
                        }))
                .count(1)
                .build();
        StepVerifier.create(Flux.just("1").flatMap(batcher::apply).onErrorContinue((e, v) -> {}))
                .expectErrorMessage("broken")
                .verify(Duration.ofSeconds(5));
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

    @Test
    void wrongSettings_areRefused() {
        MicroBatcher.Builder<String, String> builder = answering();
        assertThatThrownBy(() -> builder.count(0)).hasMessageContaining("at least 1 element");
        assertThatThrownBy(() -> builder.weight(0, String::length)).hasMessageContaining("at least 1");
        assertThatThrownBy(() -> builder.maxWait(Duration.ZERO)).hasMessageContaining("positive");
        assertThatThrownBy(() -> builder.concurrency(0)).hasMessageContaining("at least 1");
        assertThatThrownBy(() -> new BatchRequest<>(List.of())).hasMessageContaining("at least one element");
        assertThatThrownBy(() -> BatchResponse.builder().answer("a", 1).answer("a", 2))
                .hasMessageContaining("has a result already");
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
        batcher.closeLater().block(Duration.ofSeconds(10));
        assertThat(inFlight).hasValue(0);
    }
}
