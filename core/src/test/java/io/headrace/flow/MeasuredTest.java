package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Item;
import io.headrace.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.publisher.TestPublisher;

/** The work on one item, with subscribers that ask late and sources that break the rules. */
class MeasuredTest {

    /** Asks only when told. */
    private static final class Subscriber extends BaseSubscriber<Outcome<String>> {

        private final List<Object> seen = new CopyOnWriteArrayList<>();

        @Override
        protected void hookOnSubscribe(Subscription subscription) {}

        @Override
        protected void hookOnNext(Outcome<String> outcome) {
            seen.add(outcome.getClass().getSimpleName());
        }

        @Override
        protected void hookOnComplete() {
            seen.add("complete");
        }

        @Override
        protected void hookOnError(Throwable error) {
            seen.add(error);
        }
    }

    private static Subscriber subscribe(Mono<String> work) {
        Subscriber subscriber = new Subscriber();
        Step.<Integer, String>map("step", n -> work)
                .apply(Outcome.ok(Item.of("a", 0, 1)))
                .subscribe(subscriber);
        return subscriber;
    }

    @Test
    void failureBeforeDemand_waitsForIt() {
        Subscriber subscriber = subscribe(Mono.error(new IllegalStateException("bug")));
        assertThat(subscriber.seen).isEmpty();

        subscriber.request(1);

        assertThat(subscriber.seen).containsExactly("Failed", "complete");
    }

    @Test
    void emptyBeforeDemand_waitsForIt() {
        Subscriber subscriber = subscribe(Mono.empty());
        assertThat(subscriber.seen).isEmpty();

        subscriber.request(1);
        subscriber.request(1);

        assertThat(subscriber.seen).containsExactly("Failed", "complete");
    }

    @Test
    void demandAfterACancel_isNotAnswered() {
        AtomicReference<Subscription> subscription = new AtomicReference<>();
        List<Object> seen = new ArrayList<>();
        Step.<Integer, String>map("step", n -> Mono.error(new IllegalStateException("bug")))
                .apply(Outcome.ok(Item.of("a", 0, 1)))
                .subscribe(new BaseSubscriber<Outcome<String>>() {
                    @Override
                    protected void hookOnSubscribe(Subscription itself) {
                        subscription.set(itself);
                    }

                    @Override
                    protected void hookOnNext(Outcome<String> outcome) {
                        seen.add(outcome);
                    }
                });

        subscription.get().cancel();
        subscription.get().request(1);

        assertThat(seen).isEmpty();
    }

    @Test
    void reactorsHooks_seeTheItem() {
        List<String> seen = new ArrayList<>();
        Hooks.onEachOperator("test", publisher -> {
            seen.add(publisher.getClass().getSimpleName());
            return publisher;
        });
        try {
            subscribe(Mono.just("a")).request(1);
        } finally {
            Hooks.resetOnEachOperator("test");
        }

        assertThat(seen).contains("Measured");
    }

    @Test
    void sourceThatBreaksTheRules_givesOneOutcome() {
        TestPublisher<String> rude = TestPublisher.createNoncompliant(
                TestPublisher.Violation.CLEANUP_ON_TERMINATE, TestPublisher.Violation.REQUEST_OVERFLOW);
        Subscriber subscriber = subscribe(Mono.fromDirect(rude));

        rude.next("early");
        assertThat(subscriber.seen).isEmpty();
        subscriber.request(1);
        rude.next("another");
        rude.error(new IllegalStateException("late"));
        rude.complete();
        rude.complete();

        assertThat(subscriber.seen).containsExactly("Ok", "complete");
    }

    @Test
    void demandThatRacesWithTheFailure_getsItOnce() {
        for (int i = 0; i < 5_000; i++) {
            Sinks.One<String> answer = Sinks.one();
            Subscriber subscriber = subscribe(answer.asMono());

            Mono.when(
                            Mono.fromRunnable(() -> answer.tryEmitError(new IllegalStateException("bug")))
                                    .subscribeOn(Schedulers.parallel()),
                            Mono.fromRunnable(() -> subscriber.request(1)).subscribeOn(Schedulers.parallel()))
                    .block(Duration.ofSeconds(20));

            assertThat(subscriber.seen).containsExactly("Failed", "complete");
        }
    }

    @Test
    void cancelThatRacesWithTheFailure_leavesAtMostOneOutcome() {
        for (int i = 0; i < 5_000; i++) {
            Sinks.One<String> answer = Sinks.one();
            Subscriber subscriber = subscribe(answer.asMono());
            subscriber.request(1);

            Mono.when(
                            Mono.fromRunnable(() -> answer.tryEmitError(new IllegalStateException("bug")))
                                    .subscribeOn(Schedulers.parallel()),
                            Mono.fromRunnable(subscriber::cancel).subscribeOn(Schedulers.parallel()))
                    .block(Duration.ofSeconds(20));

            assertThat(subscriber.seen).isIn(List.of(), List.of("Failed"), List.of("Failed", "complete"));
        }
    }
}
