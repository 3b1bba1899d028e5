package io.headrace.cache.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheEntryCodec;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.StoredEntry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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
import org.rocksdb.RocksDB;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class RocksDbCacheTest {

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
    void otherProcess_isToldWhoHasTheFolderAndWhatToDo() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, 1);
            assertThat(output(ChildProcess.start(SecondOpener.class, folder)))
                    .contains(folder.toRealPath().toString())
                    .contains("in use by process " + ProcessHandle.current().pid())
                    .contains("Wait until");
            store(cache, 2);
        }
        assertThat(output(ChildProcess.start(SecondOpener.class, folder))).isEqualTo("opened");
    }

    @Test
    void nativeLibrary_isUnpackedOnce_andAgainWhenDamaged() throws Exception {
        Path libraries = folder.resolve("native");
        Path cache = folder.resolve("cache");
        assertThat(output(ChildProcess.start(SecondOpener.class, cache, libraries)))
                .startsWith("opened");
        Path library;
        try (Stream<Path> files = Files.walk(libraries)) {
            library = files.filter(Files::isRegularFile).findAny().orElseThrow();
        }
        long size = Files.size(library);
        Object unpacked = Files.getLastModifiedTime(library);
        assertThat(output(ChildProcess.start(SecondOpener.class, cache, libraries)))
                .isIn(
                        "opened with " + library.toRealPath(),
                        "opened with"); // the latter where the system does not tell
        assertThat(Files.getLastModifiedTime(library)).isEqualTo(unpacked);
        Files.write(library, new byte[100]);
        assertThat(output(ChildProcess.start(SecondOpener.class, cache, libraries)))
                .startsWith("opened");
        assertThat(Files.size(library)).isEqualTo(size);
    }

    @Test
    void folderThatCannotBeMadeForTheLibrary_isDoneWithout() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThat(output(ChildProcess.start(SecondOpener.class, folder.resolve("cache"), file)))
                .startsWith("opened");
    }

    @Test
    void secondOpenInThisProcess_isRefused_andHarmsNothing() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertUnavailable(folder, "open in this process already");
            assertThat(output(ChildProcess.start(SecondOpener.class, folder))).contains("in use");
            store(cache, 1);
        }
        RocksDbCache.open(folder).close();
    }

    @Test
    void folderOfOtherFiles_isRefusedAndLeftAlone() throws IOException {
        Files.writeString(folder.resolve("thesis.txt"), "mine");
        assertUnavailable(folder, "is not a cache: it holds thesis.txt");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void cacheOfAnotherVersion_isRefused() throws IOException {
        Files.writeString(folder.resolve("headrace-cache"), "headrace response cache, format 2\n");
        assertUnavailable(folder, "another version (headrace response cache, format 2)");
    }

    @Test
    void fileInPlaceOfAFolder_isRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertUnavailable(file, "is not a folder");
        assertUnavailable(file.resolve("inside"), "cannot be made");
    }

    @Test
    void folderWithoutWritePermission_isRefused() {
        assumeFalse("root".equals(System.getProperty("user.name")), "root may write anywhere");
        assertThat(folder.toFile().setWritable(false)).isTrue();
        assertUnavailable(folder, "permissions");
    }

    @Test
    void folderThatCouldNotBeWritten_opensOnceItCan() throws IOException {
        Path inTheWay = Files.createDirectories(folder.resolve("headrace-cache.part"));
        assertUnavailable(folder, "cannot be made or written");
        Files.delete(inTheWay);
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            cache.ready().block();
        }
    }

    @Test
    void missingFolders_areMade() {
        RocksDbCache.open(folder.resolve("a/b/c")).close();
        assertThat(folder.resolve("a/b/c/db")).isDirectory();
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
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("headrace-cache"));
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
    void syncs_comeByTheIntervalAndPutsGoOnBetweenThem() {
        try (RocksDbCache cache =
                RocksDbCache.builder(folder).syncEvery(Duration.ofMillis(1)).open()) {
            store(cache, 5_000);
            assertThat(readAll(cache, 5_000).cardinality()).isEqualTo(5_000);
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
        for (int opening = 1; opening <= 12; opening++) {
            try (RocksDbCache cache = RocksDbCache.open(folder)) {
                assertThat(readAll(cache, count + 100).cardinality()).isEqualTo(count);
                int first = count;
                count += opening * 1_000;
                StepVerifier.create(Flux.range(first, count - first).flatMap(i -> Entries.put(cache, i), 64, 1))
                        .expectComplete()
                        .verify(TIMEOUT);
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
            StepVerifier.create(Flux.range(0, 29_000)
                            .flatMap(i -> cache.remove(Entries.key(i), 0), 64, 1)
                            .then(cache.compact()))
                    .expectComplete()
                    .verify(TIMEOUT);
            assertThat(cache.statistics().block(TIMEOUT).bytes()).isBetween(1L, before / 10);
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
                    .verify(Duration.ofSeconds(10));
            assertThat(folder.resolve("hits")).content().startsWith("hits-1 1 3 0 0 0 1 0 0 0 1");
        }
        Files.writeString(folder.resolve("hits"), "nonsense");
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThat(cache.statistics().block(TIMEOUT).hits().count()).isZero();
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

    private static void store(ResponseCache cache, int count) {
        Flux<Void> puts = Flux.range(0, count).flatMap(i -> Entries.put(cache, i), 64, 1);
        StepVerifier.create(puts).expectComplete().verify(TIMEOUT);
    }

    /** The numbers below {@code count} whose answers are there, and fails if one is wrong. */
    private static BitSet readAll(ResponseCache cache, int count) {
        BitSet found = new BitSet();
        Flux<Integer> wrong = Flux.range(0, count)
                .flatMap(
                        i -> Mono.defer(() -> cache.get(Entries.key(i), 0))
                                .publishOn(Schedulers.single())
                                .doOnNext(entry -> found.set(i))
                                .filter(entry -> !Entries.isRight(i, entry))
                                .map(entry -> i),
                        64,
                        1);
        StepVerifier.create(wrong).expectComplete().verify(TIMEOUT);
        return found;
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

    private List<Path> tables() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("db"))) {
            return files.filter(file -> file.toString().endsWith(".sst")).toList();
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

    private static void assertUnavailable(Path folder, String words) {
        assertThatExceptionOfType(StorageException.class)
                .isThrownBy(() -> RocksDbCache.open(folder))
                .withMessageContaining(folder.toString())
                .withMessageContaining(words);
    }

    private static String output(Process process) throws InterruptedException {
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return output.strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A whole line: the last one of a killed process may be cut. */
    private static boolean isNumber(String line) {
        return line != null && line.matches("\\d+\\.");
    }
}
