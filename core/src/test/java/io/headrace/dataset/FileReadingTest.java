package io.headrace.dataset;

import static io.headrace.dataset.Rows.file;
import static io.headrace.dataset.Rows.gzip;
import static io.headrace.dataset.Rows.value;
import static io.headrace.dataset.Rows.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.headrace.Item;
import io.headrace.Logged;
import io.headrace.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class FileReadingTest {

    private static final int MANY = 20_000;

    @TempDir
    Path folder;

    @Test
    void slowDemand_getsEveryRowInOrder() {
        Dataset<String> dataset = Dataset.lines(many());

        StepVerifier.create(dataset.items().map(Rows::value), 0)
                .expectSubscription()
                .thenRequest(1)
                .expectNext("row 0")
                .thenRequest(2)
                .expectNext("row 1", "row 2")
                .thenRequest(Long.MAX_VALUE)
                .expectNextCount(MANY - 3)
                .verifyComplete();
    }

    @Test
    void readsOnlyAFewRowsAheadOfDemand() {
        AtomicInteger parsed = new AtomicInteger();
        Flux<Outcome<String>> rows = BlockingSource.read(() -> counting(parsed));

        StepVerifier.create(rows, 1).expectNextCount(1).thenCancel().verify();
        assertThat(parsed.get()).isLessThanOrEqualTo(8);
    }

    @Test
    void takeInTheMiddle_closesTheFile() throws IOException {
        Path path = many();
        StepVerifier.create(Dataset.lines(path).items().take(5))
                .expectNextCount(5)
                .verifyComplete();

        assertNotOpen(path);
    }

    @Test
    void cancelWithoutDemand_closesTheFile() throws IOException {
        Path path = many();
        StepVerifier.create(Dataset.lines(path).items(), 0)
                .expectSubscription()
                .thenCancel()
                .verify();

        assertNotOpen(path);
    }

    @Test
    void fileIsClosedBeforeTheEndIsHeard() throws IOException {
        Path path = many();
        List<Boolean> open = new ArrayList<>();
        StepVerifier.create(Dataset.lines(path).items().doOnComplete(() -> open.add(isOpen(path))))
                .expectNextCount(MANY)
                .verifyComplete();

        assertThat(open).containsExactly(false);
    }

    @Test
    void everyEndClosesTheReaderOnce() {
        AtomicInteger closed = new AtomicInteger();
        Flux<Outcome<String>> endless = BlockingSource.read(() -> endless(closed));

        StepVerifier.create(endless.take(100)).expectNextCount(100).verifyComplete();
        await(() -> closed.get() >= 1);
        assertThat(closed).hasValue(1);
        StepVerifier.create(endless, 3).expectNextCount(3).thenCancel().verify();
        await(() -> closed.get() >= 2);
        assertThat(closed).hasValue(2);
        StepVerifier.create(endless.map(row -> {
                    throw new IllegalStateException("downstream");
                }))
                .verifyErrorMessage("downstream");
        await(() -> closed.get() >= 3);
        assertThat(closed).hasValue(3);
    }

    @Test
    void openFailure_isAnErrorSignal() {
        StepVerifier.create(Dataset.lines(folder.resolve("none.txt")).items())
                .verifyErrorMatches(e -> e instanceof IllegalArgumentException
                        && String.valueOf(e.getMessage()).contains("no such file"));
    }

    @Test
    void readFailureAheadOfDemand_comesBehindTheRowsBeforeIt() {
        AtomicInteger reads = new AtomicInteger();
        Flux<Outcome<String>> rows = BlockingSource.read(() -> new BatchReader<String>() {
            @Override
            public List<Outcome<String>> next() throws IOException {
                int n = reads.incrementAndGet();
                if (n == 3) {
                    throw new IOException("torn");
                }
                return IntStream.range(0, MANY).mapToObj(i -> row(n)).toList();
            }

            @Override
            public void close() {}
        });

        StepVerifier.create(rows, 1)
                .expectNextCount(1)
                .then(() -> await(() -> reads.get() == 3))
                .thenRequest(Long.MAX_VALUE)
                .expectNextCount(2 * MANY - 1)
                .verifyErrorMessage("torn");
    }

    @Test
    void subscribersThreadNeverReads() {
        AtomicBoolean elsewhere = new AtomicBoolean(true);
        Flux<Outcome<String>> rows = BlockingSource.read(() -> new BatchReader<String>() {
            private int n;

            @Override
            public List<Outcome<String>> next() {
                elsewhere.compareAndSet(true, Thread.currentThread().getName().startsWith("headrace-dataset"));
                return n++ < 50 ? List.of(row(n), row(-n - 1)) : List.of();
            }

            @Override
            public void close() {}
        });

        StepVerifier.create(rows.publishOn(Schedulers.parallel(), 1)
                        .concatMap(row -> Mono.just(row).subscribeOn(Schedulers.parallel())))
                .expectNextCount(100)
                .verifyComplete();
        assertThat(elsewhere).isTrue();
    }

    @Test
    void cancelFromAnotherThread_doesNotInterruptTheSubscribersCode() throws Exception {
        AtomicBoolean interrupted = new AtomicBoolean();
        var inside = new CountDownLatch(1);
        var cancelled = new CountDownLatch(1);
        var left = new CountDownLatch(1);
        var subscription = Dataset.lines(many()).items().subscribe(row -> {
            inside.countDown();
            try {
                cancelled.await();
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
            left.countDown();
        });

        inside.await();
        subscription.dispose();
        cancelled.countDown();
        left.await();
        assertThat(interrupted).isFalse();
    }

    @Test
    void twoSubscriptionsAtOnce_readIndependently() {
        Dataset<String> dataset = Dataset.lines(many());

        StepVerifier.create(Flux.zip(dataset.items(), dataset.items())
                        .filter(pair -> !value(pair.getT1()).equals(value(pair.getT2()))))
                .verifyComplete();
        assertThat(values(dataset)).hasSize(MANY);
    }

    @Test
    void rowsAcrossBufferBorders_areWhole() {
        List<String> lines = IntStream.range(0, 3_000)
                .mapToObj(i -> i + "é".repeat(i % 97) + (i % 500 == 0 ? "x".repeat(70_000) : ""))
                .toList();
        Path path = file(folder, "long.txt", String.join("\r\n", lines));

        assertThat(values(Dataset.lines(path))).isEqualTo(lines);
    }

    @Test
    void gzip_isKnownByItsBytes() {
        String text = "one\n\ntwo\n";
        byte[] twice = joined(gzip(text), gzip(text));

        assertThat(values(Dataset.lines(file(folder, "a.txt", gzip(text))))).containsExactly("one", "two");
        assertThat(values(Dataset.lines(file(folder, "b.gz", "plain")))).containsExactly("plain");
        assertThat(values(Dataset.lines(file(folder, "c.gz", twice)))).containsExactly("one", "two", "one", "two");
    }

    @Test
    void gzipWithSomethingElseBehind_isAnErrorBehindItsRows() {
        byte[] packed = gzip("one\ntwo\n");
        for (String appended : List.of("three\n", "a line that somebody appended to the packed file\n".repeat(2_000))) {
            Path path = file(folder, "a.txt.gz", joined(packed, appended.getBytes(StandardCharsets.UTF_8)));
            StepVerifier.create(Dataset.lines(path).items().map(Rows::value))
                    .expectNext("one", "two")
                    .verifyErrorSatisfies(e -> assertThat(e)
                            .hasMessageContaining("a.txt.gz cannot be read beyond row 2, line 3: something that is not"
                                    + " compressed follows"));
        }
        assertThat(values(Dataset.lines(file(folder, "padded.gz", joined(packed, new byte[512])))))
                .containsExactly("one", "two");
    }

    @Test
    void gzipWithoutItsLastBytes_isCutOff() {
        byte[] packed = gzip("one\ntwo\n");
        Path path = file(folder, "a.txt.gz", Arrays.copyOf(packed, packed.length - 4));

        StepVerifier.create(Dataset.lines(path).items().map(Rows::value))
                .expectNext("one", "two")
                .verifyErrorSatisfies(e ->
                        assertThat(e).hasMessageContaining("beyond row 2, line 3: the compressed data is cut off"));
    }

    @Test
    void fileThatIsWrittenMeanwhile_isToldOf() {
        for (String bytes : List.of("row\n".repeat(MANY), "row\n".repeat(MANY + 1), "row\n")) {
            Path path = file(folder, "growing.txt", "row\n".repeat(MANY));
            String said =
                    Logged.by(() -> StepVerifier.create(Dataset.lines(path).items(), 1)
                            .expectNextCount(1)
                            .then(() -> file(folder, "growing.txt", bytes))
                            .then(() -> age(path))
                            .thenRequest(Long.MAX_VALUE)
                            .thenConsumeWhile(row -> true)
                            .verifyComplete());
            assertThat(said).containsOnlyOnce("growing.txt changed while it was read");
        }
    }

    private static void age(Path path) {
        assertThat(path.toFile().setLastModified(1_000_000_000_000L)).isTrue();
    }

    @Test
    void fileThatNobodyTouches_isNothingToTellOf() {
        Path path = many();
        assertThat(Logged.by(() -> values(Dataset.lines(path)))).isEmpty();
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    @Test
    void gzipCutInTheMiddle_givesTheRowsBeforeAndThenAnErrorWithThePlace() {
        String text = IntStream.range(0, MANY).mapToObj(i -> "row " + i).collect(Collectors.joining("\n"));
        byte[] whole = gzip(text);
        Path path = file(folder, "a.txt.gz", Arrays.copyOf(whole, whole.length / 2));
        List<Object> seen = new ArrayList<>();

        StepVerifier.create(Dataset.lines(path).items().map(Rows::value).doOnNext(seen::add))
                .thenConsumeWhile(row -> true)
                .verifyErrorSatisfies(e -> assertThat(e)
                        .hasMessageContaining("a.txt.gz cannot be read beyond row " + seen.size())
                        .hasMessageContaining("line " + (seen.size() + 1)));
        assertThat(seen).hasSizeBetween(1_000, MANY - 1_000);
        assertThat(seen.get(seen.size() - 1)).isEqualTo("row " + (seen.size() - 1));
    }

    @Test
    void notUtf8Text_isSaidByCheckAndByReading() {
        Path utf16 = file(folder, "a.txt", "\uFEFFhello".getBytes(StandardCharsets.UTF_16LE));
        Path bare = file(folder, "b.txt", "hello".getBytes(StandardCharsets.UTF_16LE));
        Path zip = file(folder, "c.txt", new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0, 0});
        Path cutHeader = file(folder, "d.txt", new byte[] {0x1F, (byte) 0x8B, 8, 0});

        assertThatThrownBy(() -> Dataset.lines(utf16).check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("UTF-16")
                .hasMessageContaining("iconv");
        assertThatThrownBy(() -> Dataset.lines(bare).check()).hasMessageContaining("UTF-16 without");
        assertThatThrownBy(() -> Dataset.lines(zip).check()).hasMessageContaining("zip archive");
        assertThatThrownBy(() -> Dataset.lines(cutHeader).check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("d.txt cannot be read");
        StepVerifier.create(Dataset.lines(utf16).items()).verifyError(IllegalArgumentException.class);
    }

    @Test
    void unreadableFile_isSaid() throws IOException {
        Path path = file(folder, "a.txt", "x");
        assumeTrue(path.toFile().setReadable(false) && !Files.isReadable(path), "this user may read every file");

        assertThatThrownBy(() -> Dataset.lines(path).check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be read");
    }

    @Test
    void lines_keepTextAsItIs() {
        Path path = file(folder, "a.txt", "\uFEFF  two  spaces \n\t\n\u0000nul\n\u2028 \"quotes\", {json\n");

        assertThat(values(Dataset.lines(path)))
                .containsExactly("  two  spaces ", "\u0000nul", "\u2028 \"quotes\", {json");
    }

    private Path many() {
        return file(
                folder,
                "many.txt",
                IntStream.range(0, MANY).mapToObj(i -> "row " + i).collect(Collectors.joining("\n")));
    }

    private static Outcome<String> row(int n) {
        return Outcome.ok(Item.of("id" + n, Math.abs(n), "value"));
    }

    private static BatchReader<String> counting(AtomicInteger read) {
        return new BatchReader<>() {
            @Override
            public List<Outcome<String>> next() {
                return List.of(row(read.incrementAndGet()));
            }

            @Override
            public void close() {}
        };
    }

    private static BatchReader<String> endless(AtomicInteger closed) {
        return new BatchReader<>() {
            @Override
            public List<Outcome<String>> next() {
                return List.of(row(1), row(2));
            }

            @Override
            public void close() {
                closed.incrementAndGet();
            }
        };
    }

    private static void assertNotOpen(Path path) {
        await(() -> !isOpen(path));
        assertThat(isOpen(path)).isFalse();
    }

    /** A cancel reaches the reading thread a moment later, if that is just reading. */
    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(1_000_000); // a busy wait would take a core from those it waits for
        }
    }

    private static boolean isOpen(Path path) {
        Path descriptors = Path.of("/proc/self/fd");
        assumeTrue(Files.isDirectory(descriptors), "open files are only listed on Linux");
        try (Stream<Path> open = Files.list(descriptors)) {
            return open.anyMatch(descriptor -> leadsTo(descriptor, path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean leadsTo(Path descriptor, Path path) {
        try {
            return Files.readSymbolicLink(descriptor).equals(path.toRealPath());
        } catch (IOException e) {
            return false; // closed in the meantime
        }
    }
}
