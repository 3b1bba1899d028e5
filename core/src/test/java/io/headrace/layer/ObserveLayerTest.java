package io.headrace.layer;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.CallListener;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class ObserveLayerTest {

    private final Recorder own = new Recorder();

    private Call<String, String> observed(Call<String, String> call) {
        return call.with(ObserveLayer.of(own));
    }

    private CallEnded ended() {
        assertThat(own.events).hasSize(1);
        return own.of(CallEnded.class).get(0);
    }

    @Test
    void value_endsAnsweredBeforeTheCallerSeesIt() {
        observed(new Script(Mono.just("yes")))
                .apply("q")
                .doOnNext(answer -> assertThat(ended().end()).isEqualTo(End.ANSWERED))
                .as(StepVerifier::create)
                .expectNext("yes")
                .verifyComplete();
        assertThat(ended().error()).isNull();
    }

    @Test
    void error_endsFailedWithIt() {
        StepVerifier.create(observed(new Script(Script.fail(ErrorKind.REFUSED))).apply("q"))
                .verifyErrorSatisfies(e -> assertThat(ended().error()).isSameAs(e));
        assertThat(ended().end()).isEqualTo(End.FAILED);
    }

    @Test
    void errorThrownByTheCallItself_endsFailed() {
        Call<String, String> broken = request -> {
            throw new IllegalStateException("bug");
        };
        StepVerifier.create(observed(broken).apply("q")).verifyErrorMessage("bug");
        assertThat(ended().end()).isEqualTo(End.FAILED);
    }

    @Test
    void empty_endsFailed() {
        StepVerifier.create(observed(new Script(Mono.empty())).apply("q")).verifyComplete();
        assertThat(ended().end()).isEqualTo(End.FAILED);
    }

    @Test
    void cancel_endsCancelled() {
        StepVerifier.withVirtualTime(() -> observed(new Script(Mono.never())).apply("q"))
                .thenAwait(ofSeconds(3))
                .thenCancel()
                .verify();
        assertThat(ended()).isEqualTo(new CallEnded(CallOptions.NONE, ofSeconds(3), End.CANCELLED, null));
    }

    @Test
    void cancelAfterTheValue_isNoSecondEnd() {
        StepVerifier.create(Flux.from(observed(new Script(Mono.just("yes"))).apply("q"))
                        .concatWith(Mono.never())
                        .take(1))
                .expectNext("yes")
                .verifyComplete();
        TestPublisher<String> late = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        own.events.clear();
        StepVerifier.create(observed(request -> late.mono()).apply("q"))
                .thenCancel()
                .verify();
        late.complete();
        assertThat(ended().end()).isEqualTo(End.CANCELLED);
    }

    @Test
    void noSubscription_noEvent() {
        observed(new Script(Mono.just("yes"))).apply("q");
        assertThat(own.events).isEmpty();
    }

    @Test
    void listeners_ownFirstThenTheContextsAlsoForLayersInside() {
        List<String> heard = new java.util.ArrayList<>();
        CallListener first = event -> heard.add("own " + event.getClass().getSimpleName());
        CallListener second = event -> heard.add("context " + event.getClass().getSimpleName());
        Call<String, String> call = new Script(Script.fail(ErrorKind.TIMEOUT), Mono.just("yes"))
                .with(RetryLayer.of(RetrySpec.fixedDelay(2, java.time.Duration.ZERO)))
                .with(ObserveLayer.of(first));
        StepVerifier.create(call.apply("q").contextWrite(second::into))
                .expectNext("yes")
                .verifyComplete();
        assertThat(heard)
                .containsExactly("own RetryScheduled", "context RetryScheduled", "own CallEnded", "context CallEnded");
    }

    @Test
    void withoutOwnListener_theContextsIsTold() {
        CallOptions options = CallOptions.of("s", "i").withTags(Map.of("a", "b"));
        StepVerifier.withVirtualTime(() -> new Script(Mono.just("yes").delayElement(ofSeconds(2)))
                        .with(ObserveLayer.create())
                        .apply("q")
                        .contextWrite(own::into)
                        .contextWrite(options::into))
                .thenAwait(ofSeconds(2))
                .expectNext("yes")
                .verifyComplete();
        assertThat(ended()).isEqualTo(new CallEnded(options, ofSeconds(2), End.ANSWERED, null));
    }

    @Test
    void brokenListener_changesNothing() {
        StepVerifier.create(new Script(Mono.just("yes"))
                        .with(ObserveLayer.of(Recorder.broken()))
                        .apply("q")
                        .contextWrite(own::into))
                .expectNext("yes")
                .verifyComplete();
        assertThat(ended().end()).isEqualTo(End.ANSWERED);
    }

    @Test
    void listenerWithAFailedAssertion_changesNothing() {
        StepVerifier.create(new Script(Mono.just("yes"))
                        .with(ObserveLayer.of(event -> {
                            throw new AssertionError("in a listener");
                        }))
                        .apply("q")
                        .contextWrite(own::into))
                .expectNext("yes")
                .verifyComplete();
        assertThat(ended().end()).isEqualTo(End.ANSWERED);
    }
}
