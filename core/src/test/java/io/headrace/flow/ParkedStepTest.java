package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.layer.CallStack;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.Statistics;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What a parked item is to its step, to the steps behind it and to those who watch. */
class ParkedStepTest extends ParkedCalls {

    @Test
    void otherItems_goOnAndFreeTheirPlaces() {
        List<Outcome<String>> outcomes = Step.map("s", (String value) -> call.apply(value))
                .concurrency(1)
                .apply(items("park", "a", "park later", "b", "c"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(5);
        assertThat(outcomes.stream().filter(Outcome.Ok.class::isInstance)).hasSize(3);
    }

    @Test
    void manyItems_doNotGrowTheStack() {
        Call<String, String> parks =
                CallStack.<String, String>of(request -> parked()).build();
        Long parked = Step.map("s", (String value) -> parks.apply(value))
                .apply(Flux.range(0, 100_000).map(n -> Outcome.ok(Item.of("i" + n, n, "park"))))
                .count()
                .block(SOON);

        assertThat(parked).isEqualTo(100_000);
    }

    @Test
    void failFast_isNotAlarmed() {
        List<Outcome<String>> outcomes = Step.map("s", (String value) -> call.apply(value))
                .failFast()
                .apply(items("park", "a"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(2);
    }

    @Test
    void laterSteps_letTheItemThrough() {
        List<Outcome<String>> outcomes = Step.map("s", (String value) -> call.apply(value))
                .then(Step.map("t", (String value) -> call.apply("t" + value)))
                .apply(items("park", "a"))
                .collectList()
                .block(SOON);

        assertThat(asked).containsExactly("park", "a", "ta!");
        assertThat(outcomes).anySatisfy(ParkedCalls::isParked);
    }

    @Test
    void filterExpandAndBatchSteps_endTheirItemsSo() {
        Flux<Outcome<String>> filtered = Step.filterWhen(
                        "s", (String value) -> call.apply(value).map(answer -> true))
                .apply(items("park"));
        Flux<Outcome<String>> expanded = Step.<String, String>expand(
                        "s", value -> Flux.just("a", value).concatMap(call::apply))
                .apply(items("park"));
        Flux<Outcome<String>> batched = Step.<String, String>batch(
                        "s",
                        2,
                        items -> Flux.fromIterable(items)
                                .flatMap(item -> call.apply(item.value()).map(item::withValue)))
                .apply(items("park", "a", "b"));

        isParked(filtered.blockLast(SOON));
        isParked(expanded.blockLast(SOON));
        List<Outcome<String>> all = batched.collectList().block(SOON);
        assertThat(all).hasSize(3);
        assertThat(all.stream().filter(Outcome.Ok.class::isInstance)).hasSize(1);
    }

    @Test
    void foldOverResults_failsClearly() {
        Reduction<String, StringBuilder, String> fold = new Reduction<>(
                "sum",
                StringBuilder::new,
                (all, item) -> all.append(item.value()),
                all -> call.apply("park " + all).onErrorReturn("invented"));

        StepVerifier.create(fold.apply(items("a", "b")))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.PARKED))
                .verify(SOON);
    }

    @Test
    void listeners_hearOfNoFailureAndNoCancel() {
        Statistics statistics = Statistics.create();
        Outcome<String> outcome = Step.map("s", (String value) -> Mono.zip(call.apply("park"), call.apply("a")))
                .apply(items("x"))
                .contextWrite(statistics::into)
                .map(Outcome::<String>withoutValue)
                .transform(statistics::items)
                .blockLast(SOON);

        assertThat(ends()).containsExactlyInAnyOrder(End.PARKED, End.ANSWERED);
        assertThat(statistics.snapshot().calls().parked()).isEqualTo(1);
        assertThat(statistics.snapshot().calls().total()).isEqualTo(1);
        assertThat(statistics.snapshot().callTime().count()).isEqualTo(1);
        assertThat(statistics.snapshot().items().parked()).isEqualTo(1);
        assertThat(statistics.snapshot().items().failed()).isZero();
        assertThat(outcome.tally().calls()).isEqualTo(1);
    }

    @Test
    void cancel_reachesTheCallsOnTheirWay() {
        Disposable stream = Step.map(
                        "s", (String value) -> Mono.zip(call.apply("park"), call.apply("slow"), String::concat))
                .apply(items("x"))
                .subscribe(outcome -> {
                    throw new AssertionError("cancelled");
                });

        stream.dispose();

        assertThat(slowWasCancelled).isTrue();
        assertThat(ends()).containsExactlyInAnyOrder(End.PARKED, End.CANCELLED);
    }
}
