package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.admission.Gate;
import io.headrace.observe.AttemptLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

/**
 * Cancels a call at each moment at which one operator hands something on to the next, one moment after the other: those that
 * timing alone would meet once in thousands of calls.
 */
@Timeout(60)
class CancelAtHandOverTest {

    private static final String HOOK = "hand-overs";
    private static final Duration SOON = Duration.ofSeconds(20);

    private final MapCache cache = new MapCache();
    private final Gate gate =
            Gate.builder("one").concurrency(1).notAdaptive().noBreaker().build();
    private final List<Long> open = new ArrayList<>();
    private final AttemptLog log = new AttemptLog() {

        private long attempts;

        @Override
        public synchronized long started(Fingerprint fingerprint, int sample, Cost reserved) {
            open.add(++attempts);
            return attempts;
        }

        @Override
        public synchronized void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            assertThat(open.remove(attempt)).isTrue(); // once
        }
    };

    @BeforeEach
    void expectErrorsOfCancelledCalls() {
        Hooks.onErrorDropped(error -> {});
    }

    @AfterEach
    void reset() {
        Hooks.resetOnErrorDropped();
        Hooks.resetOnEachOperator(HOOK);
    }

    @Test
    void cancelOfACallThatIsRetried_givesAllBack() {
        AtomicInteger asked = new AtomicInteger();
        Call<String, String> second = request -> Mono.defer(
                () -> asked.incrementAndGet() % 2 == 1 ? Script.fail(ErrorKind.SERVER_ERROR) : answer(request));
        cancelAtEach(Samples.stack(second, cache)
                .retry(RetrySpec.fixedDelay(3, Duration.ZERO))
                .attemptTimeout(SOON)
                .validator(Validator.none())
                .several(Samples.SEVERAL, true)
                .gate(gate)
                .build());
    }

    @Test
    void cancelOfACallThatIsHedged_givesAllBack() {
        cancelAtEach(Samples.stack(CancelAtHandOverTest::answer, cache)
                .hedge(HedgeSpec.standard())
                .several(Samples.SEVERAL, true)
                .gate(gate)
                .build());
    }

    private static Mono<String> answer(String request) {
        return Mono.just(request.endsWith("*2") ? "x,x" : "x");
    }

    private void cancelAtEach(Call<String, String> stack) {
        int moments = 0;
        for (int number = 1; cancelAt(number, stack.apply("q" + number + "*2")); number++) {
            moments = number;
            assertThat(gate.snapshot().inFlight()).as("moment %d", number).isZero();
            assertThat(gate.snapshot().waiting()).as("moment %d", number).isZero();
            assertThat(open).as("attempts that did not end, moment %d", number).isEmpty();
            assertThat(stack.apply("q" + number + "*2").block(SOON)).isEqualTo("x,x");
        }
        assertThat(moments).isGreaterThan(20);
    }

    /** False if there are not so many moments. */
    private boolean cancelAt(int number, Mono<String> call) {
        Sinks.Empty<Void> stop = Sinks.empty();
        AtomicInteger left = new AtomicInteger(number);
        Runnable handOver = () -> {
            if (left.decrementAndGet() == 0) {
                stop.tryEmitEmpty();
            }
        };
        Hooks.onEachOperator(HOOK, Operators.lift((source, next) -> new Watched(next, handOver)));
        try {
            call.contextWrite(log::into).takeUntilOther(stop.asMono()).block(SOON);
        } finally {
            Hooks.resetOnEachOperator(HOOK);
        }
        return left.get() <= 0;
    }

    private record Watched(CoreSubscriber<? super Object> next, Runnable handOver) implements CoreSubscriber<Object> {

        @Override
        public Context currentContext() {
            return next.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            handOver.run();
            next.onSubscribe(subscription);
        }

        @Override
        public void onNext(Object value) {
            handOver.run();
            next.onNext(value);
        }

        @Override
        public void onError(Throwable error) {
            handOver.run();
            next.onError(error);
        }

        @Override
        public void onComplete() {
            handOver.run();
            next.onComplete();
        }
    }
}
