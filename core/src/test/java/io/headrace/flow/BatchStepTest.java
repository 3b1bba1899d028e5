package io.headrace.flow;

import static io.headrace.flow.MapStepTest.items;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Item;
import io.headrace.Logged;
import io.headrace.Outcome;
import io.headrace.Usage;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class BatchStepTest {

    private final List<Integer> sizes = new CopyOnWriteArrayList<>();

    /** Answers in reverse order, so that an answer filed by position would be wrong. */
    private BatchStep<Integer, String> reversing(int size) {
        return batch("batch", size, items -> {
            sizes.add(items.size());
            List<Item<Integer>> reversed = new ArrayList<>(items);
            Collections.reverse(reversed);
            return Flux.fromIterable(reversed).map(item -> item.withValue("v" + item.value()));
        });
    }

    /** A batch that starts when it is full or the items end, not by the clock of a loaded machine. */
    private static <O> BatchStep<Integer, O> batch(
            String name, int size, Function<List<Item<Integer>>, Flux<Item<O>>> function) {
        return Step.batch(name, size, function).maxWait(Duration.ofMinutes(1));
    }

    @Test
    void waitOfCenturies_isOneForAFullBatchOrTheEnd() {
        assertThat(items(3).transform(reversing(2).maxWait(Duration.ofDays(365_000)))
                        .collectList()
                        .block(Duration.ofSeconds(20)))
                .hasSize(3)
                .allMatch(Outcome.Ok.class::isInstance);
    }

    @Test
    void timerThatFails_failsTheBatch_andTheStreamGoesOn() {
        AtomicInteger asked = new AtomicInteger();
        BatchStep<Integer, Integer> step = Step.<Integer, Integer>batch("pairs", 2, Flux::fromIterable)
                .concurrency(1)
                .maxWait(Duration.ofMillis(1))
                .timer(() -> {
                    if (asked.getAndIncrement() == 0) {
                        throw new IllegalStateException("no timer");
                    }
                    return Schedulers.parallel();
                });
        List<Outcome<Integer>> outcomes =
                MapStepTest.items(2).transform(step).collectList().block(Duration.ofSeconds(20));
        assertThat(outcomes).hasSize(2);
        assertThat(outcomes.get(0))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.message())
                                .contains("the batch step's timer failed: java.lang.IllegalStateException: no timer"));
        assertThat(outcomes.get(1)).isInstanceOf(Outcome.Ok.class);
    }

    @Test
    void nullInThePlaceOfAFlux_saysWhoReturnedIt() {
        assertThat(MapStepTest.items(1)
                        .transform(Step.<Integer, Integer>batch("none", 1, items -> null))
                        .blockFirst(Duration.ofSeconds(20)))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.message())
                                .contains("the function returned null, it must return a Flux of the items"));
        assertThat(MapStepTest.items(1)
                        .transform(Step.<Integer, Integer>expand("none", n -> null))
                        .blockFirst(Duration.ofSeconds(20)))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.message())
                                .contains("the function returned null, it must return a Flux"));
    }

    @Test
    void fillsBatches_flushesTheLast_andAnswersById() {
        List<Outcome<String>> outcomes =
                items(25).transform(reversing(10)).collectList().block();
        assertThat(sizes).containsExactly(10, 10, 5);
        assertThat(outcomes)
                .hasSize(25)
                .allSatisfy(o -> assertThat(((Outcome.Ok<String>) o).value())
                        .isEqualTo("v" + o.item().ordinal()));
    }

    @Test
    void time_startsAPartialBatch_countedFromItsFirstItem() {
        StepVerifier.withVirtualTime(() -> trickleOf().transform(reversing(10).maxWait(Duration.ofMillis(100))))
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(129))
                .thenAwait(Duration.ofMillis(1))
                .expectNextCount(3)
                .thenCancel()
                .verify();
    }

    private static Flux<Outcome<Integer>> trickleOf() {
        return items(3).delayElements(Duration.ofMillis(30)).concatWith(Flux.never());
    }

    @Test
    void nextBatch_doesNotWaitForTheLast() {
        AtomicInteger running = new AtomicInteger();
        BatchStep<Integer, Integer> slow = batch("slow", 10, items -> {
            running.incrementAndGet();
            return Mono.delay(Duration.ofSeconds(1)).thenMany(Flux.fromIterable(items));
        });
        StepVerifier.withVirtualTime(() -> items(40).transform(slow))
                .then(() -> assertThat(running).hasValue(4))
                .thenAwait(Duration.ofSeconds(1))
                .expectNextCount(40)
                .verifyComplete();
    }

    @Test
    void itemWithoutAnswer_failsAlone() {
        BatchStep<Integer, Integer> lossy =
                batch("lossy", 5, items -> Flux.fromIterable(items).filter(item -> item.value() != 3));
        List<Outcome<Integer>> outcomes =
                items(5).transform(lossy).collectList().block();
        assertThat(outcomes)
                .filteredOn(Outcome.Failed.class::isInstance)
                .singleElement()
                .satisfies(o -> {
                    assertThat(o.item().id()).isEqualTo("i3");
                    assertThat(((Outcome.Failed<Integer>) o).message())
                            .isEqualTo("the batch of 5 items brought no answer for this one");
                });
    }

    @Test
    void errorOfABatch_failsItsItems_andNoOthers() {
        BatchStep<Integer, Integer> step = Step.batch(
                "risky",
                5,
                items -> items.get(0).value() == 0
                        ? Flux.error(new IllegalStateException("first"))
                        : Flux.fromIterable(items));
        List<Outcome<Integer>> outcomes =
                items(10).transform(step).collectList().block();
        assertThat(outcomes).filteredOn(Outcome.Failed.class::isInstance).hasSize(5);
        assertThat(outcomes).filteredOn(Outcome.Ok.class::isInstance).hasSize(5);
    }

    @Test
    void equalIdsInOneBatch_keepTheirOwnAnswers() {
        Flux<Outcome<Integer>> twins = Flux.just(Outcome.ok(Item.of("same", 0, 1)), Outcome.ok(Item.of("same", 1, 2)));
        assertThat(twins.transform(reversing(2)).collectList().block())
                .extracting(o -> ((Outcome.Ok<String>) o).value())
                .containsExactlyInAnyOrder("v1", "v2");
    }

    @Test
    void answersGivenBackAsNewItems_keepTheIdentityOfTheirs() {
        Item<Integer> child = new Item<>("row", 3, 42, null, 1).child(1, 2, 7);
        BatchStep<Integer, String> renewing = Step.batch(
                "renewing",
                1,
                items -> Flux.fromIterable(items).map(item -> Item.of(item.id(), item.ordinal(), "v" + item.value())));
        Flux.just(Outcome.ok(child))
                .transform(renewing)
                .as(StepVerifier::create)
                .assertNext(outcome -> assertThat(outcome.item()).isEqualTo(child.withValue("v7")))
                .verifyComplete();
    }

    @Test
    void answersThatNobodyAskedFor_areIgnoredAndToldOnce() {
        BatchStep<Integer, String> odd = batch(
                "odd",
                2,
                items -> Flux.fromIterable(items)
                        .concatMap(item -> Flux.just(
                                item.withValue("first " + item.value()),
                                item.withValue("second " + item.value()),
                                Item.of("strange", item.ordinal(), "of nobody"))));
        List<Outcome<String>> outcomes = new ArrayList<>();
        String logged = Logged.by(() ->
                items(6).transform(odd).collectList().doOnNext(outcomes::addAll).block());
        assertThat(outcomes)
                .hasSize(6)
                .allSatisfy(o -> assertThat(((Outcome.Ok<String>) o).value())
                        .isEqualTo("first " + o.item().ordinal()));
        assertThat(logged.lines())
                .singleElement()
                .asString()
                .contains("WARN", "step odd: a batch brought an answer that nobody asked for, or a second one");
    }

    @Test
    void whatABatchTakes_isBookedOnce() {
        BatchStep<Integer, Integer> paid = Step.batch(
                "paid",
                4,
                items -> Flux.deferContextual(context -> {
                    CallListener.from(context)
                            .tell(new CallEvent.AttemptEnded(
                                    CallOptions.from(context),
                                    1,
                                    Duration.ZERO,
                                    Delivery.ANSWERED,
                                    Usage.of(40, 4),
                                    Cost.ZERO,
                                    null));
                    return Flux.fromIterable(items);
                }));
        List<Outcome<Integer>> outcomes = items(4).transform(paid).collectList().block();
        assertThat(outcomes).hasSize(4);
        assertThat(outcomes.stream().mapToLong(o -> o.tally().attempts()).sum()).isEqualTo(1);
        assertThat(outcomes.stream()
                        .mapToLong(o -> o.tally().usage().inputTokens())
                        .sum())
                .isEqualTo(40);
    }

    @Test
    void cancel_cancelsRunningBatches() {
        AtomicInteger cancelled = new AtomicInteger();
        BatchStep<Integer, Integer> hanging =
                batch("hanging", 2, items -> Flux.<Item<Integer>>never().doOnCancel(cancelled::incrementAndGet));
        items(4).transform(hanging).subscribe().dispose();
        assertThat(cancelled).hasValue(2);
    }

    @Test
    void cancelWhileABatchFills_neverStartsIt() {
        StepVerifier.withVirtualTime(() -> Flux.concat(items(3), Flux.never()).transform(reversing(10)))
                .expectSubscription()
                .thenAwait(Duration.ofMillis(10))
                .thenCancel()
                .verify();
        assertThat(sizes).isEmpty();
    }

    @Test
    void secondSubscription_startsAfresh_andBadArgumentsAreRefused() {
        Flux<Outcome<String>> outcomes = items(3).transform(reversing(2));
        StepVerifier.create(outcomes).expectNextCount(3).verifyComplete();
        StepVerifier.create(outcomes).expectNextCount(3).verifyComplete();
        assertThatThrownBy(() -> reversing(0)).hasMessage("a batch holds at least 1 item, not 0");
        assertThatThrownBy(() -> reversing(1).maxWait(Duration.ZERO)).hasMessage("maxWait must be positive, not PT0S");
    }
}
