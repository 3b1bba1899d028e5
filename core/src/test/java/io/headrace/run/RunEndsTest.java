package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.StorageException;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.memory.MemoryUse;
import io.headrace.memory.MemoryUse.Level;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Runs that are stopped, cancelled or broken before all rows are done. */
class RunEndsTest extends Runs {

    private final AtomicInteger begun = new AtomicInteger();
    private final Sinks.Empty<Void> release = Sinks.empty();

    /** A step that holds its items until they are released. */
    private <T> Mono<T> held(T value) {
        begun.incrementAndGet();
        return release.asMono().then(Mono.just(value));
    }

    @Test
    void stop_letsItemsInFlightEnd() {
        Run<String> run = run(words(1_000), this::held).build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(run::stop)
                .then(release::tryEmitEmpty)
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.STOPPED);
                    assertThat(report.reason()).isEqualTo("stopped on request");
                    assertThat(report.total().items().cancelled()).isZero();
                    assertThat(report.total().items().ok())
                            .isGreaterThanOrEqualTo(100)
                            .isLessThan(1_000);
                    identity(report.total().items());
                })
                .expectComplete()
                .verify(SOON);
        assertThat(run.execute().block(SOON).total().items()).isEqualTo(new Items(1_000, 1_000, 0, 0, 0, 0));
    }

    @Test
    void datasetThatCannotBeReadToItsEnd_letsItemsInFlightEndAndFails() throws IOException {
        Flux<String> torn = Flux.range(0, 5).map(i -> "word" + i).concatWith(Mono.error(new IOException("torn")));
        Run<String> run =
                run(Dataset.from("torn", torn), this::held).reduction(LENGTHS).build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 5))
                .then(release::tryEmitEmpty)
                .expectErrorMessage("torn")
                .verify(SOON);
        assertThat(results()).hasSize(5);
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"end\" : \"broken\"", "torn");
        assertThat(directory.resolve("lengths.json")).doesNotExist();
    }

    @Test
    void syncEvery_isHowOftenFilesAreLookedFor() throws IOException {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Run<String> run = run(words(100), this::held)
                .syncEvery(Duration.ofMinutes(7))
                .scheduler(() -> time)
                .build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(() -> assertThat(directory.resolve("journal").toFile().delete())
                        .isTrue())
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(419)))
                .then(() -> assertThat(run.report()).isEmpty())
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(1)))
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("journal was deleted"))
                .verify(SOON);
        assertThatThrownBy(() -> run(words(1), Runs::upper).syncEvery(Duration.ZERO))
                .hasMessageContaining("syncEvery");
    }

    @ParameterizedTest
    @ValueSource(strings = {"out", "out/journal", "out/results.jsonl", "out/dead-letters.jsonl"})
    void filesThatAreTakenAway_endTheRunWithinASecond(String gone) throws IOException {
        endsWithinASecond(
                gone,
                () -> assertThat(directory
                                .resolve(gone)
                                .toFile()
                                .renameTo(directory.resolve("taken").toFile()))
                        .isTrue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"out/journal", "out/results.jsonl", "out/dead-letters.jsonl"})
    void filesThatAreReplaced_endTheRunWithinASecond(String replaced) throws IOException {
        endsWithinASecond(replaced, () -> {
            Path file = directory.resolve(replaced);
            Path copy = directory.resolve("copy"); // as an editor does, or another run after a deletion
            Files.copy(file, copy);
            Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);
        });
    }

    @Test
    void journalThatIsShortened_endsTheRunWithinASecond() throws IOException {
        endsWithinASecond("out/journal", () -> {
            try (FileChannel journal = FileChannel.open(directory.resolve("out/journal"), StandardOpenOption.WRITE)) {
                journal.truncate(1); // the page that it stands in is still there to be written
            }
        });
    }

    private interface Meddling {
        void meddle() throws IOException;
    }

    private void endsWithinASecond(String gone, Meddling by) {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        AtomicInteger cutOff = new AtomicInteger();
        Run<String> run = Run.builder(
                        words(1_000),
                        Step.<String, String>map("ask", word -> held(word).doOnCancel(cutOff::incrementAndGet)),
                        directory.resolve("out"),
                        Codec.json(String.class))
                .scheduler(() -> time)
                .build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(2)))
                .then(() -> assertThat(cutOff).hasValue(0))
                .then(() -> assertThatCode(by::meddle).doesNotThrowAnyException())
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(1)))
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining(gone)
                        .hasMessageContaining("was deleted, moved, replaced or shortened while it was written"))
                .verify(SOON);
        assertThat(cutOff).hasValue(100);
        assertThat(begun).hasValue(100);
    }

    @Test
    void graceOver_cutsItemsOff() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Run<String> run = run(words(1_000), word -> {
                    return begun.incrementAndGet() % 2 == 0 ? upper(word) : Mono.never();
                })
                .timer(() -> time)
                .grace(Duration.ofSeconds(30))
                .build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() >= 199))
                .then(run::stop)
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(31)))
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.STOPPED);
                    assertThat(report.reason())
                            .isEqualTo("stopped on request; items in flight did not end within 30.0 s");
                    assertThat(report.total().items().cancelled()).isEqualTo(100);
                    identity(report.total().items());
                })
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void attemptsThatAreCutOff_areInTheReportHoweverLateTheCancelReachesThem() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Call<String, String> call = CallStack.of(
                        (String word) -> Mono.<String>never().doOnSubscribe(s -> begun.incrementAndGet()))
                .build();
        Run<String> run = run(words(1_000), word -> cancelledLate(call.apply(word), time))
                .timer(() -> time)
                .build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(run::abort)
                .then(() -> await(() -> {
                    time.advanceTimeBy(Duration.ofMillis(10));
                    return run.report().isPresent();
                }))
                .assertNext(report -> {
                    assertThat(report.thisRun().calls().sent()).isEqualTo(100);
                    assertThat(report.thisRun().calls().unknown()).isEqualTo(100);
                    assertThat(report.total().calls().unknown()).isEqualTo(100);
                    assertThat(report.attempts().time().count()).isEqualTo(100);
                })
                .expectComplete()
                .verify(SOON);
        assertThat(run(words(1), Runs::upper).build().execute().block(SOON).lostCalls())
                .isZero();
    }

    /** As where an operator at work leaves the cancel to its own thread. */
    private static <T> Mono<T> cancelledLate(Mono<T> mono, VirtualTimeScheduler time) {
        return Mono.deferContextual(context -> Mono.create(sink -> {
            Disposable inner = mono.contextWrite(context).subscribe(sink::success, sink::error);
            sink.onDispose(() -> time.schedule(inner::dispose, 1, TimeUnit.SECONDS));
        }));
    }

    @Test
    void graceOfCenturies_letsItemsInFlightEnd() {
        Run<String> run =
                run(words(1_000), this::held).grace(Duration.ofDays(365_000)).build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(run::stop)
                .then(release::tryEmitEmpty)
                .assertNext(
                        report -> assertThat(report.total().items().cancelled()).isZero())
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void secondStop_endsAtOnce() {
        Run<String> run = run(words(1_000), this::held).build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(run::stop)
                .then(run::stop)
                .assertNext(report -> assertThat(report.total().items()).isEqualTo(new Items(1_000, 0, 0, 0, 100, 900)))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void abortWhileNobodyAsksForOutcomes_endsTheRun() {
        Run<String> run = run(words(3_000), word -> {
                    begun.incrementAndGet();
                    return upper(word);
                })
                .build();
        StepVerifier.create(run.outcomes(), 1)
                .expectNextCount(1)
                .then(() -> await(() -> begun.get() > Recorder.PREFETCH + 50))
                .then(run::abort)
                .then(() -> run.closed().block(SOON))
                .then(() -> assertThat(run.report().orElseThrow().end()).isEqualTo(End.STOPPED))
                .then(() -> assertThat(run(words(3_000), Runs::upper)
                                .build()
                                .execute()
                                .block(SOON)
                                .total()
                                .items())
                        .isEqualTo(new Items(3_000, 3_000, 0, 0, 0, 0)))
                .thenRequest(Long.MAX_VALUE)
                .thenConsumeWhile(outcome -> true)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void cancel_stopsInTheBackgroundAndClosedTells() throws IOException {
        Run<String> run = run(words(1_000), this::held).build();
        StepVerifier.create(run.outcomes())
                .then(() -> await(() -> begun.get() == 100))
                .thenCancel()
                .verify(SOON);
        release.tryEmitEmpty();
        run.closed().block(SOON);
        assertThat(results()).hasSizeGreaterThanOrEqualTo(100).hasSizeLessThan(1_000);
        assertThat(Files.readString(directory.resolve("report.txt"))).contains("the subscriber cancelled");
        assertThat(run.execute().block(SOON).end()).isEqualTo(End.FINISHED);
    }

    @Test
    void runThatCannotBegin_leavesTheDirectoryFree() {
        for (Run.Builder<String, String> broken : List.of(
                run(words(10), Runs::upper).timer(Schedulers::immediate),
                run(words(10), Runs::upper).scheduler(Schedulers::immediate),
                run(words(10), Runs::upper).memory(() -> {
                    throw new IllegalStateException("no reading");
                }))) {
            Run<String> run = broken.build();
            StepVerifier.create(run.execute()).expectError().verify(SOON);
            run.closed().block(SOON);
        }
        assertThat(run(words(10), Runs::upper).build().execute().block(SOON).end())
                .isEqualTo(End.FINISHED);
    }

    @Test
    void memory_isReadOnNoThreadThatMustNotBlock() {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        Sinks.Empty<Void> read = Sinks.empty();
        AtomicInteger readings = new AtomicInteger();
        Run<String> run = run(words(1), word -> read.asMono().then(Runs.upper(word)))
                .memory(() -> {
                    if (Schedulers.isInNonBlockingThread()) {
                        threads.add(Thread.currentThread().getName());
                    }
                    if (readings.incrementAndGet() == 3) { // the first is before the run, the second at its begin
                        read.tryEmitEmpty();
                    }
                    return new MemoryUse(Level.UNLIMITED, Level.UNLIMITED, 0);
                })
                .build();
        assertThat(run.execute().block(SOON).end()).isEqualTo(End.FINISHED);
        assertThat(threads).isEmpty();
    }

    @Test
    void cancelAtOnce_leavesTheDirectoryFree() {
        for (int i = 0; i < 20; i++) {
            Run<String> run = run(words(10), Runs::upper).build();
            run.outcomes().subscribe(outcome -> {}, e -> {}).dispose();
            run.closed().block(SOON);
        }
        assertThat(run(words(10), Runs::upper).build().execute().block(SOON).end())
                .isEqualTo(End.FINISHED);
    }

    @Test
    void failFast_isStoppedByPolicyAndTheRestIsPending() {
        Run<String> run = Run.builder(
                        words(1_000),
                        Pipeline.of(Step.<String, String>map(
                                        "fragile",
                                        word -> word.equals("word5")
                                                ? Mono.error(new IllegalStateException("five"))
                                                : word.compareTo("word5") < 0 && word.length() == 5
                                                        ? upper(word)
                                                        : Mono.never())
                                .failFast()),
                        directory,
                        Codec.json(String.class))
                .build();
        RunReport report = run.execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("five");
        assertThat(report.total().items().failed()).isEqualTo(1);
        assertThat(report.total().items().ok()).isEqualTo(5);
        identity(report.total().items());
    }

    @Test
    void brokenDataset_isReportedAndSignalled() throws IOException {
        Dataset<String> breaks =
                Dataset.from("breaks", Flux.just("a", "b").concatWith(Mono.error(new IOException("disk"))));
        StepVerifier.create(run(breaks, Runs::upper).build().execute())
                .expectErrorMessage("disk")
                .verify(SOON);
        assertThat(results()).hasSize(2);
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"broken\"");
    }

    @Test
    void errorWithoutAMessage_isNamedAsTheReason() {
        Run<String> run = run(Dataset.from("words", Flux.error(new IllegalStateException())), Runs::upper)
                .build();
        StepVerifier.create(run.execute())
                .expectError(IllegalStateException.class)
                .verify(SOON);
        assertThat(run.report())
                .hasValueSatisfying(report -> assertThat(report.reason()).isEqualTo("java.lang.IllegalStateException"));
    }

    @Test
    void brokenCache_isNoPolicy_alsoUnderOnErrorContinue() throws IOException {
        Run<String> run = run(words(3), word -> Mono.error(new StorageException("disk full", new IOException())))
                .build();
        assertThat(run.report()).isEmpty();
        StepVerifier.create(run.execute()).expectError(StorageException.class).verify(SOON);
        assertThat(run.report()).hasValueSatisfying(report -> {
            assertThat(report.end()).isEqualTo(End.BROKEN);
            assertThat(report.total().items().done()).isZero();
            identity(report.total().items());
        });
        StepVerifier.create(run.outcomes().onErrorContinue((error, value) -> {}))
                .expectError(StorageException.class)
                .verify(SOON);
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"broken\"", "disk full");
        assertThat(run(words(3), Runs::upper)
                        .build()
                        .execute()
                        .block(SOON)
                        .total()
                        .items())
                .isEqualTo(new Items(3, 3, 0, 0, 0, 0));
    }

    @Test
    void reportThatCannotBeWritten_hidesNoEarlierErrorAndLeavesNoStaleReport() throws IOException {
        Files.createDirectories(directory.resolve("report.json.tmp/in-the-way"));
        Files.writeString(directory.resolve("report.txt"), "of an earlier run");
        Dataset<String> breaks = Dataset.from("breaks", Flux.just("a").concatWith(Mono.error(new IOException("disk"))));
        StepVerifier.create(run(breaks, Runs::upper).build().execute())
                .expectErrorSatisfies(e -> assertThat(e)
                        .hasMessage("disk")
                        .satisfies(first -> assertThat(first.getSuppressed())
                                .anyMatch(then -> then.getMessage().contains("report.json cannot be written"))))
                .verify(SOON);
        StepVerifier.create(run(words(1), Runs::upper).build().execute())
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("report.json cannot be written"))
                .verify(SOON);
        assertThat(directory.resolve("report.txt")).doesNotExist();
    }

    @Test
    void stoppedRunOverRowsOfUnknownNumber_saysThatThereMayBeMore() throws IOException {
        Dataset<Integer> rows = Dataset.from("rows", Flux.range(0, 1_000));
        Run<Integer> run = Run.builder(
                        rows, Step.<Integer, Integer>map("never", this::held), directory, Codec.json(Integer.class))
                .build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(run::abort)
                .assertNext(report -> assertThat(report.allRowsKnown()).isFalse())
                .expectComplete()
                .verify(SOON);
        assertThat(Files.readString(directory.resolve("report.txt"))).contains("was not read to its end");
    }

    @Test
    void errorsThatReactorRethrows_endNoRunForEver() throws IOException {
        Codec<String> texts = Codec.json(String.class);
        Codec<String> deep = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                if (value.equals("WORD3")) {
                    throw new StackOverflowError("deep");
                }
                return texts.encode(value);
            }

            @Override
            public String decode(byte[] bytes) {
                return texts.decode(bytes);
            }
        };
        RunReport report = Run.builder(words(10), Pipeline.of(Step.map("upper", Runs::upper)), directory, deep)
                .reduction(Reduction.of("gone", () -> 0, (n, item) -> n + 1, n -> {
                    throw new NoClassDefFoundError("gone");
                }))
                .build()
                .execute()
                .block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(10, 9, 1, 0, 0, 0));
        assertThat(report.failedReductions().get("gone")).contains("NoClassDefFoundError");
    }

    @Test
    void noMemoryForResults_endsTheRunAsBroken() {
        Codec<String> greedy = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                throw new OutOfMemoryError("as if");
            }

            @Override
            public String decode(byte[] bytes) {
                return "";
            }
        };
        Run<String> run = Run.builder(words(10), Pipeline.of(Step.map("upper", Runs::upper)), directory, greedy)
                .build();

        StepVerifier.create(run.execute())
                .expectErrorMessage("the results cannot be written: java.lang.OutOfMemoryError: as if")
                .verify(SOON);
        run.closed().block(SOON);
    }
}
