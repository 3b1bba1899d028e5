package io.headrace.layer;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class PurchaseTest {

    private final AtomicReference<Purchase.Part<String, String>> part = new AtomicReference<>();
    private final Mono<String> sample = new Purchase<>(Samples.SEVERAL, 1).sample(0, made -> {
        part.set(made);
        return Mono.never();
    });

    private void isBought(Mono<String> answer) {
        StepVerifier.create(answer).expectNext("q-1").expectComplete().verify(Duration.ofSeconds(20));
    }

    @Test
    void partThatIsBoughtForAnotherWhenItsCallerHasLeft_isBoughtAlone() {
        StepVerifier.create(sample).thenCancel().verify();
        isBought(part.get().answer(new Samples.Counting(), "q"));
    }

    /** The follower who took over the flight would wait for ever. */
    @Test
    void partWhoseCallerLeavesAtTheMomentItIsBought_isBoughtAllTheSame() {
        StepVerifier.create(sample)
                .then(() -> isBought(part.get()
                        .answer(new Samples.Counting(), "q")
                        .doOnSubscribe(subscription -> part.get().skip())))
                .thenCancel()
                .verify();
    }
}
