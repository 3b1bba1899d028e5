package io.headrace.cache.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class SurelyLacksTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int STORED = 200;
    private static final int MOVES = 50;

    /** About as many as are stored between two moves. */
    private static final int LAST = 5_000;

    @TempDir
    private Path folder;

    private final AtomicInteger stored = new AtomicInteger();
    private final AtomicBoolean moving = new AtomicBoolean();

    @Test
    void storedAnswer_isNeverCalledAbsent_whileAnswersMoveToTheDatabase() {
        for (int opening = 0; opening < 2; opening++) { // of an empty database, and of one that has answers
            try (RocksDbCache cache = RocksDbCache.open(folder)) {
                moving.set(true);
                Flux<Object> all = Flux.merge(
                                moves(cache),
                                onAThread(() -> store(cache)),
                                onAThread(() -> lookForLast(cache)),
                                onAThread(() -> lookForLast(cache)))
                        .doFinally(end -> moving.set(false));
                StepVerifier.create(all).expectComplete().verify(TIMEOUT);
                assertThat(IntStream.range(0, stored.get()))
                        .noneMatch(number -> cache.surelyLacks(Entries.key(number), 0));
            }
        }
    }

    @Test
    void filtersOfTables_areNotAsked_whileLookupsFindTheirAnswers() {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            IntStream.range(0, STORED)
                    .forEach(number -> Entries.put(cache, number).block(TIMEOUT));
            StepVerifier.create(cache.compact()).expectComplete().verify(TIMEOUT);
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            StepVerifier.create(cache.ready()).expectComplete().verify(TIMEOUT);
            assertThat(toldAbsent(cache)).isGreaterThan(STORED * 9 / 10);

            IntStream.range(0, STORED)
                    .forEach(number -> StepVerifier.create(cache.get(Entries.key(number), 0))
                            .expectNextCount(1)
                            .expectComplete()
                            .verify(TIMEOUT));
            assertThat(toldAbsent(cache)).isZero();

            StepVerifier.create(cache.get(Entries.key(STORED), 0))
                    .expectComplete()
                    .verify(TIMEOUT);
            assertThat(toldAbsent(cache)).isGreaterThan(STORED * 9 / 10);
        }
    }

    private static long toldAbsent(RocksDbCache cache) {
        return IntStream.range(STORED, 2 * STORED)
                .filter(number -> cache.surelyLacks(Entries.key(number), 0))
                .count();
    }

    /** A listing moves all answers first. */
    private Flux<Object> moves(RocksDbCache cache) {
        return cache.entries()
                .next()
                .repeat(MOVES)
                .ignoreElements()
                .cast(Object.class)
                .doFinally(end -> moving.set(false))
                .flux();
    }

    private void store(RocksDbCache cache) {
        while (moving.get()) {
            Entries.put(cache, stored.get()).block(TIMEOUT);
            stored.incrementAndGet();
        }
    }

    private void lookForLast(RocksDbCache cache) {
        while (moving.get()) {
            int number = stored.get() - 1 - ThreadLocalRandom.current().nextInt(LAST);
            if (number >= 0 && cache.surelyLacks(Entries.key(number), 0)) {
                throw new AssertionError("answer " + number + " is stored and called absent");
            }
        }
    }

    private static Mono<Object> onAThread(Runnable work) {
        return Mono.<Object>fromRunnable(work).subscribeOn(Schedulers.boundedElastic());
    }
}
