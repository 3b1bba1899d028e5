package io.headrace.cache.rocksdb;

import static io.headrace.cache.rocksdb.Entries.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.StoredEntry;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class SeveralProcessesTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void reader_seesWhatWasStoredWhenItOpened_besideTheWriter() {
        int count = 40_000; // in the log and in the database
        try (RocksDbCache writer = RocksDbCache.open(folder)) {
            store(writer, 0, count);
            await(writer.remove(Entries.key(5), 0).then());
            try (RocksDbCache reader = reader()) {
                for (int i = 0; i < count; i += 97) {
                    assertThere(reader, i);
                }
                assertAbsent(reader, 5);
                assertThat(reader.surelyLacks(Entries.key(7), 0)).isFalse();
                StepVerifier.create(reader.entries()
                                .cast(StoredEntry.Answer.class)
                                .map(StoredEntry.Answer::fingerprint)
                                .distinct()
                                .count())
                        .expectNext(count - 1L)
                        .expectComplete()
                        .verify(TIMEOUT);

                store(writer, count, 2 * count); // the writer moves its log while the reader goes on
                await(writer.compact());
                assertAbsent(reader, count);
                for (int i = 0; i < count; i += 97) {
                    assertThere(reader, i);
                }
            }
            assertThere(writer, 2 * count - 1);
        }
    }

    @Test
    void reader_seesWhatAKilledWriterLeft() throws Exception {
        Process writer = ChildProcess.start(KilledWriter.class, folder, 0);
        int last = 0;
        try (BufferedReader output = writer.inputReader()) {
            for (String line = output.readLine(); line != null && line.matches("\\d+\\."); line = output.readLine()) {
                last = Integer.parseInt(line.substring(0, line.length() - 1));
                if (last >= 500 && writer.isAlive()) {
                    try (RocksDbCache reader = reader()) {
                        assertThere(reader, last);
                    }
                    writer.toHandle().destroyForcibly();
                }
            }
        }
        writer.waitFor();
        try (RocksDbCache reader = reader()) {
            for (int i = 0; i < 400; i++) {
                assertThere(reader, i);
            }
        }
        assertThat(last).isGreaterThan(400);
    }

    @Test
    void reader_changesNothing_andSaysWhy() throws Exception {
        try (RocksDbCache writer = RocksDbCache.open(folder)) {
            store(writer, 0, 10);
        }
        Map<Path, Object> before = files();
        try (RocksDbCache reader = reader()) {
            assertThat(reader.isReadOnly()).isTrue();
            assertThat(reader.putAtOnce(Entries.key(1), 0, Entries.entry(1))).isFalse();
            for (Mono<?> change : List.of(
                    reader.put(Entries.key(1), 0, Entries.entry(1)),
                    reader.remove(Entries.key(1), 0),
                    reader.clear(),
                    reader.compact())) {
                StepVerifier.create(change)
                        .expectErrorSatisfies(e -> assertThat(e)
                                .isInstanceOf(StorageException.class)
                                .hasMessageContaining("is open for reading only")
                                .hasMessageContaining(folder.toString()))
                        .verify(TIMEOUT);
            }
            assertThere(reader, 1);
            reader.countHit(Entries.entry(1));
            StepVerifier.create(reader.statistics())
                    .assertNext(statistics -> {
                        assertThat(statistics.entries()).isEqualTo(10);
                        assertThat(statistics.hits().count()).isEqualTo(1);
                    })
                    .expectComplete()
                    .verify(TIMEOUT);
        }
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void readerOfNothing_isRefused() throws Exception {
        Path missing = folder.resolve("missing");
        assertThatExceptionOfType(StorageException.class)
                .isThrownBy(() -> RocksDbCache.builder(missing).readOnly().open())
                .withMessageContaining("is not there");
        assertThat(missing).doesNotExist();
        assertThatExceptionOfType(StorageException.class)
                .isThrownBy(() -> RocksDbCache.builder(folder).readOnly().open())
                .withMessageContaining("is not a cache");
    }

    @Test
    void closedReader_failsEveryCall() {
        RocksDbCache.open(folder).close();
        RocksDbCache reader = reader();
        reader.close();
        for (Mono<?> call :
                List.of(reader.get(Entries.key(1), 0), reader.entries().next(), reader.statistics(), reader.clear())) {
            StepVerifier.create(call).expectError(IllegalStateException.class).verify(TIMEOUT);
        }
    }

    @Test
    void secondWriter_waitsUntilTheFirstIsDone_andSeesWhatItStored() {
        RocksDbCache first = RocksDbCache.open(folder);
        try (RocksDbCache second =
                RocksDbCache.builder(folder).waitUpTo(Duration.ofSeconds(20)).open()) {
            Mono<CacheEntry> get = second.get(Entries.key(1), 0);
            StepVerifier.create(get)
                    .expectSubscription()
                    .then(() -> store(first, 0, 10))
                    .then(() -> first.countHit(Entries.entry(1)))
                    .then(first::close)
                    .assertNext(entry -> assertThat(Entries.isRight(1, entry)).isTrue())
                    .expectComplete()
                    .verify(TIMEOUT);
            second.countHit(Entries.entry(1));
            StepVerifier.create(second.statistics())
                    .assertNext(
                            statistics -> assertThat(statistics.hits().count()).isEqualTo(2))
                    .expectComplete()
                    .verify(TIMEOUT);
        }
    }

    @Test
    void secondWriter_isToldWhenItsTimeIsOver() {
        try (RocksDbCache first = RocksDbCache.open(folder);
                RocksDbCache second = RocksDbCache.builder(folder)
                        .waitUpTo(Duration.ofMillis(250))
                        .open()) {
            StepVerifier.create(second.ready())
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(StorageException.class)
                            .hasMessageContaining("is open in this process already")
                            .hasMessageContaining("read-only"))
                    .verify(TIMEOUT);
            store(first, 0, 1);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RocksDbCache.builder(folder).waitUpTo(Duration.ofMillis(-1)));
    }

    @Test
    void closeWhileWaiting_endsTheWait() {
        try (RocksDbCache first = RocksDbCache.open(folder)) {
            RocksDbCache second =
                    RocksDbCache.builder(folder).waitUpTo(Duration.ofHours(1)).open();
            StepVerifier.create(second.get(Entries.key(1), 0))
                    .expectSubscription()
                    .then(second::close)
                    .expectError()
                    .verify(TIMEOUT);
            store(first, 0, 1);
        }
        RocksDbCache.open(folder).close();
    }

    private RocksDbCache reader() {
        return RocksDbCache.builder(folder).readOnly().open();
    }

    private Map<Path, Object> files() throws Exception {
        Map<Path, Object> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(file, List.of(Files.size(file), Files.getLastModifiedTime(file)));
            }
        }
        return files;
    }

    private static void await(Mono<Void> action) {
        StepVerifier.create(action).expectComplete().verify(TIMEOUT);
    }

    private static void assertThere(ResponseCache cache, int number) {
        StepVerifier.create(cache.get(Entries.key(number), 0))
                .assertNext(entry -> assertThat(Entries.isRight(number, entry)).isTrue())
                .expectComplete()
                .verify(TIMEOUT);
    }

    private static void assertAbsent(ResponseCache cache, int number) {
        StepVerifier.create(cache.get(Entries.key(number), 0)).expectComplete().verify(TIMEOUT);
    }
}
