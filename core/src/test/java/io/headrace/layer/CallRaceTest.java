package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Gate;
import io.headrace.observe.AttemptLog;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** Whole stacks whose calls are answered, fail and are cancelled at once: nothing stays open. */
class CallRaceTest {

    private static final int CALLS = 4;

    private final AtomicInteger open = new AtomicInteger();
    private final AttemptLog log = new AttemptLog() {
        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            return open.incrementAndGet();
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            open.decrementAndGet();
        }
    };

    @BeforeEach
    void expectErrorsOfCancelledCalls() {
        Hooks.onErrorDropped(error -> {});
    }

    @AfterEach
    void reset() {
        Hooks.resetOnErrorDropped();
    }

    @Test
    void answersErrorsAndCancelsAtOnce_leaveNothingOpen() {
        Gate gate = Gate.builder("test").concurrency(2).build();
        Budget budget = Budget.ofUsd(new BigDecimal("1000000"));
        List<Sinks.One<String>> answers = new ArrayList<>();
        Call<String, String> source =
                request -> answers.get(request.charAt(0) - 'a').asMono();
        Call<String, String> call = CallStack.of(source)
                .meter(AttemptLayerTest.METER)
                .cache(new MapCache())
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .gate(gate)
                .noRetry()
                .build();

        for (int round = 0; round < 2_000; round++) {
            answers.clear();
            List<Mono<?>> actions = new ArrayList<>();
            for (int i = 0; i < CALLS; i++) {
                Sinks.One<String> answer = Sinks.one();
                answers.add(answer);
                Disposable running = call.apply((char) ('a' + i) + " " + round)
                        .contextWrite(budget::into)
                        .contextWrite(log::into)
                        .subscribe(value -> {}, error -> {});
                boolean fails = (round + i) % 3 == 0;
                actions.add(Mono.fromRunnable(() -> {
                            if (fails) {
                                answer.tryEmitError(ApiException.builder(ErrorKind.INVALID_REQUEST, "no")
                                        .delivery(Delivery.REFUSED)
                                        .build());
                            } else {
                                answer.tryEmitValue("yes");
                            }
                        })
                        .subscribeOn(Schedulers.parallel()));
                if ((round + i) % 2 == 0) {
                    actions.add(Mono.fromRunnable(running::dispose).subscribeOn(Schedulers.parallel()));
                }
            }
            Mono.when(actions).block(Duration.ofSeconds(20));

            assertThat(gate.snapshot().inFlight()).isZero();
            assertThat(gate.snapshot().waiting()).isZero();
            assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0");
            assertThat(open).hasValue(0);
        }
    }
}
