package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.testkit.ScriptedCall.Reply;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class ScriptedCallTest {

    private final ScriptedCall<String, String> call = ScriptedCall.answering(String::toUpperCase);

    @Test
    void requestWithoutScript_getsTheDefault() {
        StepVerifier.create(call.apply("a")).expectNext("A").verifyComplete();
    }

    @Test
    void scriptOfARequest_playsInOrder_thenTheCommonOne_thenTheDefault() {
        call.on("a", Reply.error(new IllegalStateException("first")), Reply.answer("second"));
        call.next(Reply.empty());
        Mono<String> mono = call.apply("a");
        StepVerifier.create(mono).verifyErrorMessage("first");
        StepVerifier.create(mono).expectNext("second").verifyComplete();
        StepVerifier.create(mono).verifyComplete();
        StepVerifier.create(mono).expectNext("A").verifyComplete();
        assertThat(call.subscriptions("a")).isEqualTo(4);
        assertThat(call.requests()).containsExactly("a", "a", "a", "a");
    }

    @Test
    void nothingIsCountedOrPlayed_beforeTheSubscription() {
        call.next(Reply.answer("x"));
        call.apply("a");
        assertThat(call.subscriptions()).isZero();
        StepVerifier.create(call.apply("b")).expectNext("x").verifyComplete();
    }

    @Test
    void delay_runsOnVirtualTime() {
        StepVerifier.withVirtualTime(() -> {
                    call.next(Reply.<String>answer("late").after(Duration.ofHours(1)));
                    return call.apply("a");
                })
                .expectSubscription()
                .expectNoEvent(Duration.ofMinutes(59))
                .thenAwait(Duration.ofMinutes(1))
                .expectNext("late")
                .verifyComplete();
    }

    @Test
    void delay_runsOnTheSchedulerOfChoice_alsoForErrors() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        ScriptedCall<String, String> scheduled = call.withScheduler(() -> time);
        scheduled.on("a", Reply.<String>error(new IllegalStateException("late")).after(Duration.ofSeconds(5)));
        StepVerifier.create(scheduled.apply("a"))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(5)))
                .verifyErrorMessage("late");
        time.dispose();
    }

    @Test
    void inFlight_isZeroWhenTheAnswerIsSeen_andMaxStays() {
        call.next(Reply.never(), Reply.never());
        Disposable first = call.apply("a").subscribe();
        Disposable second = call.apply("b").subscribe();
        assertThat(call.inFlight()).isEqualTo(2);
        first.dispose();
        second.dispose();
        second.dispose();
        assertThat(call.inFlight()).isZero();
        assertThat(call.cancels()).isEqualTo(2);
        StepVerifier.create(call.apply("c").map(answer -> call.inFlight()))
                .expectNext(0)
                .verifyComplete();
        assertThat(call.maxInFlight()).isEqualTo(2);
    }

    @Test
    void cancelAfterTheAnswer_isNoCancel() {
        StepVerifier.create(Flux.from(call.apply("a")).take(1)).expectNext("A").verifyComplete();
        StepVerifier.create(call.apply("a")).expectNext("A").thenCancel().verify();
        assertThat(call.inFlight()).isZero();
    }

    @Test
    void functionThatThrows_becomesAnError() {
        ScriptedCall<String, String> broken = ScriptedCall.answering(request -> {
            throw new IllegalStateException("broken");
        });
        StepVerifier.create(broken.apply("a")).verifyErrorMessage("broken");
        assertThat(broken.inFlight()).isZero();
    }
}
