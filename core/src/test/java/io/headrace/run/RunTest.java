package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Outcome;
import io.headrace.Usage;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** What a run makes of its rows, what it reports, and what it refuses to begin. */
class RunTest extends Runs {

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
        assertThat(report.total().failedByKind()).containsExactly(Map.entry(ErrorKind.STEP_FAILED, 10L));
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
    void anotherDataset_leavesACopyOfTheResultsOfTheFirst() throws IOException {
        run(words(3), Runs::upper).build().execute().block(SOON);
        Dataset<String> others = Dataset.from("others", Flux.just("one", "two"));
        RunReport report = run(others, Runs::upper).build().execute().block(SOON);
        assertThat(report.notes()).anyMatch(note -> note.contains("a copy of what was there has the number 1"));
        assertThat(results()).hasSize(2);
        assertThat(Files.readAllLines(directory.resolve("results.1.jsonl"))).hasSize(3);
        assertThat(directory.resolve("dead-letters.1.jsonl")).exists();
    }

    @Test
    void failedCheck_isSignalledBeforeAnythingIsMade() {
        Dataset<String> missing = Dataset.lines(directory.resolve("missing.txt"));
        StepVerifier.create(run(missing, Runs::upper).build().execute())
                .expectError(IllegalArgumentException.class)
                .verify(SOON);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void maxItems_worksOnTheFirstRowsAndKeepsTheOthersResults() throws IOException {
        assertThat(run(words(100), Runs::upper)
                        .maxItems(10)
                        .build()
                        .execute()
                        .block(SOON)
                        .total()
                        .items())
                .isEqualTo(new Items(10, 10, 0, 0, 0, 0));
        assertThat(run(words(100), Runs::upper)
                        .build()
                        .execute()
                        .block(SOON)
                        .thisRun()
                        .items()
                        .ok())
                .isEqualTo(90);
        RunReport again = run(words(100), Runs::upper)
                .maxItems(10)
                .reduction(LENGTHS)
                .build()
                .execute()
                .block(SOON);
        assertThat(again.total().items()).isEqualTo(new Items(10, 10, 0, 0, 0, 0));
        assertThat(again.notes())
                .containsExactly(
                        "rows behind those that were asked for, done before: they stay in the files and in what is made of"
                                + " them, and are in no count of items: 90");
        assertThat(again.reductions()).containsEntry("lengths", 590L);
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
    void progress_tellsTheEnd_howeverRarelyItIsAskedFor() {
        Run<String> run = run(words(3), word -> upper(word)).build();
        StepVerifier.create(run.progress(Duration.ofDays(1_000 * 365L))
                        .mergeWith(run.outcomes().then(Mono.empty())))
                .assertNext(progress -> assertThat(progress.ok()).isEqualTo(3))
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
    void report_givesNoNumberForWhatItDoesNotKnow() throws IOException {
        run(words(1), Runs::upper).build().execute().block(SOON);
        tools.jackson.databind.JsonNode json = tools.jackson.databind.json.JsonMapper.shared()
                .readTree(Files.readString(directory.resolve("report.json")));
        assertThat(json.has("attemptMs")).isFalse();
        assertThat(json.has("rateLimited")).isFalse();
        assertThat(json.has("itemMs")).isTrue();
        assertThat(json.path("thisRun").path("attemptMs").propertyNames()).containsExactly("count");
        assertThat(json.path("thisRun").path("queueMs").propertyNames()).containsExactly("count");
    }

    @Test
    void childrenAndRowsOfOneId_areToldApartByTheRowThatAChildIsOf() throws IOException {
        Dataset<String> rows = Dataset.of(List.of("a=x|y|boom", "a/0=boom", "a/2=z", "\ud83d=z", "\ud83e=z"))
                .withIds(row -> row.substring(0, row.indexOf('=')));
        Pipeline<String, String> pipeline = Step.<String, String>map(
                        "check", row -> row.equals("a/0=boom") ? Mono.error(new IOException("no")) : Mono.just(row))
                .ordered()
                .then(Step.<String, String>expand(
                                "split",
                                row -> Flux.fromArray(
                                        row.substring(row.indexOf('=') + 1).split("\\|")))
                        .ordered())
                .then(Step.<String, String>map(
                                "work", part -> part.equals("boom") ? Mono.error(new IOException("no")) : upper(part))
                        .ordered());
        Run.builder(rows, pipeline, directory, Codec.json(String.class))
                .build()
                .execute()
                .block(SOON);

        assertThat(results())
                .extracting(line -> line.substring(0, line.indexOf(",\"durationMs")))
                .containsExactly(
                        "{\"id\":\"a/0\",\"ordinal\":0,\"row\":\"a\",\"value\":\"X\"",
                        "{\"id\":\"a/1\",\"ordinal\":0,\"row\":\"a\",\"value\":\"Y\"",
                        "{\"id\":\"a/2/0\",\"ordinal\":2,\"row\":\"a/2\",\"value\":\"Z\"",
                        "{\"id\":\"\\ud83d/0\",\"ordinal\":3,\"row\":\"\\ud83d\",\"value\":\"Z\"",
                        "{\"id\":\"\\ud83e/0\",\"ordinal\":4,\"row\":\"\\ud83e\",\"value\":\"Z\"");
        assertThat(Files.readAllLines(directory.resolve("dead-letters.jsonl")))
                .extracting(line -> line.substring(0, line.indexOf(",\"kind")))
                .containsExactly(
                        "{\"id\":\"a/2\",\"ordinal\":0,\"row\":\"a\",\"step\":\"work\"",
                        "{\"id\":\"a/0\",\"ordinal\":1,\"step\":\"check\"");
    }

    @Test
    void retryFailed_triesTheFailedChildOfAnUnfinishedRowAgain() throws IOException {
        Dataset<String> rows = Dataset.of(List.of("boom", "boom|x|slow"));
        AtomicBoolean first = new AtomicBoolean(true);
        Pipeline<String, String> pipeline = Step.<String, String>expand(
                        "split", row -> Flux.fromArray(row.split("\\|")))
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
}
