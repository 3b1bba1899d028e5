package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.flow.MapStep;
import io.headrace.flow.Step;
import io.headrace.testkit.ScriptedCall;
import io.headrace.testkit.ScriptedCall.Reply;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/**
 * How to test a step: give it a scripted call in the provider's place, then apply it to one item, or to a stream of them in
 * virtual time. No network, no waiting, no mocks.
 */
class TestAStep {

    private final ScriptedCall<String, String> model =
            ScriptedCall.answering(prompt -> prompt.contains("won") ? "SPAM" : "HAM");

    /** The step under test: asks the model, then reads its answer. */
    private final MapStep<String, String> label = Step.map(
            "label", mail -> model.apply("Spam or ham? " + mail).map(answer -> answer.toLowerCase(Locale.ROOT)));

    @Test
    void oneItem_getsItsLabel() {
        StepVerifier.create(label.apply(Outcome.ok(Item.of("mail-1", 0, "You have won!"))))
                .assertNext(outcome -> assertThat(outcome.item()).isEqualTo(Item.of("mail-1", 0, "spam")))
                .verifyComplete();
    }

    @Test
    void aCallThatFails_isAFailedOutcomeAndNoErrorSignal() {
        model.next(Reply.error(
                ApiException.builder(ErrorKind.OVERLOADED, "the model is busy").build()));

        StepVerifier.create(label.apply(Outcome.ok(Item.of("mail-1", 0, "You have won!"))))
                .assertNext(outcome -> assertThat(outcome).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
                    assertThat(failed.kind()).isEqualTo(ErrorKind.OVERLOADED);
                    assertThat(failed.message()).isEqualTo("the model is busy");
                }))
                .verifyComplete();
    }

    @Test
    void aSlowItem_holdsUpNobody() {
        StepVerifier.withVirtualTime(() -> {
                    model.on("Spam or ham? slow", Reply.answer("HAM").after(Duration.ofSeconds(30)));
                    return Flux.just("slow", "You have won!", "Lunch?")
                            .index((position, mail) -> Outcome.ok(Item.of("mail-" + position, position, mail)))
                            .transform(label.concurrency(2))
                            .map(outcome -> outcome.item().id());
                })
                .expectNext("mail-1", "mail-2")
                .thenAwait(Duration.ofSeconds(30))
                .expectNext("mail-0")
                .verifyComplete();
    }
}
