package io.headrace.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.observe.CallEvent.Admitted;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.CallEvent.RetryScheduled;
import io.headrace.observe.StatisticsSnapshot.Times;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class StatisticsTest {

    private final Statistics statistics = Statistics.create();

    @Test
    void nothingCounted_isAllZero() {
        StatisticsSnapshot now = statistics.snapshot();

        assertThat(now.items().total()).isZero();
        assertThat(now.calls().total()).isZero();
        assertThat(now.attempts().sent()).isZero();
        assertThat(now.usage()).isEqualTo(Usage.ZERO);
        assertThat(now.cost()).isEqualTo(Cost.ZERO);
        assertThat(now.callTime()).isEqualTo(Times.NONE);
    }

    @Test
    void callWithRetry_countsBothAttemptsAndOneCall() {
        statistics.on(new Admitted(CallOptions.NONE, Duration.ZERO));
        statistics.on(new AttemptStarted(CallOptions.NONE, 1));
        statistics.on(ended(1, Delivery.REFUSED, Usage.ZERO, Cost.ZERO, ErrorKind.RATE_LIMITED));
        statistics.on(new RetryScheduled(CallOptions.NONE, 1, ErrorKind.RATE_LIMITED, Duration.ofSeconds(1)));
        statistics.on(new AttemptStarted(CallOptions.NONE, 2));
        assertThat(statistics.snapshot().attempts().inFlight()).isOne();
        statistics.on(ended(2, Delivery.ANSWERED, Usage.of(100, 20), usd("0.0015"), null));
        statistics.on(new CallEnded(CallOptions.NONE, Duration.ofSeconds(2), End.ANSWERED, null));

        StatisticsSnapshot now = statistics.snapshot();
        assertThat(now.calls()).isEqualTo(new StatisticsSnapshot.Calls(1, 0, 0, 0, 0));
        assertThat(now.attempts().sent()).isEqualTo(2);
        assertThat(now.attempts().inFlight()).isZero();
        assertThat(now.attempts().retried()).isOne();
        assertThat(now.attempts().rateLimited()).isOne();
        assertThat(now.attempts().retriedByKind()).containsExactly(Map.entry(ErrorKind.RATE_LIMITED, 1L));
        assertThat(now.attempts().failedByKind()).containsExactly(Map.entry(ErrorKind.RATE_LIMITED, 1L));
        assertThat(now.usage()).isEqualTo(Usage.of(100, 20));
        assertThat(now.cost()).isEqualTo(usd("0.0015"));
        assertThat(now.queueTime().count()).isOne();
        assertThat(now.attemptTime().count()).isEqualTo(2);
        assertThat(now.callTime().max()).isBetween(Duration.ofSeconds(2), Duration.ofMillis(2020));
    }

    @Test
    void cacheHit_countsWhatItSavedAndPaysNothing() {
        statistics.on(new CacheHit(CallOptions.NONE, Usage.of(10, 5), usd("0.02")));
        statistics.on(new CallEnded(CallOptions.NONE, Duration.ofMillis(1), End.ANSWERED, null));

        StatisticsSnapshot now = statistics.snapshot();
        assertThat(now.calls()).isEqualTo(new StatisticsSnapshot.Calls(1, 0, 0, 1, 0));
        assertThat(now.saved()).isEqualTo(usd("0.02"));
        assertThat(now.cost()).isEqualTo(Cost.ZERO);
        assertThat(now.usage()).isEqualTo(Usage.ZERO);
    }

    @Test
    void unknownOutcomeAndUnknownCost_areCountedAsSuch() {
        statistics.on(new AttemptStarted(CallOptions.NONE, 1));
        statistics.on(ended(1, Delivery.UNKNOWN, Usage.ZERO, Cost.UNKNOWN, ErrorKind.TIMEOUT));
        statistics.on(new AttemptStarted(CallOptions.NONE, 2));
        statistics.on(ended(2, Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN, null)); // cancelled
        statistics.on(new CallEnded(CallOptions.NONE, Duration.ZERO, End.CANCELLED, null));

        StatisticsSnapshot now = statistics.snapshot();
        assertThat(now.attempts().unknownOutcome()).isEqualTo(2);
        assertThat(now.cost()).isEqualTo(new Cost(BigDecimal.ZERO, 2));
        assertThat(now.usage().unknown()).isOne();
        assertThat(now.calls().cancelled()).isOne();
    }

    @Test
    void failedCall_isCounted() {
        statistics.on(new CallEnded(CallOptions.NONE, Duration.ZERO, End.FAILED, new IllegalStateException()));

        assertThat(statistics.snapshot().calls().failed()).isOne();
    }

    @Test
    void durationsOutOfRange_areClampedNotThrown() {
        statistics.on(new Admitted(CallOptions.NONE, Duration.ofSeconds(-1)));
        statistics.on(new Admitted(CallOptions.NONE, Duration.ofDays(400)));
        statistics.on(new Admitted(CallOptions.NONE, Duration.ofSeconds(Long.MAX_VALUE)));

        Times times = statistics.snapshot().queueTime();
        assertThat(times.count()).isEqualTo(3);
        assertThat(times.max()).isBetween(Duration.ofDays(1), Duration.ofHours(25));
    }

    @Test
    void percentiles_areWithinOnePercent() {
        for (int ms = 1; ms <= 1000; ms++) {
            statistics.on(new Admitted(CallOptions.NONE, Duration.ofMillis(ms)));
        }

        Times times = statistics.snapshot().queueTime();
        assertThat(times.p50().toNanos() / 1e6).isBetween(500.0, 505.0);
        assertThat(times.p95().toNanos() / 1e6).isBetween(950.0, 960.0);
        assertThat(times.p99().toNanos() / 1e6).isBetween(990.0, 1000.0);
        assertThat(times.max().toNanos() / 1e6).isBetween(1000.0, 1010.0);
    }

    @Test
    void manyThreads_countExactlyToTheLastDigit() throws Exception {
        int threads = 4;
        int calls = 20_000;
        BigDecimal price =
                new BigDecimal("0.00000000000000000123"); // more digits than a double or a long of nanos holds
        CountDownLatch go = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            var work = IntStream.range(0, threads)
                    .<Future<?>>mapToObj(t -> pool.submit(() -> {
                        go.await();
                        for (int i = 0; i < calls; i++) {
                            statistics.on(new AttemptStarted(CallOptions.NONE, 1));
                            statistics.on(ended(1, Delivery.ANSWERED, Usage.of(3, 1), Cost.of(price), null));
                            statistics.on(
                                    new CallEnded(CallOptions.NONE, Duration.ofMillis(i % 50), End.ANSWERED, null));
                        }
                        return null;
                    }))
                    .toList();
            go.countDown();
            while (!work.stream().allMatch(Future::isDone)) {
                assertThat(statistics.snapshot().attempts().inFlight()).isBetween(0L, (long) threads * calls);
            }
            for (Future<?> future : work) {
                future.get();
            }
        } finally {
            pool.shutdownNow();
        }

        StatisticsSnapshot now = statistics.snapshot();
        long total = (long) threads * calls;
        assertThat(now.calls().answered()).isEqualTo(total);
        assertThat(now.attempts().inFlight()).isZero();
        assertThat(now.usage()).isEqualTo(Usage.of(3 * total, total));
        assertThat(now.cost().usd()).isEqualByComparingTo(price.multiply(BigDecimal.valueOf(total)));
        assertThat(now.callTime().count()).isEqualTo(total);
    }

    @Test
    void items_countsOutcomesAndChangesNothing() {
        Item<String> item = Item.of("a", 0, "x");
        Flux<Outcome<String>> stream = Flux.just(
                Outcome.ok(item),
                new Outcome.Failed<>(item, "s", ErrorKind.MALFORMED_ROW, "bad", Tally.ZERO),
                new Outcome.Failed<>(item, "s", ErrorKind.STEP_FAILED, "bad", Tally.ZERO),
                new Outcome.Skipped<>(item, "s", Tally.ZERO),
                Outcome.ok(item));

        StepVerifier.create(stream.transform(statistics::items), 0)
                .thenRequest(1)
                .expectNextCount(1)
                .then(() -> assertThat(statistics.snapshot().items().total()).isOne())
                .thenRequest(10)
                .expectNextCount(4)
                .verifyComplete();

        StatisticsSnapshot.Items items = statistics.snapshot().items();
        assertThat(items.ok()).isEqualTo(2);
        assertThat(items.failed()).isEqualTo(2);
        assertThat(items.skipped()).isOne();
        assertThat(items.failedByKind())
                .containsExactly(Map.entry(ErrorKind.MALFORMED_ROW, 1L), Map.entry(ErrorKind.STEP_FAILED, 1L));
    }

    @Test
    void items_passesErrorAndEmpty() {
        StepVerifier.create(Flux.<Outcome<String>>empty().transform(statistics::items))
                .verifyComplete();
        StepVerifier.create(Flux.<Outcome<String>>error(new IllegalStateException("x"))
                        .transform(statistics::items))
                .verifyError(IllegalStateException.class);
        assertThat(statistics.snapshot().items().total()).isZero();
    }

    @Test
    void every_emitsAfterEachPeriodOfTheGivenTimer() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Statistics timed = Statistics.create(() -> time);
        timed.on(new CallEnded(CallOptions.NONE, Duration.ZERO, End.ANSWERED, null));

        StepVerifier.create(timed.every(Duration.ofSeconds(10)))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(9)))
                .then(() -> timed.on(new CallEnded(CallOptions.NONE, Duration.ZERO, End.ANSWERED, null)))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(1)))
                .assertNext(now -> assertThat(now.calls().answered()).isEqualTo(2))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(20)))
                .expectNextCount(2)
                .thenCancel()
                .verify();
        assertThat(time.getScheduledTaskCount()).isPositive();
    }

    @Test
    void every_ofCenturies_waits() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        StepVerifier.create(Statistics.create(() -> time).every(Duration.ofDays(1_000 * 365L)))
                .expectSubscription()
                .then(() -> time.advanceTimeBy(Duration.ofDays(9_999)))
                .expectNoEvent(Duration.ofMillis(1))
                .thenCancel()
                .verify();
    }

    @Test
    void every_slowSubscriberMissesSnapshotsAndNeverFails() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Statistics timed = Statistics.create(() -> time);

        StepVerifier.create(timed.every(Duration.ofSeconds(1)), 0)
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(100)))
                .thenRequest(1)
                .then(() -> timed.on(new CallEnded(CallOptions.NONE, Duration.ZERO, End.ANSWERED, null)))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(1)))
                .assertNext(now -> assertThat(now.calls().answered()).isOne())
                .thenCancel()
                .verify();
    }

    @Test
    void every_timerIsTakenAtSubscription() {
        Statistics never = Statistics.create(() -> {
            throw new IllegalStateException("asked");
        });

        Flux<StatisticsSnapshot> ticks = never.every(Duration.ofSeconds(1));
        StepVerifier.create(ticks).verifyErrorMessage("asked");
    }

    @Test
    void every_rejectsAPeriodThatIsNotPositive() {
        assertThatThrownBy(() -> statistics.every(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }

    private static AttemptEnded ended(
            int attempt, Delivery delivery, Usage usage, Cost cost, @Nullable ErrorKind kind) {
        ApiException error =
                kind == null ? null : ApiException.builder(kind, "x").build();
        return new AttemptEnded(CallOptions.NONE, attempt, Duration.ofMillis(100), delivery, usage, cost, error);
    }

    private static Cost usd(String amount) {
        return Cost.of(new BigDecimal(amount));
    }
}
