package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

@Timeout(60)
class ConnectionRampTest {

    @Test
    void placesAreGivenInTurn_andTheNextWhenOneIsLeft() {
        ConnectionRamp ramp = new ConnectionRamp(2);
        ConnectionRamp.Pass first = ramp.tryEnter();
        List<Integer> entered = new ArrayList<>();
        List<ConnectionRamp.Pass> passes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int number = i;
            ramp.enter().subscribe(pass -> {
                entered.add(number);
                passes.add(pass);
            });
        }
        assertThat(entered).containsExactly(0);
        assertThat(ramp.tryEnter()).as("not past those in line").isNull();

        first.leave();
        first.leave();
        assertThat(entered).containsExactly(0, 1);

        passes.get(0).leave();
        assertThat(entered).containsExactly(0, 1, 2);
        passes.forEach(ConnectionRamp.Pass::leave);
    }

    @Test
    void cancelInLine_givesTheTurnToTheNext() {
        ConnectionRamp ramp = new ConnectionRamp(1);
        ConnectionRamp.Pass held = ramp.tryEnter();
        Disposable waiting = ramp.enter().subscribe();
        List<ConnectionRamp.Pass> entered = new ArrayList<>();
        ramp.enter().subscribe(entered::add);

        waiting.dispose();
        assertThat(entered).isEmpty();
        held.leave();

        assertThat(entered).hasSize(1);
        entered.get(0).leave();
        assertThat(ramp.tryEnter()).isNotNull();
    }

    @Test
    void secondSubscription_takesAPlaceOfItsOwn() {
        ConnectionRamp ramp = new ConnectionRamp(1);
        Mono<ConnectionRamp.Pass> enter = ramp.enter();
        StepVerifier.create(enter).consumeNextWith(ConnectionRamp.Pass::leave).verifyComplete();
        StepVerifier.create(enter).consumeNextWith(ConnectionRamp.Pass::leave).verifyComplete();
        assertThat(ramp.tryEnter()).isNotNull();
    }

    @Test
    void callsThatEndAtOnce_doNotNest() {
        ConnectionRamp ramp = new ConnectionRamp(1);
        ConnectionRamp.Pass held = ramp.tryEnter();
        AtomicInteger entered = new AtomicInteger();
        for (int i = 0; i < 100_000; i++) {
            ramp.enter().subscribe(pass -> {
                entered.incrementAndGet();
                pass.leave();
            });
        }

        held.leave();

        assertThat(entered).hasValue(100_000);
    }

    @Test
    void manyThreadsAndCancels_neverExceedTheWidth_andAllPlacesComeBack() {
        ConnectionRamp ramp = new ConnectionRamp(5);
        AtomicInteger in = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();

        Flux.range(0, 20_000)
                .flatMap(
                        i -> {
                            Mono<Object> call = ramp.enter()
                                    .flatMap(pass -> Mono.<Object>fromRunnable(() -> {
                                                most.accumulateAndGet(in.incrementAndGet(), Math::max);
                                                Thread.onSpinWait();
                                                in.decrementAndGet();
                                            })
                                            .doFinally(signal -> pass.leave()))
                                    .subscribeOn(Schedulers.parallel());
                            return ThreadLocalRandom.current().nextInt(3) == 0
                                    ? call.takeUntilOther(Mono.<Object>empty().publishOn(Schedulers.parallel()))
                                    : call;
                        },
                        200,
                        1)
                .blockLast();

        assertThat(most.get()).isBetween(1, 5);
        // the last of those that were cancelled may still be on their way out
        StepVerifier.create(Flux.range(0, 5).concatMap(i -> ramp.enter()))
                .expectNextCount(5)
                .verifyComplete();
        assertThat(ramp.tryEnter()).isNull();
    }
}
