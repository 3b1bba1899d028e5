package io.headrace.cli;

import static io.headrace.cli.Cli.plus;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.batch.BatchQueue;
import io.headrace.cli.Cli.Result;
import io.headrace.testkit.Fault;
import io.headrace.testkit.HandClock;
import io.headrace.testkit.SimulatedBatch;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BatchModeTest {

    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    Path temp;

    private final Cli cli = new Cli();

    @Test
    void simulatedHere_waitsUntilAllIsDone_forHalfThePrice() throws IOException {
        Result online = analyze("online", "cache1");
        Result batch = analyze("batch", "cache2", "--mode", "batch");

        assertThat(batch.exitCode()).as(batch.err()).isZero();
        assertThat(batch.out())
                .contains("finished: 30 items done in all", "61 sent", "30 ok, 0 failed", "60 answered for 0.00");
        assertThat(analyze("batch", "cache2", "--mode", "batch").out())
                .contains("no call was sent: 30 items done before");
        assertThat(values("batch")).isEqualTo(values("online"));
        // the summary is asked for online
        assertThat(cost("batch")).isLessThan(cost("online") * 0.6).isGreaterThan(cost("online") * 0.5);
        assertThat(online.err()).doesNotContain("batch");
    }

    @Test
    void onlineAndThenInBatches_andTheOtherWayRound_asksForNothing() {
        analyze("online", "cache", "--max-samples", "10");
        assertThat(analyze("batch", "cache", "--max-samples", "20", "--mode", "batch")
                        .out())
                .contains("20 answered");
        assertThat(analyze("again", "cache", "--max-samples", "20").out())
                .contains("no call was sent: 41 answers from the cache");
    }

    @Test
    void process_submitsAndEnds_andTheSameCommandGoesOn() throws IOException {
        HandClock clock = new HandClock(Instant.parse("2026-11-22T12:00:00Z"));
        try (SimulatedProvider server = slowProvider().clock(clock).start()) {
            Result first = at(server, "--mode", "batch");
            assertThat(first.exitCode()).as(first.err()).isEqualTo(4);
            assertThat(first.out())
                    .contains(
                            "30 items wait for batches",
                            "1 batch out with 30 requests",
                            "the same command collects them");
            assertThat(status()).contains("1 batch out with 30 requests", "batch_");

            assertThat(at(server, "--mode", "batch").exitCode()).isEqualTo(4);
            assertThat(server.batches()).hasSize(1);
            assertThat(at(server, "--max-samples", "1", "--grace", "0s").err())
                    .contains("30 requests of this work are out in batches");

            clock.advance(Duration.ofHours(2));
            server.batches(SimulatedBatches.DEFAULT); // those to come are over at once
            assertThat(at(server, "--mode", "batch").exitCode()).isEqualTo(4);
            Result last = at(server, "--mode", "batch");
            assertThat(last.exitCode()).as(last.out() + status()).isZero();
            assertThat(last.out()).contains("30 ok, 0 failed");
            assertThat(server.batches().stream()
                            .mapToLong(SimulatedBatch::requests)
                            .sum())
                    .isEqualTo(59); // stage two of the first item was answered online
            assertThat(status()).contains("59 answered for 0.00").doesNotContain("out with");
        }
        assertThat(values("out")).hasSize(30);
    }

    /** What is simulated in a process is gone with it. */
    @Test
    void batchesOfASimulatedProviderThatIsGone_areAskedForAnew() {
        try (SimulatedProvider gone = slowProvider().start()) {
            assertThat(at(gone, "--mode", "batch", "--identity", "simulated").exitCode())
                    .isEqualTo(4);
        }
        Result again = analyze("out", "cache", "--mode", "batch");
        assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
        assertThat(again.out()).contains("30 ok, 0 failed", "were lost");
    }

    @Test
    void cancel_givesUpAndTheNextRunAsksAnew() {
        try (SimulatedProvider server = slowProvider().start()) {
            assertThat(at(server, "--mode", "batch").exitCode()).isEqualTo(4);
            Result cancelled = cancel(server);
            assertThat(cancelled.exitCode()).as(cancelled.err()).isZero();
            assertThat(server.batches()).allMatch(batch -> batch.status().startsWith("cancel"));

            server.batches(SimulatedBatches.DEFAULT);
            Result again = at(server, "--mode", "batch", "--wait", "--poll", "10ms");
            assertThat(again.exitCode()).isZero();
            assertThat(again.out()).contains("30 ok, 0 failed");
        }
    }

    @Test
    void cancel_atAnotherProvider_saysThatNothingWasCancelled() {
        try (SimulatedProvider server = slowProvider().start()) {
            assertThat(at(server, "--mode", "batch").exitCode()).isEqualTo(4);
            Result cancelled = cancel(server, "--identity", "somebody");
            assertThat(cancelled.exitCode()).isEqualTo(1);
            assertThat(cancelled.err()).contains("1 batch not cancelled", "somebody", "as the run was given them");
            assertThat(server.batches()).noneMatch(batch -> batch.status().startsWith("cancel"));
        }
    }

    @Test
    void whileARunHasTheBatches_statusReads_andCancelSaysWhatToDo() {
        try (SimulatedProvider server = slowProvider().start()) {
            assertThat(at(server, "--mode", "batch").exitCode()).isEqualTo(4);
            try (BatchQueue run = BatchQueue.open(temp.resolve("out/batches"))) {
                assertThat(status()).contains("1 batch out with 30 requests");
                assertThat(at(server, "--max-samples", "1", "--grace", "0s").err())
                        .contains("30 requests of this work are out in batches");
                Result cancelled = cancel(server);
                assertThat(cancelled.exitCode()).isEqualTo(1);
                assertThat(cancelled.err()).contains("end it first, as with Ctrl-C", "stays out");
                assertThat(run.snapshot().block().out()).isEqualTo(30);
            }
        }
    }

    @Test
    void cancel_withAnotherKeyOrAtAnotherServer_saysThatNothingWasCancelled_andTheNextOneDoes() {
        try (SimulatedProvider server = slowProvider().start();
                SimulatedProvider other = slowProvider().start()) {
            Object[] named = {"--mode", "batch", "--identity", "named"};
            assertThat(at(server, named).exitCode()).isEqualTo(4);
            Result cancelled = cancel(other, "--identity", "named");
            assertThat(cancelled.exitCode()).isEqualTo(1);
            assertThat(cancelled.out()).contains("1 batch out with 30 requests");
            assertThat(cancelled.err())
                    .contains("not all batches", other.baseUrl(), "is not known to the account", "noted");

            Result again = at(other, named);
            assertThat(again.exitCode()).isEqualTo(1);
            assertThat(again.err()).contains("is not known to the account", "named", "base URL");
            assertThat(other.batches()).isEmpty();
            assertThat(server.batches()).noneMatch(batch -> batch.status().startsWith("cancel"));

            assertThat(cancel(server, "--identity", "named").exitCode()).isZero();
            assertThat(server.batches()).allMatch(batch -> batch.status().startsWith("cancel"));
        }
    }

    @Test
    void cancel_whereNobodyAnswers_isNoSuccess() {
        try (SimulatedProvider server = slowProvider().start()) {
            assertThat(at(server, "--mode", "batch", "--identity", "named").exitCode())
                    .isEqualTo(4);
            Result cancelled = cli.run(
                    "batch",
                    "cancel",
                    "--out",
                    temp.resolve("out"),
                    "--cache",
                    temp.resolve("cache"),
                    "--base-url",
                    "http://127.0.0.1:1",
                    "--identity",
                    "named");
            assertThat(cancelled.exitCode()).isEqualTo(1);
            assertThat(cancelled.err()).contains("not all batches", "127.0.0.1", "asks again");
            assertThat(server.batches()).noneMatch(batch -> batch.status().startsWith("cancel"));
        }
    }

    @Test
    void fresh_asksAgainForWhatFailedInBatches() {
        try (SimulatedProvider server = SimulatedProvider.builder()
                .requireKey(false)
                .batches(SimulatedBatches.DEFAULT.share(SimulatedBatches.Fate.FAILED, 1))
                .start()) {
            Object[] batch = {"--mode", "batch", "--wait", "--poll", "10ms", "--max-samples", "3"};
            assertThat(at(server, batch).exitCode()).isEqualTo(2);
            server.batches(SimulatedBatches.DEFAULT);
            assertThat(at(server, batch).out()).contains("0 ok, 3 failed");
            assertThat(at(server, plus(batch, "--fresh")).out()).contains("3 ok, 0 failed");
        }
    }

    @Test
    void damagedFilesOfBatches_areToldWithoutAStackTrace() throws IOException {
        analyze("out", "cache", "--max-samples", "2", "--mode", "batch");
        Files.delete(temp.resolve("out/batches/1.ends"));
        Result again = analyze("out", "cache", "--max-samples", "2", "--mode", "batch");
        assertThat(again.exitCode()).isEqualTo(1);
        assertThat(again.err())
                .contains("1.ends is missing", "bring the file back")
                .doesNotContain("\tat ");
    }

    @Test
    void waiting_goesOnWhereTheCapHasRoomAgainWhenBatchesHaveEnded() {
        Result capped = analyze("capped", "cache", "--mode", "batch", "--max-samples", "10", "--max-cost", "0.0012");
        assertThat(capped.exitCode()).as(capped.out()).isZero();
        assertThat(capped.out()).contains("10 ok, 0 failed");
    }

    @Test
    void capThatBatchesMayGiveRoomOf_isAWaitAndNoStop() {
        try (SimulatedProvider server = slowProvider().start()) {
            Result capped = at(server, "--mode", "batch", "--max-samples", "10", "--max-cost", "0.0005");
            assertThat(capped.out()).contains("stopped", "the budget is used up", "1 batch out");
            assertThat(capped.exitCode()).isEqualTo(4);
        }
    }

    @Test
    void capThatIsNewWhenCallsAreParked_holdsThemBack_andAHigherOneLetsThemGo() throws IOException {
        try (SimulatedProvider server = slowProvider().start()) {
            server.failNext(1, Fault.unavailable()); // which ends the round before anything is submitted
            assertThat(at(server, "--mode", "batch").out()).contains("30 requests to be submitted");

            Result held = at(server, "--mode", "batch", "--wait", "--max-cost", "0.00002");
            assertThat(held.exitCode()).as(held.out() + held.err()).isEqualTo(3);
            assertThat(held.out())
                    .contains(
                            "stopped early",
                            "30 requests are not submitted, which may cost 0.00",
                            "the cap of 0.00002 USD",
                            "raise the cap to submit them, or give them up by a cancel",
                            "30 requests to be submitted");
            assertThat(server.batches()).isEmpty();

            Result part = at(server, "--mode", "batch", "--max-cost", "0.0005");
            assertThat(part.exitCode()).as(part.out() + part.err()).isEqualTo(4);
            assertThat(part.out()).contains("requests are not submitted", "1 batch out with", "to be submitted");
            assertThat(server.batches()).hasSize(1).allMatch(batch -> batch.requests() == 5);

            assertThat(at(server, "--mode", "batch").exitCode()).isEqualTo(4);
            assertThat(server.batches().stream()
                            .mapToLong(SimulatedBatch::requests)
                            .sum())
                    .isEqualTo(30);
        }
    }

    @Test
    void sweep_waitsWhereTheCapHasRoomAgainWhenBatchesHaveEnded() throws IOException {
        Result capped = sweep("--max-samples", "10", "--max-cost", "0.0018");
        assertThat(capped.exitCode()).as(capped.out() + capped.err()).isZero();
        assertThat(capped.out()).contains("30 answered");
    }

    @Test
    void sweep_stopsWhereTheCapNeverHasRoom() throws IOException {
        Result capped = sweep("--max-samples", "10", "--max-cost", "0.0005");
        assertThat(capped.exitCode()).as(capped.out() + capped.err()).isEqualTo(3);
    }

    @Test
    void sweep_inBatches_paysSharedPromptsOnce() throws IOException {
        Result sweep = sweep();
        assertThat(sweep.exitCode()).as(sweep.err()).isZero();
        assertThat(sweep.out()).contains("90 answered"); // 30 topics for both, 30 classes for each
    }

    @Test
    void folderOfTheCache_isRefusedAsOut() {
        assertThat(analyze("same", "same").err())
                .contains("somebody else in this process works in")
                .contains("such as another run or its cache");
    }

    @Test
    void optionsOfBatches_areRefusedOnline_andChecked() throws IOException {
        assertThat(cli.run("sweep", "--configs", temp, "--leftovers", "online").err())
                .contains("--leftovers needs --mode batch");
        assertThat(analyze("out", "cache", "--mode", "batch", "--max-batches", "0")
                        .err())
                .contains("--max-batches must be 1 to 100");
        assertThat(analyze("out", "cache", "--mode", "batch", "--poll", "0s").err())
                .contains("--poll must be positive");
        for (Result refused : List.of(
                analyze("out", "cache", "--mode", "batch", "--cache-policy", "bypass"),
                analyze("out", "cache", "--mode", "batch", "--max-tokens", "5"),
                sweep("--max-tokens", "5"))) {
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(refused.err()).contains("is for --mode online").doesNotContain("Exception");
        }
        assertThat(cli.run("batch", "status", "--out", temp.resolve("nothing")).err())
                .contains("there are no batches in");
        assertThat(cli.run("batch", "cancel", "--out", temp.resolve("nothing")).err())
                .contains("--base-url says whom to ask");
    }

    @Test
    void whatBatchesLeave_failsOrGoesOnline_asTold() {
        try (SimulatedProvider losing = SimulatedProvider.builder()
                        .requireKey(false)
                        .batches(SimulatedBatches.DEFAULT.share(SimulatedBatches.Fate.FAILED, 1))
                        .start();
                SimulatedProvider slow = slowProvider().start()) {
            Object[] once = {"--mode", "batch", "--wait", "--poll", "20ms", "--max-samples", "3", "--max-batches", "1"};
            assertThat(at(losing, plus(once, "--identity", "a")).exitCode()).isEqualTo(2);
            Result moved = at(losing, plus(once, "--identity", "a", "--retry-failed", "--leftovers", "online"));
            assertThat(moved.exitCode()).as(moved.out() + moved.err()).isZero();
            Result late =
                    analyze("late", "empty", plus(once, "--base-url", slow.baseUrl(), "--move-online-after", "100ms"));
            assertThat(late.exitCode()).as(late.out() + late.err()).isZero();
            assertThat(late.out()).contains("3 ok, 0 failed");
        }
    }

    /** With batches that take an hour. */
    private static SimulatedProvider.Builder slowProvider() {
        return SimulatedProvider.builder()
                .requireKey(false)
                .batches(SimulatedBatches.DEFAULT.delay(Duration.ofHours(1)));
    }

    private String status() {
        return cli.run("batch", "status", "--out", temp.resolve("out")).out();
    }

    private Result sweep(Object... more) throws IOException {
        Path configs = Files.createDirectories(temp.resolve("configs"));
        Files.writeString(configs.resolve("a.yaml"), "categories: [nature, other]\n");
        Files.writeString(configs.resolve("b.yaml"), "categories: [sports, other]\n");
        List<Object> all = new ArrayList<>(List.of("sweep", "--configs", configs, "--out", temp.resolve("sweep")));
        all.addAll(List.of("--cache", temp.resolve("cache"), "--mode", "batch"));
        all.addAll(List.of(more));
        return cli.run(all.toArray());
    }

    private Result cancel(SimulatedProvider server, Object... more) {
        List<Object> all = new ArrayList<>(List.of("batch", "cancel", "--out", temp.resolve("out")));
        all.addAll(List.of("--cache", temp.resolve("cache"), "--base-url", server.baseUrl()));
        all.addAll(List.of(more));
        return cli.run(all.toArray());
    }

    private Result at(SimulatedProvider server, Object... more) {
        return analyze("out", "cache", plus(new Object[] {"--base-url", server.baseUrl()}, more));
    }

    private Result analyze(String out, String cache, Object... more) {
        List<Object> arguments =
                new ArrayList<>(List.of("analyze", "--cache", temp.resolve(cache), "--out", temp.resolve(out)));
        arguments.addAll(List.of(more));
        return cli.run(arguments.toArray());
    }

    private double cost(String out) throws IOException {
        return JSON.readTree(Files.readString(temp.resolve(out).resolve("report.json")))
                .path("costUsd")
                .asDouble();
    }

    private TreeMap<String, JsonNode> values(String out) throws IOException {
        TreeMap<String, JsonNode> values = new TreeMap<>();
        for (String line : Files.readAllLines(temp.resolve(out).resolve("results.jsonl"))) {
            JsonNode result = JSON.readTree(line);
            values.put(result.path("id").asString(), result.path("value"));
        }
        return values;
    }
}
