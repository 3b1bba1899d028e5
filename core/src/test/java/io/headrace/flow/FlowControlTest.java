package io.headrace.flow;

import static io.headrace.flow.MapStepTest.items;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Outcome;
import io.headrace.flow.FlowControl.Load;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class FlowControlTest {

    private final FlowControl control = FlowControl.create();
    private final AtomicInteger first = new AtomicInteger();
    private final AtomicInteger second = new AtomicInteger();

    private Flux<Outcome<Integer>> twoSteps() {
        return items(100)
                .transform(
                        counted("first", first).then(counted("second", second)).controlledBy(control));
    }

    private static MapStep<Integer, Integer> counted(String name, AtomicInteger started) {
        return Step.<Integer, Integer>map(name, n -> {
                    started.incrementAndGet();
                    return Mono.delay(Duration.ofSeconds(1)).thenReturn(n);
                })
                .concurrency(10);
    }

    @Test
    void paused_nothingEntersAStep_andAllGoesOnAfterwards() {
        StepVerifier.withVirtualTime(this::twoSteps)
                .thenAwait(Duration.ofMillis(1_500))
                .then(control::pause)
                .thenAwait(Duration.ofMinutes(1))
                .expectNextCount(10)
                .then(() -> assertThat(first).hasValue(20))
                .then(() -> assertThat(second).hasValue(10))
                .then(control::resume)
                .thenAwait(Duration.ofMinutes(1))
                .expectNextCount(90)
                .verifyComplete();
    }

    @Test
    void pausedBeforeTheStart_nothingIsRead() {
        control.pause();
        AtomicInteger read = new AtomicInteger();
        StepVerifier.withVirtualTime(() -> items(3).doOnNext(o -> read.incrementAndGet())
                        .transform(counted("first", first).controlledBy(control)))
                .expectSubscription()
                .expectNoEvent(Duration.ofMinutes(1))
                .then(() -> assertThat(read).hasValue(0))
                .then(control::resume)
                .thenAwait(Duration.ofSeconds(2))
                .expectNextCount(3)
                .verifyComplete();
    }

    @Test
    void share_holdsForWhatTheConcurrencyIsAndBecomes() {
        StepVerifier.withVirtualTime(
                        () -> items(100).transform(counted("first", first).controlledBy(control)))
                .thenAwait(Duration.ofMillis(500))
                .then(() -> control.share(0.25))
                .thenAwait(Duration.ofSeconds(1))
                .then(() -> assertThat(first).hasValue(12)) // ten, and then two at a time
                .then(() -> control.concurrency("first", 40))
                .then(() -> assertThat(first).hasValue(20))
                .then(() -> control.share(0.001))
                .thenAwait(Duration.ofSeconds(1))
                .then(() -> assertThat(first).hasValue(21))
                .then(() -> control.share(1))
                .then(() -> assertThat(first).hasValue(60))
                .thenAwait(Duration.ofMinutes(1))
                .expectNextCount(100)
                .verifyComplete();
    }

    @Test
    void concurrency_changesWhileItemsPass_upAndDown() {
        StepVerifier.withVirtualTime(
                        () -> items(100).transform(counted("first", first).controlledBy(control)))
                .thenAwait(Duration.ofMillis(500))
                .then(() -> assertThat(first).hasValue(10))
                .then(() -> control.concurrency("first", 25))
                .then(() -> assertThat(first).hasValue(25))
                .then(() -> control.concurrency("first", 2))
                .thenAwait(Duration.ofMillis(1_600)) // all 25 have left, the next two are at work
                .then(() -> assertThat(control.loads().get(0)).isEqualTo(new Load("first", 2, 2, 0, 0)))
                .then(() -> control.concurrency("first", 100))
                .thenAwait(Duration.ofMinutes(1))
                .expectNextCount(100)
                .verifyComplete();
        assertThatThrownBy(() -> control.concurrency("first", 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void loads_areOfOpenStreamsOnly() {
        StepVerifier.withVirtualTime(this::twoSteps)
                .thenAwait(Duration.ofMillis(1_500))
                .then(() -> assertThat(control.loads())
                        .containsExactlyInAnyOrder(new Load("first", 10, 10, 0, 0), new Load("second", 10, 10, 0, 0)))
                .thenCancel()
                .verify();
        assertThat(control.loads()).isEmpty();
        StepVerifier.withVirtualTime(this::twoSteps)
                .thenAwait(Duration.ofMinutes(1))
                .expectNextCount(100)
                .verifyComplete();
        assertThat(control.loads()).isEmpty();
        StepVerifier.create(Flux.<Outcome<Integer>>error(new IllegalStateException("source"))
                        .transform(counted("first", first).controlledBy(control)))
                .verifyErrorMessage("source");
        assertThat(control.loads()).isEmpty();
    }

    @Test
    void cancelWhilePaused_ends() {
        control.pause();
        StepVerifier.withVirtualTime(this::twoSteps)
                .expectSubscription()
                .expectNoEvent(Duration.ofSeconds(1))
                .thenCancel()
                .verify();
        control.resume();
        assertThat(first).hasValue(0);
    }
}
