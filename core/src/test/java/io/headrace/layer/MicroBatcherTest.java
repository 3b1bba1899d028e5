package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.CallOptions;
import io.headrace.Priority;
import io.headrace.admission.Budget;
import io.headrace.model.DeltaSink;
import io.headrace.observe.CallListener;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** When a batch leaves, and what it is made of. */
class MicroBatcherTest extends MicroBatches {

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
    void waitOfCenturies_isOneForAFullBatch() {
        MicroBatcher<String, String> batcher =
                answering().count(2).maxWait(Duration.ofDays(365_000)).build();
        Caller first = ask(batcher, "a", "1");
        Caller second = ask(batcher, "b", "2");
        assertThat(first.answers).containsExactly("to 1");
        assertThat(second.answers).containsExactly("to 2");
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
}
