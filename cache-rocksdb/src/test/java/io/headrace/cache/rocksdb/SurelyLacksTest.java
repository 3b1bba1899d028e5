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
