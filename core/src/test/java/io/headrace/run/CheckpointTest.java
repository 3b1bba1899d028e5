package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.Usage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class CheckpointTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private Checkpoint.Builder<String> builder() {
        return Checkpoint.builder(directory, Codec.json(String.class));
    }

    private List<String> lines(String file) throws IOException {
        return Files.exists(directory.resolve(file)) ? Files.readAllLines(directory.resolve(file)) : List.of();
    }

    private static Outcome<String> row(String id, int ordinal) {
        return Outcome.ok(new Item<>(id, ordinal, id.hashCode(), null, "value of " + id));
    }

    private static Flux<Outcome<String>> rows(int count) {
        return Flux.range(0, count).map(i -> row("r" + i, i));
    }

    private static <T> Outcome<T> failed(Outcome<T> row, ErrorKind kind) {
        return new Outcome.Failed<>(row.item(), "extract", kind, "went \"wrong\"\n\u00e4", row.tally());
    }

    private List<String> run(Checkpoint<String> checkpoint, Flux<Outcome<String>> rows) {
        return checkpoint
                .pending(rows)
                .transform(checkpoint)
                .map(outcome -> outcome.item().id())
                .collectList()
                .block(SOON);
    }

    @Test
    void outcomes_areDurableBeforeTheyAreEmitted() throws IOException {
        try (Checkpoint<String> checkpoint = builder().open()) {
            List<Integer> missing = new ArrayList<>();
            Long emitted = checkpoint
                    .pending(rows(1000))
                    .transform(checkpoint)
                    .doOnNext(outcome -> {
                        int ordinal = (int) outcome.item().ordinal();
                        try {
                            if (lines("results.jsonl").size() <= ordinal) {
                                missing.add(ordinal);
                            }
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .count()
                    .block(SOON);
            assertThat(emitted).isEqualTo(1000);
            assertThat(missing).isEmpty();
        }
    }

    @Test
    void codecThatWritesNoJson_failsTheItems_andLeavesTheFileWhole() throws IOException {
        Map<String, String> written = new HashMap<>(Map.of(
                "r0", "plain text",
                "r1", "",
                "r2", "{\"a\":1} {\"b\":2}",
                "r3", "{\"a\":",
                "r4", "\"two\nlines\"",
                "r8", "\uFEFF1"));
        Codec<String> careless = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                String text = written.getOrDefault(value, "[1,\n2]");
                return text.equals("none") ? null : text.getBytes(value.equals("r9") ? UTF_16LE : UTF_8);
            }

            @Override
            public String decode(byte[] bytes) {
                return new String(bytes, UTF_8);
            }
        };
        written.put("r5", "none");
        written.put("r6", "[".repeat(2_000));
        try (Checkpoint<String> checkpoint =
                Checkpoint.builder(directory, careless).open()) {
            Flux<Outcome<String>> rows = Flux.range(0, 10).map(n -> Outcome.ok(Item.of("r" + n, n, "r" + n)));
            List<Outcome<String>> outcomes =
                    rows.transform(checkpoint).collectList().block(SOON);
            assertThat(outcomes)
                    .filteredOn(Outcome.Failed.class::isInstance)
                    .hasSize(9)
                    .extracting(outcome -> ((Outcome.Failed<String>) outcome).message())
                    .first()
                    .asString()
                    .startsWith("the result cannot be written: ")
                    .contains(careless.getClass().getName(), "must write one JSON value")
                    .doesNotContain("plain");
        }
        assertThat(lines("results.jsonl")).singleElement().asString().contains("\"value\":[1, 2]");
        assertThat(lines("dead-letters.jsonl")).hasSize(9);
    }

    @Test
    void lines_sayWhatAnItemTook() throws IOException {
        Tally tally = new Tally(
                2,
                2,
                3,
                1,
                Duration.ofNanos(1_234_567),
                Duration.ofMillis(5),
                Usage.of(10, 20),
                Cost.of(new BigDecimal("1E-7")),
                Cost.ZERO);
        Tally unknown = new Tally(
                1, 0, 1, 0, Duration.ZERO, Duration.ofNanos(1_050_000), Usage.UNKNOWN, Cost.UNKNOWN, Cost.ZERO);
        try (Checkpoint<String> checkpoint = builder().open()) {
            checkpoint
                    .apply(Flux.just(
                            new Outcome.Ok<>(Item.of("a\"\u4e16", 7, "v\n"), tally),
                            new Outcome.Ok<>(Item.of("b", 8, "w"), unknown),
                            new Outcome.Skipped<>(Item.of("c", 9, "w"), "filter", Tally.ZERO),
                            failed(new Outcome.Ok<>(Item.of("d", 10, "w"), tally), ErrorKind.REFUSED)))
                    .as(StepVerifier::create)
                    .expectNextCount(4)
                    .expectComplete()
                    .verify(SOON);
        }
        assertThat(lines("results.jsonl"))
                .containsExactly(
                        "{\"id\":\"a\\\"\u4e16\",\"ordinal\":7,\"value\":\"v\\n\",\"durationMs\":1.234,\"queueMs\":5,"
                                + "\"attempts\":3,\"cached\":true,\"inputTokens\":10,\"outputTokens\":20,"
                                + "\"costUsd\":0.0000001}",
                        "{\"id\":\"b\",\"ordinal\":8,\"value\":\"w\",\"durationMs\":0,\"queueMs\":1.050,"
                                + "\"attempts\":1,\"cached\":false,\"inputTokens\":null,\"outputTokens\":null,"
                                + "\"costUsd\":null}");
        assertThat(lines("dead-letters.jsonl"))
                .containsExactly("{\"id\":\"d\",\"ordinal\":10,\"step\":\"extract\",\"kind\":\"refused\","
                        + "\"message\":\"went \\\"wrong\\\"\\u000a\u00e4\",\"attempts\":3,\"durationMs\":1.234,"
                        + "\"costUsd\":0.0000001}");
    }

    @Test
    void secondRun_leavesOutWhatIsDoneAndPaysForNewRows() throws IOException {
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(run(checkpoint, rows(10))).hasSize(10);
        }
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(run(checkpoint, rows(10))).isEmpty();
            assertThat(run(checkpoint, rows(12))).containsExactly("r10", "r11");
        }
        assertThat(lines("results.jsonl")).hasSize(12);
    }

    @Test
    void movedRows_areRecognized() {
        try (Checkpoint<String> checkpoint = builder().open()) {
            run(checkpoint, rows(10));
        }
        try (Checkpoint<String> checkpoint = builder().open()) {
            List<Outcome<String>> reversed =
                    IntStream.range(0, 10).mapToObj(i -> row("r" + (9 - i), i)).toList();
            assertThat(run(checkpoint, Flux.fromIterable(reversed))).isEmpty();
        }
    }

    @Test
    void duplicateId_failsOnItsOwnAndNamesBothPlaces() throws IOException {
        Flux<Outcome<String>> rows = Flux.just(row("a", 0), row("b", 1), row("a", 2), row("a", 3));
        for (int i = 0; i < 2; i++) {
            try (Checkpoint<String> checkpoint = builder().open()) {
                List<Outcome<String>> outcomes = checkpoint
                        .pending(rows)
                        .transform(checkpoint)
                        .collectList()
                        .block(SOON);
                assertThat(outcomes).hasSize(i == 0 ? 4 : 0);
            }
            assertThat(lines("results.jsonl")).hasSize(2);
            assertThat(lines("dead-letters.jsonl")).hasSize(2);
        }
        assertThat(lines("dead-letters.jsonl").get(0)).contains("\"kind\":\"duplicate-id\"", "row 2 ", "of row 0 ");
    }

    @Test
    void changedAndRemovedRows_leaveNoSecondLine() throws IOException {
        try (Checkpoint<String> checkpoint = builder().open()) {
            run(checkpoint, rows(10));
        }
        Outcome<String> changed = Outcome.ok(new Item<>("r3", 3, 99, null, "new value"));
        Flux<Outcome<String>> rows = rows(8).map(row -> row.item().id().equals("r3") ? changed : row);
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(run(checkpoint, rows)).containsExactly("r3");
            assertThat(checkpoint.directory().notes())
                    .anyMatch(note ->
                            note.startsWith("rows that are not in the dataset any more, whose results were dropped: 2"))
                    .anyMatch(note -> note.startsWith("rows that changed since they were done and were run again: 1"));
        }
        assertThat(lines("results.jsonl")).hasSize(8).anyMatch(line -> line.contains("new value"));
        assertThat(lines("results.jsonl")).noneMatch(line -> line.contains("value of r3") || line.contains("r9"));
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(run(checkpoint, rows)).isEmpty();
            assertThat(checkpoint.directory().cutBytes()).isZero();
        }
        assertThat(lines("results.jsonl")).hasSize(8);
    }

    @Test
    void retryFailed_triesFailedRowsAgainAndTheySupersede() throws IOException {
        Flux<Outcome<String>> failing =
                rows(6).map(row -> row.item().ordinal() % 2 == 0 ? failed(row, ErrorKind.TIMEOUT) : row);
        try (Checkpoint<String> checkpoint = builder().open()) {
            run(checkpoint, failing);
        }
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(run(checkpoint, rows(6))).isEmpty();
        }
        try (Checkpoint<String> checkpoint = builder().retryFailed(true).open()) {
            assertThat(lines("dead-letters.jsonl")).isEmpty();
            assertThat(run(checkpoint, rows(6))).containsExactly("r0", "r2", "r4");
        }
        assertThat(lines("results.jsonl")).hasSize(6);
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(run(checkpoint, rows(6))).isEmpty();
        }
    }

    @Test
    void changedConfiguration_movesTheFilesAside() throws IOException {
        try (Checkpoint<String> checkpoint = builder().configuration("model a").open()) {
            run(checkpoint, rows(3));
        }
        try (Checkpoint<String> checkpoint = builder().configuration("model b").open()) {
            assertThat(run(checkpoint, rows(3))).hasSize(3);
            assertThat(checkpoint.directory().notes()).anyMatch(note -> note.contains("number 1"));
        }
        assertThat(lines("results.1.jsonl")).hasSize(3);
        assertThat(lines("results.jsonl")).hasSize(3);
        try (Checkpoint<String> checkpoint =
                builder().configuration("model b").fresh(true).open()) {
            assertThat(run(checkpoint, rows(3))).hasSize(3);
        }
        assertThat(directory.resolve("journal.2")).exists();
    }

    @Test
    void resultsWithoutAJournal_areNotTouched() throws IOException {
        Files.writeString(directory.resolve("results.jsonl"), "somebody's\n");
        try (Checkpoint<String> checkpoint = builder().open()) {
            run(checkpoint, rows(1));
        }
        assertThat(lines("results.1.jsonl")).containsExactly("somebody's");
    }

    @Test
    void resultsWithAJournalThatCannotBeRead_areNotTouched() throws IOException {
        List<byte[]> unreadable = List.of(new byte[0], new byte[100], "somebody's\n".getBytes(UTF_8));
        for (int i = 0; i < unreadable.size(); i++) {
            try (Checkpoint<String> checkpoint = builder().open()) {
                run(checkpoint, rows(3));
            }
            List<String> before = lines("results.jsonl");
            Files.write(directory.resolve("journal"), unreadable.get(i));
            try (Checkpoint<String> checkpoint = builder().open()) {
                assertThat(checkpoint.directory().notes())
                        .containsExactly("files without a journal that can be read were found: they have the number "
                                + (i + 1) + " now");
                assertThat(run(checkpoint, rows(3))).hasSize(3);
            }
            assertThat(lines("results." + (i + 1) + ".jsonl")).isEqualTo(before);
            assertThat(directory.resolve("journal." + (i + 1))).hasBinaryContent(unreadable.get(i));
        }
    }

    @Test
    void resultsBehindADamageOfTheJournal_areKeptInACopy() throws IOException {
        try (Checkpoint<String> checkpoint = builder().open()) {
            run(checkpoint, rows(30));
        }
        List<String> before = lines("results.jsonl");
        Path journal = directory.resolve("journal");
        byte[] bytes = Files.readAllBytes(journal);
        bytes[bytes.length / 2] ^= 1;
        Files.write(journal, bytes);
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(checkpoint.directory().notes())
                    .singleElement()
                    .asString()
                    .startsWith("the journal is damaged at byte ")
                    .endsWith(
                            "and goes on behind that: rows that ended later run again; a copy of what was there has the"
                                    + " number 1");
            assertThat(run(checkpoint, rows(30))).hasSizeBetween(2, 29);
        }
        assertThat(lines("results.1.jsonl")).isEqualTo(before);
        assertThat(lines("results.jsonl")).containsExactlyInAnyOrderElementsOf(before);
    }

    @Test
    void tornEndOfTheJournal_makesNoCopy() throws IOException {
        try (Checkpoint<String> checkpoint = builder().open()) {
            run(checkpoint, rows(30));
        }
        Path journal = directory.resolve("journal");
        byte[] bytes = Files.readAllBytes(journal);
        for (int cut = bytes.length - 1; cut > bytes.length / 2; cut--) {
            byte[] torn = Arrays.copyOf(bytes, cut);
            torn[cut - 1] ^= 1;
            Files.write(journal, torn);
            assertThat(JournalReader.read(journal, 0, (record, start) -> true).goesOn())
                    .as("cut at " + cut)
                    .isFalse();
        }
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(checkpoint.directory().notes()).isEmpty();
        }
        assertThat(directory.resolve("results.1.jsonl")).doesNotExist();
    }

    @Test
    void children_completeTheirRow() throws IOException {
        Item<String> parent = Item.of("p", 0, "x");
        List<Outcome<String>> children = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            children.add(Outcome.ok(parent.child(i, 3, "c" + i)));
        }
        Item<String> grandparent = Item.of("g", 1, "x");
        for (int i = 0; i < 2; i++) {
            children.add(Outcome.ok(grandparent.child(0, 2, "y").child(i, 2, "d" + i)));
        }
        children.add(failed(Outcome.ok(grandparent.child(1, 2, "z")), ErrorKind.REFUSED));
        Flux<Outcome<String>> rows = Flux.just(Outcome.ok(parent), Outcome.ok(grandparent));

        try (Checkpoint<String> checkpoint = builder().open()) {
            checkpoint
                    .pending(rows)
                    .thenMany(checkpoint.apply(Flux.fromIterable(children.subList(0, 5))))
                    .blockLast(SOON);
        }
        assertThat(lines("results.jsonl")).hasSize(5);
        try (Checkpoint<String> checkpoint = builder().open()) {
            // p is done, g is run again: what it had is not written twice
            List<Outcome<String>> again = checkpoint
                    .pending(rows)
                    .doOnNext(row -> assertThat(row.item().id()).isEqualTo("g"))
                    .thenMany(checkpoint.apply(Flux.fromIterable(children)))
                    .collectList()
                    .block(SOON);
            assertThat(again).extracting(outcome -> outcome.item().id()).containsExactly("g/1");
            RowIndex index = checkpoint.directory().read(Ledger::rows);
            assertThat(index.seen(RowStatus.OK)).isEqualTo(1);
            assertThat(index.seen(RowStatus.failed(ErrorKind.REFUSED))).isEqualTo(1);
        }
        assertThat(lines("results.jsonl")).hasSize(5);
        // the failed row again: all of it anew, without a second line
        try (Checkpoint<String> checkpoint = builder().retryFailed(true).open()) {
            children.set(5, Outcome.ok(grandparent.child(1, 2, "z")));
            Flux.from(checkpoint.pending(rows))
                    .concatMapIterable(row -> children.subList(3, 6))
                    .transform(checkpoint)
                    .blockLast(SOON);
        }
        assertThat(lines("results.jsonl")).hasSize(6).doesNotHaveDuplicates();
        assertThat(lines("dead-letters.jsonl")).isEmpty();
    }

    @Test
    void rowThatEndsWithoutChildren_takesTheLinesOfThoseItHadBefore() throws IOException {
        Item<String> skipped = Item.of("s", 0, "x");
        Item<String> failing = Item.of("f", 1, "x");
        Flux<Outcome<String>> rows = Flux.just(Outcome.ok(skipped), Outcome.ok(failing));
        try (Checkpoint<String> checkpoint = builder().open()) {
            checkpoint
                    .pending(rows)
                    .thenMany(checkpoint.apply(Flux.just(
                            Outcome.ok(skipped.child(0, 2, "a")),
                            Outcome.ok(failing.child(0, 3, "b")),
                            failed(Outcome.ok(failing.child(1, 3, "c")), ErrorKind.REFUSED))))
                    .blockLast(SOON);
        }
        try (Checkpoint<String> checkpoint = builder().open()) {
            checkpoint
                    .pending(rows)
                    .thenMany(checkpoint.apply(Flux.just(
                            new Outcome.Skipped<>(skipped, "split", Tally.ZERO),
                            failed(Outcome.ok(failing), ErrorKind.TIMEOUT))))
                    .blockLast(SOON);
        }
        assertThat(lines("results.jsonl")).isEmpty();
        assertThat(lines("dead-letters.jsonl")).singleElement().asString().contains("\"id\":\"f\"");
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThat(run(checkpoint, rows)).isEmpty();
        }
    }

    @Test
    void attemptsWithoutEnd_areLostAfterACrashAndPriced() {
        Checkpoint<String> first = builder().open();
        long a = first.attemptLog().started(Fingerprint.NONE, 0, Cost.of(new BigDecimal("0.5")));
        first.attemptLog().started(Fingerprint.NONE, 0, Cost.of(new BigDecimal("0.25")));
        first.attemptLog().ended(a, io.headrace.Delivery.ANSWERED, Usage.of(3, 4), Cost.of(new BigDecimal("0.1")));
        first.close();
        try (Checkpoint<String> checkpoint = builder().open()) {
            Totals totals = checkpoint.directory().read(Ledger::totals);
            assertThat(totals.sent()).isEqualTo(2);
            assertThat(totals.lost()).isEqualTo(1);
            assertThat(totals.lostCost().usd()).isEqualByComparingTo("0.25");
            assertThat(totals.paid().usd()).isEqualByComparingTo("0.1");
            assertThat(totals.used()).isEqualTo(Usage.of(3, 4));
        }
    }

    @Test
    void emptyStream_completes() {
        try (Checkpoint<String> checkpoint = builder().open()) {
            StepVerifier.create(checkpoint.apply(Flux.empty())).expectComplete().verify(SOON);
        }
    }

    @Test
    void errorOfTheStream_followsWhatArrivedBefore() throws IOException {
        try (Checkpoint<String> checkpoint = builder().open()) {
            StepVerifier.create(checkpoint.apply(rows(5).concatWith(Mono.error(new IllegalStateException("boom")))))
                    .expectNextCount(5)
                    .expectErrorMessage("boom")
                    .verify(SOON);
        }
        assertThat(lines("results.jsonl")).hasSize(5);
    }

    @Test
    void slowDemand_boundsWhatIsAskedOfTheSource() {
        AtomicLong asked = new AtomicLong();
        try (Checkpoint<String> checkpoint = builder().open()) {
            StepVerifier.create(checkpoint.apply(rows(100_000).doOnRequest(asked::addAndGet)), 3)
                    .expectNextCount(3)
                    .then(() -> assertThat(asked.get()).isLessThanOrEqualTo(Recorder.PREFETCH))
                    .thenRequest(2_000)
                    .expectNextCount(2_000)
                    .then(() -> assertThat(asked.get()).isLessThanOrEqualTo(Recorder.PREFETCH + 2_003))
                    .thenRequest(Long.MAX_VALUE)
                    .expectNextCount(97_997)
                    .expectComplete()
                    .verify(SOON);
        }
    }

    @Test
    void cancel_writesWhatHasArrived() throws IOException {
        TestPublisher<Outcome<String>> source = TestPublisher.create();
        try (Checkpoint<String> checkpoint = builder().open()) {
            // no demand: a row that is emitted would make the verifier cancel before the other has arrived
            StepVerifier.create(checkpoint.apply(source.flux()), 0)
                    .then(() -> source.next(row("a", 0), row("b", 1)))
                    .thenCancel()
                    .verify(SOON);
            source.assertCancelled();
        }
        assertThat(lines("results.jsonl")).hasSize(2);
    }

    @Test
    void close_endsAStreamThatRuns() throws IOException {
        TestPublisher<Outcome<String>> source = TestPublisher.create();
        Checkpoint<String> checkpoint = builder().open();
        StepVerifier.create(checkpoint.apply(source.flux()), 0)
                .then(() -> source.next(row("a", 0)))
                .then(checkpoint::close)
                .thenCancel()
                .verify(SOON);
        checkpoint.close();
        assertThat(lines("results.jsonl")).hasSize(1);
        StepVerifier.create(checkpoint.apply(rows(1)))
                .expectErrorMessage("the checkpoint is closed")
                .verify(SOON);
    }

    @Test
    void secondStreamAtTheSameTime_isRefused() {
        try (Checkpoint<String> checkpoint = builder().open()) {
            TestPublisher<Outcome<String>> source = TestPublisher.create();
            StepVerifier.create(checkpoint.apply(source.flux()))
                    .then(() -> StepVerifier.create(checkpoint.apply(rows(1)))
                            .expectErrorMatches(e -> e.getMessage().contains("another stream"))
                            .verify(SOON))
                    .then(source::complete)
                    .expectComplete()
                    .verify(SOON);
            StepVerifier.create(checkpoint.apply(rows(1)))
                    .expectNextCount(1)
                    .expectComplete()
                    .verify(SOON);
        }
    }

    @Test
    void streamAfterOneThatWasCancelled_waitsForItsEnd() throws IOException {
        try (Checkpoint<String> checkpoint = builder().open()) {
            Flux<Outcome<String>> stream = checkpoint.pending(rows(300)).transform(checkpoint);
            StepVerifier.create(Flux.concat(stream.take(3), stream.take(1), stream))
                    .expectNextCount(3)
                    .thenConsumeWhile(outcome -> true)
                    .expectComplete()
                    .verify(SOON);
        }
        assertThat(lines("results.jsonl")).hasSize(300);
    }

    @Test
    void contextOfTheSubscriber_reachesTheSource() {
        try (Checkpoint<String> checkpoint = builder().open()) {
            Flux<Outcome<String>> source =
                    Flux.deferContextual(context -> Flux.just(row(context.<String>get("id"), 0)));
            StepVerifier.create(checkpoint.apply(source).contextWrite(context -> context.put("id", "x")))
                    .expectNextMatches(outcome -> outcome.item().id().equals("x"))
                    .expectComplete()
                    .verify(SOON);
        }
    }

    @Test
    void resultThatCannotBeWritten_isADeadLetter() throws IOException {
        Codec<String> broken = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                throw new IllegalArgumentException("field x");
            }

            @Override
            public String decode(byte[] bytes) {
                throw new IllegalArgumentException();
            }
        };
        try (Checkpoint<String> checkpoint =
                Checkpoint.builder(directory, broken).open()) {
            StepVerifier.create(checkpoint.apply(rows(1)))
                    .expectNextMatches(outcome -> outcome instanceof Outcome.Failed<String> failed
                            && failed.message().contains("field x"))
                    .expectComplete()
                    .verify(SOON);
        }
        assertThat(lines("results.jsonl")).isEmpty();
        assertThat(lines("dead-letters.jsonl")).hasSize(1);
    }

    @Test
    void schedulerWithoutTime_isRefusedAndLeavesTheDirectoryFree() {
        assertThatThrownBy(() -> builder().scheduler(Schedulers::immediate).open())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the scheduler of a checkpoint must take delayed tasks, unlike Schedulers.immediate()");
        builder().open().close();
    }

    @Test
    void syncOnceInCenturies_isNone() {
        try (Checkpoint<String> checkpoint =
                builder().syncEvery(Duration.ofDays(365_000)).open()) {
            StepVerifier.create(rows(3).transform(checkpoint))
                    .expectNextCount(3)
                    .expectComplete()
                    .verify(SOON);
        }
    }

    @Test
    void secondProcessOrRun_isKeptOut() {
        try (Checkpoint<String> checkpoint = builder().open()) {
            assertThatThrownBy(() -> builder().open())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("somebody else in this process works in");
        }
        builder().open().close();
    }
}
