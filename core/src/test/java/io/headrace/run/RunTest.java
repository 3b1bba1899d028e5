package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Outcome;
import io.headrace.StorageException;
import io.headrace.Usage;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class RunTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Reduction<String, long[], Long> LENGTHS = Reduction.of(
            "lengths",
            () -> new long[1],
            (sum, item) -> {
                sum[0] += item.value().length();
                return sum;
            },
            sum -> sum[0]);

    @TempDir
    Path directory;

    private static Dataset<String> words(int count) {
        return Dataset.of(IntStream.range(0, count).mapToObj(i -> "word" + i).toList());
    }

    private Run.Builder<String, String> run(Dataset<String> dataset, Function<String, Mono<String>> step) {
        return Run.builder(dataset, Pipeline.of(Step.map("upper", step::apply)), directory, Codec.json(String.class));
    }

    private List<String> results() throws IOException {
        return Files.readAllLines(directory.resolve("results.jsonl"));
    }

    private static Mono<String> upper(String word) {
        return Mono.just(word.toUpperCase(java.util.Locale.ROOT));
    }

    private static void identity(Items items) {
        assertThat(items.ok() + items.failed() + items.skipped() + items.cancelled() + items.pending())
                .isEqualTo(items.in());
        assertThat(items.pending()).isNotNegative();
    }

    @Test
    void finishedRun_hasEveryRowAndWritesItsReport() throws IOException {
        Run<String> run = run(
                        words(100),
                        word -> word.endsWith("7") ? Mono.error(new IllegalStateException("seven")) : upper(word))
                .reduction(LENGTHS)
                .build();
        RunReport report = run.execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(100, 90, 10, 0, 0, 0));
        assertThat(report.thisRun().items()).isEqualTo(new Items(100, 90, 10, 0, 0, 0));
        assertThat(report.total().failedByKind()).containsExactly(java.util.Map.entry(ErrorKind.STEP_FAILED, 10L));
        assertThat(report.reductions()).containsEntry("lengths", 90L * 5 + 81);
        assertThat(results()).hasSize(90);
        assertThat(Files.readString(directory.resolve("lengths.json"))).isEqualTo("" + (90L * 5 + 81));
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"in\" : 100", "\"unknown\" : 0");
        assertThat(Files.readString(directory.resolve("report.txt"))).contains("run 1 finished", "step-failed 10");
        run.closed().block(SOON);
    }

    @Test
    void secondRun_callsNothingAndReportsTheTotal() {
        AtomicInteger calls = new AtomicInteger();
        Run<String> run = run(words(50), word -> upper(word).doOnSubscribe(s -> calls.incrementAndGet()))
                .reduction(LENGTHS)
                .build();
        run.execute().block(SOON);
        RunReport report = run.execute().block(SOON);
        assertThat(calls).hasValue(50);
        assertThat(report.run()).isEqualTo(2);
        assertThat(report.thisRun().items()).isEqualTo(new Items(0, 0, 0, 0, 0, 0));
        assertThat(report.total().items()).isEqualTo(new Items(50, 50, 0, 0, 0, 0));
        assertThat(report.reductions()).containsEntry("lengths", 50L * 5 + 40);
    }

    @Test
    void stop_letsItemsInFlightEnd() {
        Sinks.Empty<Void> release = Sinks.empty();
        AtomicInteger begun = new AtomicInteger();
        Run<String> run = run(words(1_000), word -> {
                    begun.incrementAndGet();
                    return release.asMono().then(upper(word));
                })
                .build();
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
        Sinks.Empty<Void> release = Sinks.empty();
        AtomicInteger begun = new AtomicInteger();
        Flux<String> torn = Flux.range(0, 5).map(i -> "word" + i).concatWith(Mono.error(new IOException("torn")));
        Run<String> run = run(Dataset.from("torn", torn), word -> {
                    begun.incrementAndGet();
                    return release.asMono().then(upper(word));
                })
                .reduction(LENGTHS)
                .build();
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
    void anotherDataset_leavesACopyOfTheResultsOfTheFirst() throws IOException {
        run(words(3), RunTest::upper).build().execute().block(SOON);
        Dataset<String> others = Dataset.from("others", Flux.just("one", "two"));
        RunReport report = run(others, RunTest::upper).build().execute().block(SOON);
        assertThat(report.notes()).anyMatch(note -> note.contains("a copy of what was there has the number 1"));
        assertThat(results()).hasSize(2);
        assertThat(Files.readAllLines(directory.resolve("results.1.jsonl"))).hasSize(3);
        assertThat(directory.resolve("dead-letters.1.jsonl")).exists();
    }

    @Test
    void graceOver_cutsItemsOff() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        AtomicInteger begun = new AtomicInteger();
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
    void secondStop_endsAtOnce() {
        AtomicInteger begun = new AtomicInteger();
        Run<String> run = run(words(1_000), word -> begun.incrementAndGet() < 0 ? upper(word) : Mono.never())
                .build();
        StepVerifier.create(run.execute())
                .then(() -> await(() -> begun.get() == 100))
                .then(run::stop)
                .then(run::stop)
                .assertNext(report -> assertThat(report.total().items()).isEqualTo(new Items(1_000, 0, 0, 0, 100, 900)))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void cancel_stopsInTheBackgroundAndClosedTells() throws IOException {
        Sinks.Empty<Void> release = Sinks.empty();
        AtomicInteger begun = new AtomicInteger();
        Run<String> run = run(words(1_000), word -> {
                    begun.incrementAndGet();
                    return release.asMono().then(upper(word));
                })
                .build();
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
    void cancelAtOnce_leavesTheDirectoryFree() {
        for (int i = 0; i < 20; i++) {
            Run<String> run = run(words(10), RunTest::upper).build();
            run.outcomes().subscribe(outcome -> {}, e -> {}).dispose();
            run.closed().block(SOON);
        }
        assertThat(run(words(10), RunTest::upper).build().execute().block(SOON).end())
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
        StepVerifier.create(run(breaks, RunTest::upper).build().execute())
                .expectErrorMessage("disk")
                .verify(SOON);
        assertThat(results()).hasSize(2);
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"broken\"");
    }

    @Test
    void failedCheck_isSignalledBeforeAnythingIsMade() {
        Dataset<String> missing = Dataset.lines(directory.resolve("missing.txt"));
        StepVerifier.create(run(missing, RunTest::upper).build().execute())
                .expectError(IllegalArgumentException.class)
                .verify(SOON);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void maxItems_worksOnTheFirstRowsAndKeepsTheOthersResults() throws IOException {
        assertThat(run(words(100), RunTest::upper)
                        .maxItems(10)
                        .build()
                        .execute()
                        .block(SOON)
                        .total()
                        .items())
                .isEqualTo(new Items(10, 10, 0, 0, 0, 0));
        assertThat(run(words(100), RunTest::upper)
                        .build()
                        .execute()
                        .block(SOON)
                        .thisRun()
                        .items()
                        .ok())
                .isEqualTo(90);
        assertThat(run(words(100), RunTest::upper)
                        .maxItems(10)
                        .build()
                        .execute()
                        .block(SOON)
                        .total()
                        .items())
                .isEqualTo(new Items(10, 10, 0, 0, 0, 0));
        assertThat(results()).hasSize(100);
    }

    @Test
    void slowDemand_isMetAndTheEndIsNotLost() {
        AtomicLong read = new AtomicLong();
        Dataset<Integer> rows = Dataset.from("rows", Flux.range(0, 100_000).doOnNext(i -> read.incrementAndGet()));
        Run<Integer> run = Run.builder(
                        rows,
                        Pipeline.of(Step.<Integer, Integer>map("same", Mono::just)),
                        directory,
                        Codec.json(Integer.class))
                .maxItems(5_000)
                .build();
        StepVerifier.create(run.outcomes(), 0)
                .thenRequest(10)
                .expectNextCount(10)
                .then(() -> assertThat(read.get()).isLessThan(3_000))
                .thenRequest(4_989)
                .expectNextCount(4_989)
                .thenRequest(10)
                .expectNextCount(1)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void progress_endsWithTheRun() {
        Run<String> run = run(words(500), word -> upper(word).delayElement(Duration.ofMillis(1)))
                .build();
        StepVerifier.create(run.progress(Duration.ofMillis(5))
                        .mergeWith(run.outcomes().then(Mono.empty()))
                        .takeLast(1))
                .assertNext(progress -> {
                    assertThat(progress.ok()).isEqualTo(500);
                    assertThat(progress.in()).hasValue(500);
                    assertThat(progress.pending()).hasValue(0);
                    assertThat(progress.inFlight()).isZero();
                })
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void runningTwiceAtOnce_isRefused() {
        Sinks.Empty<Void> release = Sinks.empty();
        Run<String> run =
                run(words(1), word -> release.asMono().then(upper(word))).build();
        StepVerifier.create(run.execute())
                .then(() -> StepVerifier.create(run.execute())
                        .expectErrorMatches(e -> e.getMessage().contains("running"))
                        .verify(SOON))
                .then(release::tryEmitEmpty)
                .expectNextCount(1)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void callsInside_findTheJournalAndTheStatistics() {
        Run<String> run = run(
                        words(10),
                        word -> Mono.deferContextual(context -> {
                            AttemptLog log = AttemptLog.from(context).orElseThrow();
                            CallListener listener = CallListener.from(context);
                            long attempt = log.started(Fingerprint.NONE, 0, Cost.UNKNOWN);
                            listener.tell(new CallEvent.AttemptStarted(CallOptions.from(context), 1));
                            if (!word.equals("word3")) {
                                log.ended(attempt, Delivery.ANSWERED, Usage.of(2, 3), Cost.of(BigDecimal.ONE));
                            }
                            return upper(word);
                        }))
                .listener(event -> {
                    throw new IllegalStateException("a listener that throws");
                })
                .build();
        RunReport first = run.execute().block(SOON);
        assertThat(first.thisRun().calls().sent()).isEqualTo(10);
        assertThat(first.total().calls().sent()).isEqualTo(10);
        assertThat(first.total().usage()).isEqualTo(Usage.of(18, 27));
        assertThat(first.total().cost().usd()).isEqualByComparingTo("9");
        assertThat(first.lostCalls()).isZero();
        RunReport second = run.execute().block(SOON);
        assertThat(second.lostCalls()).isEqualTo(1);
        assertThat(second.lostCost()).isEqualTo(Cost.UNKNOWN);
        assertThat(second.total().calls().unknown()).isEqualTo(1);
        assertThat(second.total().calls().sent()).isEqualTo(10);
    }

    @Test
    void failingReduction_isInTheReportByName() throws IOException {
        Reduction<String, Integer, Integer> bad = new Reduction<>(
                "bad", () -> 0, (state, item) -> state, state -> Mono.error(new IllegalStateException("no answer")));
        RunReport report = run(words(1), RunTest::upper)
                .reduction(bad)
                .reduction(LENGTHS)
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.failedReductions()).containsExactly(java.util.Map.entry("bad", "no answer"));
        assertThat(report.reductions()).containsOnlyKeys("lengths");
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"bad\" : \"no answer\"");
        assertThat(Files.readString(directory.resolve("report.txt"))).contains("reduction 'bad' failed: no answer");
    }

    @Test
    void reductionWithoutResult_hasFailed_whetherEmptyCutOffOrOutOfStack() {
        AtomicReference<Run<String>> running = new AtomicReference<>();
        Reduction<String, Integer, Integer> empty =
                new Reduction<>("empty", () -> 0, (state, item) -> state, state -> Mono.empty());
        Reduction<String, Integer, Integer> deep =
                Reduction.of("deep", () -> 0, (state, item) -> endless(state), state -> state);
        Reduction<String, Integer, Integer> stopped = new Reduction<>("stopped", () -> 0, (state, item) -> state, s -> {
            running.get().abort();
            return Mono.never();
        });
        running.set(run(words(1), RunTest::upper)
                .reduction(empty)
                .reduction(deep)
                .reduction(stopped)
                .build());
        RunReport report = running.get().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.reductions()).isEmpty();
        assertThat(report.failedReductions()).containsOnlyKeys("empty", "deep", "stopped");
        assertThat(report.failedReductions().get("empty")).contains("no result");
        assertThat(report.failedReductions().get("deep")).contains("StackOverflowError");
        assertThat(report.failedReductions().get("stopped")).contains("cut off");
    }

    @Test
    void fileOfAReduction_goesWhenTheReductionFailsOrTheRunDoesNotFinish() {
        AtomicReference<Mono<Long>> result = new AtomicReference<>(Mono.just(1L));
        Reduction<String, Integer, Long> sum =
                new Reduction<>("sum", () -> 0, (state, item) -> state, state -> result.get());
        Path file = directory.resolve("sum.json");
        Run<String> run = run(words(2), RunTest::upper).reduction(sum).build();
        run.execute().block(SOON);
        assertThat(file).exists();
        result.set(Mono.error(new IllegalStateException("no answer")));
        run.execute().block(SOON);
        assertThat(file).doesNotExist();
        result.set(Mono.just(1L));
        run.execute().block(SOON);
        assertThat(file).exists();
        AtomicInteger begun = new AtomicInteger();
        Run<String> longer = run(words(3), word -> begun.incrementAndGet() < 0 ? upper(word) : Mono.never())
                .reduction(sum)
                .build();
        StepVerifier.create(longer.execute())
                .then(() -> await(() -> begun.get() == 1))
                .then(longer::abort)
                .assertNext(
                        report -> assertThat(report.notes()).anyMatch(note -> note.contains("sum.json of an earlier")))
                .expectComplete()
                .verify(SOON);
        assertThat(file).doesNotExist();
    }

    @SuppressWarnings("InfiniteRecursion") // that is the point
    private static int endless(int n) {
        return endless(n + 1) + 1;
    }

    @Test
    void reductionWhoseFileIsTaken_isRefused() {
        Run.Builder<String, String> builder = run(words(1), RunTest::upper).reduction(LENGTHS);
        Reduction<String, Integer, Integer> report = Reduction.of("report", () -> 0, (s, item) -> s, s -> s);
        assertThatThrownBy(() -> builder.reduction(LENGTHS)).hasMessageContaining("'lengths'");
        assertThatThrownBy(() -> builder.reduction(report)).hasMessageContaining("'report'");
    }

    @Test
    void pipelineThatCannotBePutTogether_endsTheRunAndFreesTheDirectory() throws IOException {
        Step<String, String> broken = new Step<>() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public Flux<Outcome<String>> apply(Flux<Outcome<String>> items) {
                throw new IllegalArgumentException("no such model");
            }
        };
        Run<String> run = Run.builder(words(3), Pipeline.of(broken), directory, Codec.json(String.class))
                .build();
        for (int time = 1; time <= 2; time++) {
            StepVerifier.create(run.execute())
                    .expectErrorMessage("no such model")
                    .verify(SOON);
            assertThat(Files.readString(directory.resolve("report.json"))).contains("\"broken\"", "no such model");
        }
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
        assertThat(run(words(3), RunTest::upper)
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
        StepVerifier.create(run(breaks, RunTest::upper).build().execute())
                .expectErrorSatisfies(e -> assertThat(e)
                        .hasMessage("disk")
                        .satisfies(first -> assertThat(first.getSuppressed())
                                .anyMatch(then -> then.getMessage().contains("report.json cannot be written"))))
                .verify(SOON);
        StepVerifier.create(run(words(1), RunTest::upper).build().execute())
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("report.json cannot be written"))
                .verify(SOON);
        assertThat(directory.resolve("report.txt")).doesNotExist();
    }

    @Test
    void stoppedRunOverRowsOfUnknownNumber_saysThatThereMayBeMore() throws IOException {
        AtomicInteger begun = new AtomicInteger();
        Dataset<Integer> rows = Dataset.from("rows", Flux.range(0, 1_000));
        Run<Integer> run = Run.builder(
                        rows,
                        Step.<Integer, Integer>map(
                                "never", i -> begun.incrementAndGet() < 0 ? Mono.just(i) : Mono.never()),
                        directory,
                        Codec.json(Integer.class))
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
    void report_givesNoNumberForWhatItDoesNotKnow() throws IOException {
        run(words(1), RunTest::upper).build().execute().block(SOON);
        tools.jackson.databind.JsonNode json = tools.jackson.databind.json.JsonMapper.shared()
                .readTree(Files.readString(directory.resolve("report.json")));
        assertThat(json.has("attemptMs")).isFalse();
        assertThat(json.has("rateLimited")).isFalse();
        assertThat(json.has("itemMs")).isTrue();
        assertThat(json.path("thisRun").path("attemptMs").propertyNames()).containsExactly("count");
        assertThat(json.path("thisRun").path("queueMs").propertyNames()).containsExactly("count");
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        Flux.interval(Duration.ofMillis(2))
                .takeUntil(tick -> condition.getAsBoolean())
                .blockLast(SOON);
    }

    @Test
    void retryFailed_triesTheFailedChildOfAnUnfinishedRowAgain() throws IOException {
        Dataset<String> rows = Dataset.of(List.of("boom", "boom|x|slow"));
        java.util.concurrent.atomic.AtomicBoolean first = new java.util.concurrent.atomic.AtomicBoolean(true);
        Pipeline<String, String> pipeline = Step.<String, String>expand(
                        "split", row -> reactor.core.publisher.Flux.fromArray(row.split("\\|")))
                .then(Step.map("work", part -> switch (part) {
                    case "boom" -> Mono.error(new IllegalStateException("boom"));
                    case "slow" -> first.get() ? Mono.never() : Mono.just("done");
                    default -> Mono.just(part);
                }));
        Run<String> broken = Run.builder(rows, pipeline, directory, Codec.json(String.class))
                .grace(Duration.ZERO)
                .build();
        broken.outcomes().take(3).blockLast(SOON);
        broken.closed().block(SOON);
        first.set(false);

        RunReport report = Run.builder(rows, pipeline, directory, Codec.json(String.class))
                .retryFailed(true)
                .build()
                .execute()
                .block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(2, 0, 2, 0, 0, 0));
        assertThat(Files.readAllLines(directory.resolve("dead-letters.jsonl"))).hasSize(2);
        assertThat(results()).hasSize(2).noneMatch(line -> line.contains("boom"));
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
        RunReport report = Run.builder(words(10), Pipeline.of(Step.map("upper", RunTest::upper)), directory, deep)
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
        Run<String> run = Run.builder(words(10), Pipeline.of(Step.map("upper", RunTest::upper)), directory, greedy)
                .build();

        StepVerifier.create(run.execute())
                .expectErrorMessage("the results cannot be written: java.lang.OutOfMemoryError: as if")
                .verify(SOON);
        run.closed().block(SOON);
    }
}
