package io.headrace.flow;

import static io.headrace.flow.MapStepTest.items;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Filter, expand, pipeline and reduction; map and batch have their own tests. */
class FlowTest {

    @Test
    void filter_skipsAndSaysWhere() {
        List<Outcome<Integer>> outcomes = items(4).transform(Step.<Integer>filter("even", n -> n % 2 == 0))
                .collectList()
                .block();
        assertThat(outcomes.get(0)).isInstanceOf(Outcome.Ok.class);
        assertThat(outcomes.get(1))
                .isInstanceOfSatisfying(
                        Outcome.Skipped.class,
                        skipped -> assertThat(skipped.step()).isEqualTo("even"));
        assertThat(outcomes).hasSize(4);
    }

    @Test
    void filterThatThrows_failsTheItem() {
        items(1).transform(Step.<Integer>filter("bad", n -> {
                    throw new IllegalStateException("no");
                }))
                .as(StepVerifier::create)
                .expectNextMatches(o -> o instanceof Outcome.Failed<Integer> f && f.kind() == ErrorKind.STEP_FAILED)
                .verifyComplete();
    }

    @Test
    void expand_numbersTheChildren_andNestedOnesKnowTheirRow() {
        Pipeline<Integer, String> twice = Step.<Integer, String>expand("outer", n -> Flux.just("a", "b"))
                .then(Step.expand("inner", s -> Flux.just(s + 0, s + 1, s + 2)));
        List<Outcome<String>> leaves = items(1).transform(twice).collectList().block();
        assertThat(leaves)
                .extracting(o -> o.item().id())
                .containsExactlyInAnyOrder("i0/0/0", "i0/0/1", "i0/0/2", "i0/1/0", "i0/1/1", "i0/1/2");
        Item<?> last = leaves.stream()
                .map(Outcome::item)
                .filter(item -> item.id().equals("i0/1/2"))
                .findFirst()
                .orElseThrow();
        assertThat(last.rowId()).isEqualTo("i0");
        assertThat(last.expansion().index()).isEqualTo(2);
        assertThat(last.expansion().count()).isEqualTo(3);
        assertThat(last.expansion().parent().count()).isEqualTo(2);
    }

    @Test
    void expandToNothing_skips_andAnErrorAmongTheChildrenFailsTheParent() {
        items(2).transform(Step.<Integer, String>expand(
                        "maybe",
                        n -> n == 0 ? Flux.empty() : Flux.concat(Flux.just("a"), Flux.error(new Exception("x")))))
                .as(StepVerifier::create)
                .expectNextMatches(o -> o instanceof Outcome.Skipped)
                .expectNextMatches(
                        o -> o instanceof Outcome.Failed && o.item().id().equals("i1"))
                .verifyComplete();
    }

    @Test
    void expand_honoursDemand() {
        AtomicInteger read = new AtomicInteger();
        items(1_000)
                .doOnNext(o -> read.incrementAndGet())
                .transform(Step.<Integer, Integer>expand("wide", n -> Flux.range(0, 100))
                        .concurrency(2))
                .as(flux -> StepVerifier.create(flux, 10))
                .expectNextCount(10)
                .then(() -> assertThat(read.get()).isLessThanOrEqualTo(3))
                .thenCancel()
                .verify();
    }

    @Test
    void pipeline_letsAnItemGoOnBeforeTheOthersAreDone() {
        Step<Integer, Integer> first = Step.map(
                "first", n -> Mono.delay(Duration.ofSeconds(n == 0 ? 10 : 1)).thenReturn(n));
        Step<Integer, Integer> second =
                Step.map("second", n -> Mono.delay(Duration.ofSeconds(1)).thenReturn(n));
        StepVerifier.withVirtualTime(() -> items(2).transform(first.then(second)))
                .thenAwait(Duration.ofSeconds(2))
                .expectNextMatches(o -> o.item().id().equals("i1"))
                .thenAwait(Duration.ofSeconds(9))
                .expectNextMatches(o -> o.item().id().equals("i0"))
                .verifyComplete();
    }

    @Test
    void pipeline_knowsItsSteps_andRefusesTwoOfOneName() {
        Pipeline<Integer, Integer> pipeline =
                Step.<Integer, Integer>compute("a", n -> n).then(Step.compute("b", n -> n));
        assertThat(pipeline).hasToString("Pipeline[a, b]");
        assertThatThrownBy(() -> pipeline.then(Step.compute("a", n -> n)))
                .hasMessage("two steps of a pipeline are named 'a'");
    }

    @Test
    void reduction_foldsOkItemsOnly_perSubscription() {
        Reduction<Integer, List<Integer>, Integer> sum = Reduction.of(
                "sum",
                ArrayList::new,
                (seen, item) -> {
                    seen.add(item.value());
                    return seen;
                },
                seen -> seen.stream().mapToInt(Integer::intValue).sum());
        Flux<Outcome<Integer>> items =
                items(4).concatWithValues(new Outcome.Skipped<>(Item.of("s", 9, 1), "x", Tally.ZERO));
        Mono<Integer> total = sum.apply(items);
        StepVerifier.create(total).expectNext(6).verifyComplete();
        StepVerifier.create(total).expectNext(6).verifyComplete();
        assertThatThrownBy(() -> Reduction.of("../x", ArrayList::new, (a, b) -> a, a -> a))
                .hasMessageContaining("lower-case letters");
    }
}
