package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.ErrorKind;
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
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/** Files cut and damaged at every byte, and processes that are really killed. */
class CrashTest {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ROWS = 7;
    /** Every byte with {@code -Dheadrace.exhaustive}, else some of them: a minute is too long for each build. */
    private static final int STRIDE = System.getProperty("headrace.exhaustive") == null ? 7 : 1;

    @TempDir
    Path directory;

    private static Checkpoint<String> open(Path at) {
        return Checkpoint.builder(at, Codec.json(String.class))
                .syncEvery(Duration.ofHours(1))
                .open();
    }

    /** Row 2 fails, row 4 is skipped, row 5 has two children. */
    private static Flux<Outcome<String>> work(Outcome<String> row) {
        return switch ((int) row.item().ordinal()) {
            case 2 -> Flux.just(new Outcome.Failed<>(row.item(), "step", ErrorKind.REFUSED, "no", row.tally()));
            case 4 -> Flux.just(new Outcome.Skipped<>(row.item(), "filter", row.tally()));
            case 5 ->
                Flux.range(0, 2)
                        .map(i -> Outcome.ok(((Outcome.Ok<String>) row).item().child(i, 2, "c" + i)));
            default -> Flux.just(row);
        };
    }

    private static void pass(Checkpoint<String> checkpoint, int rows) {
        checkpoint
                .pending(Flux.range(0, rows).map(i -> Outcome.ok(Item.of("r" + i, i, "v" + i))))
                .concatMap(CrashTest::work)
                .transform(checkpoint)
                .blockLast(SOON);
    }

    private static void copy(Path from, Path to) {
        try (Stream<Path> files = Files.list(from)) {
            Files.createDirectories(to);
            for (Path file : files.toList()) {
                if (Files.isRegularFile(file)) {
                    Files.copy(file, to.resolve(file.getFileName()), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> ids(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(line -> line.substring(7, line.indexOf('"', 7)))
                .toList();
    }

    /** What a process leaves that died before it forced anything to the disk. */
    private Path crashed() throws IOException {
        Path running = Files.createDirectory(directory.resolve("running"));
        Path crashed = directory.resolve("crashed");
        try (Checkpoint<String> checkpoint = open(running)) {
            pass(checkpoint, ROWS);
            copy(running, crashed);
        }
        // as it was before the pass was marked finished and synced: cut at the first sync
        long[] cut = {0};
        JournalReader.read(crashed.resolve("journal"), 0, (record, start) -> {
            cut[0] = start;
            return !(record instanceof JournalRecord.Finished);
        });
        byte[] journal = Files.readAllBytes(crashed.resolve("journal"));
        Arrays.fill(journal, (int) cut[0], journal.length, (byte) 0);
        Files.write(crashed.resolve("journal"), Arrays.copyOf(journal, (int) cut[0] + 64));
        return crashed;
    }

    private void resumesWhole(Path crashed, String name, UnaryOperator<byte[]> damage) throws IOException {
        Path damaged = directory.resolve("damaged");
        try (Stream<Path> old = Files.exists(damaged) ? Files.list(damaged) : Stream.empty()) {
            for (Path file : old.toList()) {
                Files.delete(file);
            }
        }
        copy(crashed, damaged);
        Files.write(damaged.resolve(name), damage.apply(Files.readAllBytes(crashed.resolve(name))));
        try (Checkpoint<String> checkpoint = open(damaged)) {
            pass(checkpoint, ROWS);
            RowIndex rows = checkpoint.directory().read(Ledger::rows);
            assertThat(rows.seen(RowStatus.OK)).isEqualTo(5);
            assertThat(rows.seen(RowStatus.SKIPPED)).isEqualTo(1);
            assertThat(rows.seen(RowStatus.failed(ErrorKind.REFUSED))).isEqualTo(1);
            assertThat(rows.size()).isEqualTo(ROWS);
        }
        assertThat(ids(damaged.resolve("results.jsonl")))
                .containsExactlyInAnyOrder("r0", "r1", "r3", "r5/0", "r5/1", "r6");
        assertThat(ids(damaged.resolve("dead-letters.jsonl"))).containsExactly("r2");
    }

    @Test
    void journalCutAtAnyByte_resumesWhole() throws IOException {
        Path crashed = crashed();
        int length = (int) Files.size(crashed.resolve("journal"));
        for (int cut = 1; cut < length; cut += STRIDE) {
            int at = cut;
            resumesWhole(crashed, "journal", bytes -> Arrays.copyOf(bytes, at));
        }
    }

    @Test
    void resultsCutAtAnyByte_resumesWhole() throws IOException {
        Path crashed = crashed();
        int length = (int) Files.size(crashed.resolve("results.jsonl"));
        for (int cut = 0; cut < length; cut += 2 * STRIDE) {
            int at = cut;
            resumesWhole(crashed, "results.jsonl", bytes -> Arrays.copyOf(bytes, at));
        }
        for (int cut = 0; cut < Files.size(crashed.resolve("dead-letters.jsonl")); cut += 2 * STRIDE) {
            int at = cut;
            resumesWhole(crashed, "dead-letters.jsonl", bytes -> Arrays.copyOf(bytes, at));
        }
    }

    @Test
    void damageAtRandomBytes_resumesWhole() throws IOException {
        Path crashed = crashed();
        Random random = new Random(7);
        for (String name : List.of("journal", "results.jsonl", "dead-letters.jsonl")) {
            for (int i = 0; i < 140 / STRIDE; i++) {
                resumesWhole(crashed, name, bytes -> {
                    byte[] damaged = bytes.clone();
                    int at = random.nextInt(damaged.length);
                    damaged[at] ^= (byte) (1 << random.nextInt(8));
                    return damaged;
                });
            }
        }
    }

    /** A finished run, with a cost for each row; then {@code damage}; then the run again: the ids of the rows worked on. */
    private List<String> runAgain(Damaging damage, Consumer<RunDirectory> look) throws IOException {
        Path at = directory.resolve("run");
        try (Checkpoint<String> checkpoint = open(at)) {
            pass(checkpoint, ROWS);
        }
        damage.on(at);
        List<String> worked = new ArrayList<>();
        try (Checkpoint<String> checkpoint = open(at)) {
            look.accept(checkpoint.directory());
            checkpoint
                    .pending(Flux.range(0, ROWS).map(i -> Outcome.ok(Item.of("r" + i, i, "v" + i))))
                    .doOnNext(row -> worked.add(row.item().id()))
                    .concatMap(CrashTest::work)
                    .transform(checkpoint)
                    .blockLast(SOON);
            assertThat(checkpoint.directory().cutBytes()).isZero();
            RowIndex rows = checkpoint.directory().read(Ledger::rows);
            assertThat(rows.seen(RowStatus.OK)).isEqualTo(5);
            assertThat(rows.seen(RowStatus.PENDING)).isZero();
        }
        assertThat(ids(at.resolve("results.jsonl"))).containsExactlyInAnyOrder("r0", "r1", "r3", "r5/0", "r5/1", "r6");
        assertThat(ids(at.resolve("dead-letters.jsonl"))).containsExactly("r2");
        try (Checkpoint<String> checkpoint = open(at)) {
            assertThat(checkpoint.directory().notes()).isEmpty();
            pass(checkpoint, ROWS);
        }
        return worked;
    }

    private interface Damaging {
        void on(Path run) throws IOException;
    }

    private static Consumer<RunDirectory> says(String... parts) {
        return run -> assertThat(run.notes()).singleElement().asString().contains(parts);
    }

    private static Damaging edit(String file, UnaryOperator<String> edit) {
        return run -> Files.writeString(run.resolve(file), edit.apply(Files.readString(run.resolve(file))));
    }

    @Test
    void deletedResults_arePendingAgainAndItIsSaid() throws IOException {
        List<String> worked = runAgain(
                run -> Files.delete(run.resolve("results.jsonl")),
                says("results.jsonl is gone; lines whose rows run again: 6"));
        assertThat(worked).containsExactly("r0", "r1", "r3", "r5", "r6");
    }

    @Test
    void deletedDeadLetters_runTheirRowsAgainAndNoOther() throws IOException {
        List<String> worked = runAgain(
                run -> Files.delete(run.resolve("dead-letters.jsonl")),
                says("dead-letters.jsonl is gone; lines whose rows run again: 1"));
        assertThat(worked).containsExactly("r2");
    }

    @Test
    void byteChangedInOneResult_runsThatRowAgainAndKeepsACopy() throws IOException {
        List<String> worked = runAgain(
                edit("results.jsonl", text -> text.replace("\"v1\"", "\"v9\"")),
                says(
                        "lines of results.jsonl that are not what was written, whose rows run again: 1 of 6, the first is line 2",
                        "a copy of what was there has the number 1"));
        assertThat(worked).containsExactly("r1");
        assertThat(directory.resolve("run/results.1.jsonl")).content().contains("\"v9\"");
    }

    @Test
    void editThatMovesTheLinesBehindIt_runsTheirRowsAgain() throws IOException {
        List<String> worked = runAgain(
                edit("results.jsonl", text -> text.replace("\"v3\"", "\"edited\"")),
                says("4 of 6, the first is line 3"));
        assertThat(worked).containsExactly("r3", "r5", "r6");
    }

    @Test
    void oneLeafLost_runsItsRowAgain() throws IOException {
        assertThat(runAgain(edit("results.jsonl", text -> text.replace("\"c1\"", "\"c9\"")), says("line 5")))
                .containsExactly("r5");
    }

    @Test
    void appendedLines_areCutOffAndACopyIsKept() throws IOException {
        List<String> worked = runAgain(
                edit("results.jsonl", text -> text + "{\"mine\":1}\n"),
                says("bytes added to results.jsonl that are cut off: 11", "a copy of what was there has the number 1"));
        assertThat(worked).isEmpty();
    }

    @Test
    void damageAtRandomBytesOfAFinishedRun_isMadeGood() throws IOException {
        Random random = new Random(11);
        Path running = directory.resolve("running");
        try (Checkpoint<String> checkpoint = open(running)) {
            pass(checkpoint, ROWS);
        }
        for (String name : List.of("results.jsonl", "dead-letters.jsonl", "journal")) {
            for (int i = 0; i < 70 / STRIDE; i++) {
                resumesWhole(running, name, bytes -> {
                    byte[] damaged = bytes.clone();
                    int at = random.nextInt(damaged.length);
                    damaged[at] ^= (byte) (1 << random.nextInt(8));
                    return damaged;
                });
                resumesWhole(running, name, bytes -> Arrays.copyOf(bytes, random.nextInt(1, bytes.length)));
            }
        }
    }

    @Test
    void whatLostLinesTook_staysInTheTotals() throws IOException {
        Path at = directory.resolve("run");
        Tally paid = new Tally(
                1, 0, 1, 0, Duration.ofMillis(5), Duration.ZERO, Usage.of(2, 3), Cost.of(BigDecimal.ONE), Cost.ZERO);
        for (int run = 1; run <= 2; run++) {
            try (Checkpoint<String> checkpoint = open(at)) {
                checkpoint
                        .pending(Flux.range(0, 3).map(i -> Outcome.ok(Item.of("r" + i, i, "v" + i))))
                        .<Outcome<String>>map(row -> new Outcome.Ok<>(((Outcome.Ok<String>) row).item(), paid))
                        .transform(checkpoint)
                        .blockLast(SOON);
                Totals totals = checkpoint.directory().read(Ledger::totals);
                assertThat(totals.items().cost().usd()).isEqualByComparingTo(run == 1 ? "3" : "6");
            }
            Files.delete(at.resolve("results.jsonl"));
        }
    }

    @Test
    void compactionCutOff_isEndedOrThrownAway() throws IOException {
        Path at = directory.resolve("run");
        try (Checkpoint<String> checkpoint = open(at)) {
            pass(checkpoint, ROWS);
        }
        byte[] results = Files.readAllBytes(at.resolve("results.jsonl"));
        byte[] journal = Files.readAllBytes(at.resolve("journal"));
        // not committed: half a file that counts for nothing
        Files.write(at.resolve("results.compact"), new byte[] {1, 2, 3});
        open(at).close();
        assertThat(Files.readAllBytes(at.resolve("results.jsonl"))).isEqualTo(results);
        assertThat(at.resolve("results.compact")).doesNotExist();
        // committed: the rest of the renames is done again
        Files.write(at.resolve("results.compact"), results);
        Files.write(at.resolve("journal.new"), journal);
        Files.write(at.resolve("results.jsonl"), new byte[] {1});
        Files.delete(at.resolve("journal"));
        try (Checkpoint<String> checkpoint = open(at)) {
            assertThat(checkpoint.directory().read(Ledger::rows).size()).isEqualTo(ROWS);
            assertThat(checkpoint.directory().cutBytes()).isZero();
        }
        assertThat(Files.readAllBytes(at.resolve("results.jsonl"))).isEqualTo(results);
    }

    @Test
    void killedProcesses_loseNothingAndWriteNothingTwice() throws Exception {
        int rows = 20_000;
        Path at = directory.resolve("killed");
        Random random = new Random(3);
        for (int kill = 0; kill < 4; kill++) {
            Process child = child(at, rows, 3_000, ""); // slow then, so that it does not end before it is killed
            long until = (kill + 1) * 60_000L + random.nextInt(60_000);
            Path results = at.resolve("results.jsonl");
            Flux.interval(Duration.ofMillis(1))
                    .takeUntil(tick -> !child.isAlive()
                            || (Files.exists(results) && results.toFile().length() > until))
                    .blockLast(SOON);
            if (kill == 0) {
                assertThatThrownBy(() -> open(at))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("process " + child.pid());
            }
            child.destroyForcibly();
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(at.resolve("results.jsonl").toFile().length()).isPositive();
        try (Checkpoint<String> checkpoint = open(at)) {
            int done = checkpoint.directory().read(ledger -> (int) ledger.rows().unseen(RowStatus.OK));
            assertThat(done).isPositive().isLessThan(rows);
            KilledRun.pass(checkpoint, rows, () -> Duration.ZERO);
            assertThat(checkpoint.directory().read(Ledger::rows).seen(RowStatus.OK))
                    .isEqualTo(rows);
        }
        assertThat(ids(at.resolve("results.jsonl"))).hasSize(rows).doesNotHaveDuplicates();
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "limits file sizes by the shell's ulimit")
    void diskThatTakesNoMore_isAnErrorAndNothingDurableIsLost() throws Exception {
        int rows = 100_000;
        Path at = directory.resolve("full");
        Process child = child(at, rows, rows, "ulimit -f 4096; ");
        String said = new String(child.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(said).contains("UncheckedIOException: the results in " + at + " cannot be written: ", "run again");
        try (Checkpoint<String> checkpoint = open(at)) {
            assertThat(checkpoint.directory().notes()).isEmpty();
            KilledRun.pass(checkpoint, rows, () -> Duration.ZERO);
        }
        assertThat(ids(at.resolve("results.jsonl"))).hasSize(rows).doesNotHaveDuplicates();
    }

    private static Process child(Path at, int rows, int quick, String before) throws IOException {
        List<String> command =
                new ArrayList<>(before.isEmpty() ? List.of() : List.of("sh", "-c", before + "exec \"$@\"", "sh"));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                KilledRun.class.getName(),
                at.toString(),
                Integer.toString(rows),
                Integer.toString(quick)));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }
}
