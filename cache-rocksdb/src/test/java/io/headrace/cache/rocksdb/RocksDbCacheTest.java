package io.headrace.cache.rocksdb;

import static io.headrace.cache.rocksdb.Entries.readAll;
import static io.headrace.cache.rocksdb.Entries.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class RocksDbCacheTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void readyCompletes_andCloseBeforeItDoesNotHang() {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            StepVerifier.create(cache.ready()).expectComplete().verify(TIMEOUT);
        }
        RocksDbCache.open(folder).close();
    }

    @Test
    void close_leavesNoThread() {
        RocksDbCache cache = RocksDbCache.open(folder);
        store(cache, 10);
        cache.close();
        // a pool says that it has ended before its threads have
        Flux.interval(Duration.ofMillis(5))
                .onBackpressureDrop()
                .takeUntil(tick -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("headrace-cache")))
                .blockLast(TIMEOUT);
    }

    @Test
    void blockingOnAThreadOfTheCache_isRefusedAndDoesNotHang() {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            Mono<CacheEntry> blocking = cache.put(Entries.key(1), 0, Entries.entry(1))
                    .then(Mono.fromCallable(() -> cache.get(Entries.key(1), 0).block()));
            StepVerifier.create(blocking)
                    .expectErrorMatches(e -> e.getMessage().contains("blocking"))
                    .verify(TIMEOUT);
        }
    }

    @Test
    void syncOfEveryGroup_works() {
        try (RocksDbCache cache =
                RocksDbCache.builder(folder).syncEvery(Duration.ZERO).open()) {
            store(cache, 100);
            assertThat(readAll(cache, 100).cardinality()).isEqualTo(100);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RocksDbCache.builder(folder).syncEvery(Duration.ofMillis(-1)));
    }

    @Test
    void logThatIsTakenAway_keepsNothingMore_andSaysSo() throws IOException {
        try (RocksDbCache cache =
                RocksDbCache.builder(folder).syncEvery(Duration.ZERO).open()) {
            store(cache, 10);
            Path log = folder.resolve("log-1");
            Files.copy(log, folder.resolve("copy"));
            Files.move(folder.resolve("copy"), log, StandardCopyOption.REPLACE_EXISTING);
            for (int i = 10; i < 12; i++) {
                StepVerifier.create(cache.put(Entries.key(i), 0, Entries.entry(i)))
                        .expectErrorSatisfies(e -> assertThat(e)
                                .isInstanceOf(StorageException.class)
                                .hasMessageContaining(folder.toString())
                                .hasMessageContaining("log-1 was deleted, moved, replaced or shortened"))
                        .verify(TIMEOUT);
            }
            assertThat(readAll(cache, 10).cardinality()).isEqualTo(10);
        }
    }

    @Test
    void syncs_comeByTheIntervalAndPutsGoOnBetweenThem() {
        try (RocksDbCache cache =
                RocksDbCache.builder(folder).syncEvery(Duration.ofMillis(1)).open()) {
            store(cache, 5_000);
            assertThat(readAll(cache, 5_000).cardinality()).isEqualTo(5_000);
        }
    }

    @Test
    void closeWhileEverythingIsReadAndCompacted_doesNotHangOrCrash() {
        for (int round = 0; round < 5; round++) {
            RocksDbCache cache = RocksDbCache.open(folder);
            store(cache, 20_000);
            List<Flux<?>> calls = List.of(
                    cache.entries(),
                    cache.entries().publishOn(Schedulers.parallel(), 1),
                    cache.compact().flux());
            Flux<Object> all = Flux.fromIterable(calls)
                    .flatMap(call -> call.ignoreElements().onErrorComplete(IllegalStateException.class), 3, 1);
            StepVerifier.create(all)
                    .expectSubscription()
                    .then(cache::close)
                    .expectComplete()
                    .verify(TIMEOUT);
        }
    }

    @Test
    void hits_areInTheFileWithinTwoSeconds() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            StepVerifier.create(cache.ready()).expectComplete().verify(TIMEOUT);
            cache.countHit(Entries.entry(3));
            StepVerifier.create(Flux.interval(Duration.ofMillis(50))
                            .filter(tick -> Files.exists(folder.resolve("hits")))
                            .next())
                    .expectNextCount(1)
                    .expectComplete()
                    .verify(TIMEOUT);
            assertThat(folder.resolve("hits")).content().startsWith("hits-1 1 3 0 0 0 1 0 0 0 1");
        }
        Files.writeString(folder.resolve("hits"), "nonsense");
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(cache.statistics().block(TIMEOUT).hits().count()).isZero();
        }
    }

    @Test
    void builderThatIsChangedLater_changesNoOpenCache() {
        RocksDbCache.Builder builder = RocksDbCache.builder(folder);
        try (RocksDbCache cache = builder.open()) {
            builder.readOnly();
            assertThat(cache.isReadOnly()).isFalse();
            store(cache, 1);
            assertThat(readAll(cache, 1).cardinality()).isEqualTo(1);
        }
    }

    @Test
    void options_canBeCustomized() {
        try (RocksDbCache cache = RocksDbCache.builder(folder)
                .customize(options -> options.setDisableAutoCompactions(true))
                .open()) {
            store(cache, 10);
        }
        try (RocksDbCache cache = RocksDbCache.builder(folder)
                .customize(options -> {
                    throw new IllegalStateException("my own mistake");
                })
                .open()) {
            StepVerifier.create(cache.ready())
                    .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("my own mistake"))
                    .verify(TIMEOUT);
        }
    }
}
