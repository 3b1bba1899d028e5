package io.headrace.cache.rocksdb;

import static io.headrace.cache.rocksdb.Entries.readAll;
import static io.headrace.cache.rocksdb.Entries.store;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheEntryCodec;
import io.headrace.cache.StoredEntry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDB;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What becomes of a cache whose files were damaged. */
class DamageTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void flippedBytes_areAbsentAnswersOrAnErrorAtOpening_andNeverWrongAnswers() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, 2_000);
            cache.entries().blockLast(TIMEOUT); // moves them to a table
        }
        Path table = tables().get(0);
        Random random = new Random(7);
        long lost = 0;
        for (int flip = 0; flip < 20; flip++) {
            long at = (long) (Files.size(table) * random.nextDouble());
            flip(table, at);
            try (RocksDbCache cache = RocksDbCache.open(folder)) {
                Boolean opened = cache.ready()
                        .thenReturn(true)
                        .onErrorReturn(StorageException.class, false)
                        .block(TIMEOUT);
                if (Boolean.TRUE.equals(opened)) {
                    lost += 2_000 - readAll(cache, 2_000).cardinality();
                }
            }
            flip(table, at);
        }
        assertThat(lost).as("answers that a flip made absent").isPositive();
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(readAll(cache, 2_000).cardinality()).isEqualTo(2_000);
        }
    }

    @Test
    void brokenDatabase_failsEveryCallAndSaysSo_andTheFolderIsFreeAfterClose() throws IOException {
        RocksDbCache.open(folder).close();
        Files.writeString(folder.resolve("db/CURRENT"), "nonsense\n");
        for (int round = 0; round < 2; round++) {
            RocksDbCache cache = RocksDbCache.open(folder);
            for (Mono<?> call : List.of(
                    cache.ready(),
                    cache.get(Entries.key(1), 0),
                    cache.put(Entries.key(1), 0, Entries.entry(1)),
                    cache.clear())) {
                StepVerifier.create(call)
                        .expectErrorSatisfies(e -> assertThat(e)
                                .isInstanceOf(StorageException.class)
                                .hasMessageContaining(folder.toString())
                                .hasMessageContaining("delete it"))
                        .verify(TIMEOUT);
            }
            cache.close();
        }
    }

    @Test
    void whatIsNoDamage_isNoReasonToDeleteIt() throws IOException {
        for (String blocked : List.of("db", "log-1")) {
            Path cache = folder.resolve("with " + blocked);
            RocksDbCache.open(cache).close();
            Path there = cache.resolve(blocked);
            Path aside = folder.resolve("aside");
            Files.move(there, aside);
            if (Files.isDirectory(aside)) {
                Files.createFile(there);
            } else {
                Files.createDirectory(there);
            }
            try (RocksDbCache blind = RocksDbCache.open(cache)) {
                StepVerifier.create(blind.ready())
                        .expectErrorSatisfies(e -> assertThat(e)
                                .hasMessageContaining("cannot be opened")
                                .hasMessageContaining("open it again")
                                .hasMessageNotContaining("delete"))
                        .verify(TIMEOUT);
            }
            Files.delete(there);
            Files.move(aside, there);
            try (RocksDbCache mended = RocksDbCache.open(cache)) {
                StepVerifier.create(mended.ready()).expectComplete().verify(TIMEOUT);
            }
            Files.move(cache, folder.resolve(blocked + " again"));
        }
    }

    @Test
    void damagedPart_isToldAndTheRestIsReadOn() throws Exception {
        int count = 5_000;
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, count);
            cache.entries().blockLast(TIMEOUT); // moves them to a table
        }
        Path table = tables().get(0);
        for (double part : new double[] {0.001, 0.3, 0.31, 0.6}) {
            flip(table, (long) (Files.size(table) * part));
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            BitSet found = readAll(cache, count);
            List<StoredEntry> all = cache.entries().collectList().block(TIMEOUT);
            List<StoredEntry> answers =
                    all.stream().filter(StoredEntry.Answer.class::isInstance).toList();
            assertThat(answers.size()).as("answers that were read").isEqualTo(found.cardinality());
            assertThat(all.size() - answers.size()).as("damaged parts told").isEqualTo(4);
            assertThat(answers.size()).isBetween(count - 200, count - 1);
        }
    }

    @Test
    void damagedRecord_isToldByItsKey_andCanBeRemoved() throws Exception {
        CacheEntry entry = Entries.entry(1);
        RocksDbCache.open(folder).close();
        try (RocksDB database = RocksDB.open(folder.resolve("db").toString())) {
            byte[] damaged = CacheEntryCodec.encode(Entries.key(1), 0, entry);
            damaged[10]++;
            database.put(EntryKeys.of(Entries.key(1), 0), damaged);
            database.put(new byte[] {1, 2}, damaged);
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, 1); // another one
            List<StoredEntry> all = cache.entries().collectList().block(TIMEOUT);
            assertThat(all)
                    .hasSize(3)
                    .contains(
                            new StoredEntry.Damaged(Entries.key(1), 0, "the checksum of the entry is wrong"),
                            new StoredEntry.Damaged(null, 0, "the key has 2 bytes, not 36"));
            StepVerifier.create(cache.get(Entries.key(1), 0)).expectComplete().verify(TIMEOUT);
            StepVerifier.create(cache.remove(Entries.key(1), 0))
                    .expectNext(true)
                    .expectComplete()
                    .verify(TIMEOUT);
            assertThat(cache.entries().collectList().block(TIMEOUT)).hasSize(2);
        }
    }

    private List<Path> tables() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("db"))) {
            return files.filter(file -> file.toString().endsWith(".sst")).toList();
        }
    }

    @Test
    void logThatIsDamagedBetweenRecords_isToldToReaders() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            Entries.store(cache, 10);
        }
        Path log = folder.resolve("log-1");
        long length = Files.size(log);
        try (RocksDbCache reader = RocksDbCache.builder(folder).readOnly().open()) {
            StepVerifier.create(reader.statistics())
                    .assertNext(sound -> assertThat(sound.bytes()).isBetween(length * 9 / 10, length * 11 / 10))
                    .expectComplete()
                    .verify(TIMEOUT);
        }
        flip(log, 8); // the round of the first record: where the others begin is not known

        try (RocksDbCache reader = RocksDbCache.builder(folder).readOnly().open()) {
            StepVerifier.create(reader.entries())
                    .assertNext(lost -> assertThat(lost)
                            .isEqualTo(new StoredEntry.Damaged(null, 0, "log-1 is damaged from byte 8 on")))
                    .expectComplete()
                    .verify(TIMEOUT);
        }
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            int old = bytes.read();
            bytes.seek(at);
            bytes.write(old ^ 0x55);
        }
    }
}
