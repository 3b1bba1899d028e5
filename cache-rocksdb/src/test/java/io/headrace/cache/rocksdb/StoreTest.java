package io.headrace.cache.rocksdb;

import static io.headrace.cache.rocksdb.Entries.readAll;
import static io.headrace.cache.rocksdb.Entries.store;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheEntryCodec;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** Answers in the log, in the database and on their way, also after a kill. */
class StoreTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void killedProcess_losesNoAnswerThatItSaidWasStored() throws Exception {
        Random random = new Random();
        BitSet stored = new BitSet();
        int first = 0;
        for (int kill = 0; kill < 5; kill++) {
            Process writer = ChildProcess.start(KilledWriter.class, folder, first);
            int killAt = first + 1 + random.nextInt(kill == 2 ? 80_000 : 3_000); // past a full segment too
            try (BufferedReader output = writer.inputReader()) {
                for (String line = output.readLine(); isNumber(line); line = output.readLine()) {
                    int number = Integer.parseInt(line.substring(0, line.length() - 1));
                    stored.set(number);
                    if (number >= killAt) {
                        writer.toHandle().destroyForcibly(); // leaves its output to be read
                    }
                }
            }
            assertThat(writer.waitFor()).as("exit code of a killed process").isEqualTo(137);
            assertThat(stored.length()).as("answers stored").isGreaterThan(first);
            try (RocksDbCache cache = RocksDbCache.open(folder)) {
                assertThat(readAll(cache, stored.length() + 100)).satisfies(found -> {
                    BitSet lost = (BitSet) stored.clone();
                    lost.andNot(found);
                    assertThat(lost.cardinality()).as("answers lost").isZero();
                });
            }
            first = stored.length() + 100;
        }
    }

    @Test
    void answersOfManySegments_areThereAtAnyTime() {
        int count = 100_000;
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, count);
            assertThat(readAll(cache, count + 1_000).cardinality()).isEqualTo(count);
            assertLacks(cache, count);
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(readAll(cache, count + 1_000).cardinality()).isEqualTo(count);
            assertLacks(cache, count);
        }
    }

    @Test
    void logOfAClosedCache_isUsedOn_alsoAfterAKill() throws Exception {
        int count = 0;
        Path copy = folder.resolveSibling(folder.getFileName() + "-copy");
        for (int opening = 1; opening <= 9; opening++) {
            try (RocksDbCache cache = RocksDbCache.open(folder)) {
                assertThat(readAll(cache, count + 100).cardinality()).isEqualTo(count);
                int first = count;
                count += opening * 1_000;
                store(cache, first, count);
                if (opening == 3 || opening == 5) { // as a killed process leaves it; no segment is full yet
                    copy(folder, copy.resolve("" + opening));
                }
            }
            if (opening == 3 || opening == 5) {
                folder = copy.resolve("" + opening);
            }
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(readAll(cache, count + 100).cardinality()).isEqualTo(count);
            assertThat(cache.entries().count().block(TIMEOUT)).isEqualTo(count);
        }
    }

    @Test
    void logOfAKilledProcess_doesNotComeBackAfterClear() throws Exception {
        Path copy = folder.resolveSibling(folder.getFileName() + "-killed");
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, 100);
            cache.entries().blockLast(TIMEOUT); // the second file of the log takes what comes
            store(cache, 200);
            copy(folder, copy); // as a killed process leaves it
        }
        folder = copy;
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(readAll(cache, 300).cardinality()).isEqualTo(200);
            cache.clear().block(TIMEOUT);
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(readAll(cache, 300).cardinality()).isZero();
            assertThat(cache.entries().count().block(TIMEOUT)).isZero();
        }
    }

    @Test
    void killedLogFullToTheLastByte_losesNothingOfTheNext() throws Exception {
        RocksDbCache.open(folder).close();
        int overhead = large(0).length;
        try (Segment full = Segment.create(folder.resolve("log-1"), 5);
                Segment next = Segment.create(folder.resolve("log-2"), 6)) {
            byte[] value =
                    large(Segment.BYTES - Long.BYTES - (Long.BYTES + Integer.BYTES + EntryKeys.BYTES) - overhead);
            full.append(Entries.key(1), 0, value);
            assertThat(full.usedBytes()).isEqualTo(Segment.BYTES - Long.BYTES);
            next.append(Entries.key(2), 0, CacheEntryCodec.encode(Entries.key(2), 0, Entries.entry(2)));
        }
        for (int opening = 0; opening < 2; opening++) {
            try (RocksDbCache cache = RocksDbCache.open(folder)) {
                assertThat(cache.get(Entries.key(1), 0).block(TIMEOUT)).isNotNull();
                assertThat(cache.get(Entries.key(2), 0).block(TIMEOUT)).isNotNull();
            }
        }
    }

    @Test
    void answerLongerThanASegment_takesThePlaceOfAnotherAndGivesPlace() {
        CacheEntry small = Entries.entry(1);
        CacheEntry large = new CacheEntry(
                new byte[Segment.BYTES + 1], false, small.usage(), small.cost(), "", "", small.storedAt(), List.of());
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            for (CacheEntry entry : List.of(small, large, small, large)) {
                StepVerifier.create(cache.put(Entries.key(1), 0, entry).then(cache.get(Entries.key(1), 0)))
                        .assertNext(read -> assertThat(read.answer()).isEqualTo(entry.answer()))
                        .expectComplete()
                        .verify(TIMEOUT);
            }
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            StepVerifier.create(cache.get(Entries.key(1), 0))
                    .assertNext(read -> assertThat(read.answer()).isEqualTo(large.answer()))
                    .expectComplete()
                    .verify(TIMEOUT);
        }
    }

    @Test
    void clear_reachesTheLogAndTheDatabase() {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, 50_000);
            StepVerifier.create(cache.clear()).expectComplete().verify(TIMEOUT);
            assertThat(readAll(cache, 50_000).cardinality()).isZero();
            store(cache, 10);
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(readAll(cache, 50_000).cardinality()).isEqualTo(10);
        }
    }

    @Test
    void removedAnswer_isGoneFromLogAndDatabase_andAfterAKill() throws Exception {
        int count = 40_000;
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, count);
        }
        RocksDbCache cache = RocksDbCache.open(folder);
        store(cache, 10); // some stand in both
        StepVerifier.create(Flux.range(0, 20)
                        .concatMap(i -> cache.remove(Entries.key(i), 0))
                        .filter(removed -> removed)
                        .count())
                .expectNext(20L)
                .expectComplete()
                .verify(TIMEOUT);
        // as a killed process leaves it: the log is not moved
        Path copy = folder.resolveSibling(folder.getFileName() + "-copy");
        copy(folder, copy);
        cache.close();
        for (Path place : List.of(folder, copy)) {
            try (RocksDbCache again = RocksDbCache.open(place)) {
                BitSet found = readAll(again, count);
                assertThat(found.nextSetBit(0)).isEqualTo(20);
                assertThat(found.cardinality()).isEqualTo(count - 20);
            }
        }
    }

    @Test
    void compaction_givesSpaceBack() {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, 30_000);
            StepVerifier.create(cache.compact()).expectComplete().verify(TIMEOUT);
            long before = cache.statistics().block(TIMEOUT).bytes();
            Flux.range(0, 29_000)
                    .flatMap(i -> cache.remove(Entries.key(i), 0), 64, 1)
                    .then(cache.compact())
                    .block(TIMEOUT);
            assertThat(cache.statistics().block(TIMEOUT).bytes()).isBetween(1L, before / 10);
        }
    }

    private static byte[] large(int answerBytes) {
        CacheEntry small = Entries.entry(1);
        CacheEntry entry = new CacheEntry(
                new byte[answerBytes], false, small.usage(), small.cost(), "", "", small.storedAt(), List.of());
        return CacheEntryCodec.encode(Entries.key(1), 0, entry);
    }

    /** That no stored answer is told to be absent, and that hardly a lookup is made for one that is. */
    private static void assertLacks(RocksDbCache cache, int count) {
        assertThat(IntStream.range(0, count)).noneMatch(i -> cache.surelyLacks(Entries.key(i), 0));
        assertThat(IntStream.range(count, 2 * count)
                        .filter(i -> !cache.surelyLacks(Entries.key(i), 0))
                        .count())
                .isLessThan(count / 10);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    /** A whole line: the last one of a killed process may be cut. */
    private static boolean isNumber(String line) {
        return line != null && line.matches("\\d+\\.");
    }
}
