package io.headrace.cli;

import static io.headrace.cli.Cli.plus;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.admission.Learned;
import io.headrace.admission.LearnedStore;
import io.headrace.cli.Cli.Result;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AnalyzeTest extends OverAFolder {

    private static final JsonMapper JSON = JsonMapper.shared();

    @Test
    void firstRun_writesEveryFileAndASummary() throws IOException {
        Result result = analyze("--sim-latency", "1ms");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("finished: 30 items done", "30 ok, 0 failed", "61 sent", "categories", "files");
        assertThat(result.err()).contains("the simulated provider in this process");
        assertThat(ids(out)).hasSize(30).doesNotHaveDuplicates();
        assertThat(out.resolve("report.txt")).isNotEmptyFile();
        assertThat(json("summary.json").path("documents").asInt()).isEqualTo(30);
        assertThat(json("report.json").path("items").path("ok").asInt()).isEqualTo(30);
    }

    @Test
    void secondRun_sendsNothingAndSaysSo() {
        analyze("--sim-latency", "1ms");
        Result again = analyze();
        assertThat(again.exitCode()).isZero();
        assertThat(again.out()).contains("no call was sent: 30 items done before");
    }

    @Test
    void otherOut_isAnsweredByTheCache() {
        analyze("--sim-latency", "1ms");
        Result other = cli.run("analyze", "--cache", temp.resolve("cache"), "--out", temp.resolve("other"));
        assertThat(other.exitCode()).isZero();
        assertThat(other.out()).contains("no call was sent: 61 answers from the cache, saved");
    }

    @Test
    void fresh_startsOverOnTheCache() {
        analyze("--sim-latency", "1ms");
        Result fresh = analyze("--fresh");
        assertThat(fresh.out()).contains("finished: 30 items done", "answers from the cache");
        assertThat(out.resolve("results.1.jsonl")).exists();
    }

    @Test
    void maxTokens_stopsWithTheRestPending_andAHigherCapGoesOn() throws IOException {
        Result capped = analyze("--sim-latency", "1ms", "--max-tokens", "6000");
        assertThat(capped.exitCode()).isEqualTo(3);
        assertThat(capped.out()).contains("the budget is used up", "of 6,000 tokens spent", "0 failed");
        assertThat(json("report.json").path("items").path("failed").asInt()).isZero();
        assertThat(json("report.json")
                        .path("budget")
                        .path("tokens")
                        .path("spent")
                        .asLong())
                .isBetween(1L, 6_000L);

        Result more = analyze("--sim-latency", "1ms", "--max-tokens", "1000000", "--max-cost", "5.00");
        assertThat(more.exitCode()).isZero();
        assertThat(more.out()).contains("30 ok, 0 failed", "of 5 USD");
    }

    @Test
    void estimate_sendsNothing_andKnowsWhatTheCacheHolds() {
        Result before = analyze("--estimate");
        assertThat(temp).isEmptyDirectory();
        assertThat(before.exitCode()).isZero();
        assertThat(before.out()).contains("30 rows, 60 calls to send, 0 from the cache", "USD to ", "assumed");
        assertThat(out).doesNotExist();
        analyze("--sim-latency", "1ms");
        assertThat(analyze("--estimate").out())
                .contains("0 calls to send, 60 from the cache", "0.0000 USD to 0.0000 USD");
        for (String policy : List.of("refresh", "bypass")) {
            assertThat(analyze("--estimate", "--cache-policy", policy).out())
                    .contains("60 calls to send, 0 from the cache");
        }
        assertThat(analyze("--estimate", "--cache-max-age", "1ms").out())
                .contains("60 calls to send, 0 from the cache");
    }

    @Test
    void fieldsThatWereTaken_areToldByRunsAndEstimates() throws IOException {
        Path input = temp.resolve("in.jsonl");
        Files.writeString(input, "{\"key\":1,\"question\":\"Why?\"}\n{\"key\":2,\"question\":\"How?\"}\n");
        assertThat(analyze("--estimate", "--input", input).err())
                .contains("in.jsonl", "text=question", "id=key", "the simulated provider", "gpt-4o-mini");
        assertThat(analyze("--sim-latency", "1ms", "--input", input).err()).contains("text=question", "id=key");
    }

    @Test
    void maxCost_needsAPrice() {
        Result unpriced = analyze("--max-cost", "5.00", "--model", "nobody-knows");
        assertThat(unpriced.exitCode()).isEqualTo(1);
        assertThat(unpriced.err()).contains("--max-cost needs the price of model 'nobody-knows'");
    }

    @Test
    void clearCache_paysAgain() {
        analyze("--sim-latency", "1ms");
        assertThat(analyze("--fresh", "--clear-cache", "--sim-latency", "1ms").out())
                .contains("61 sent, 0 from the cache");
    }

    @Test
    void clearCache_withAnOptionThatIsRefused_clearsNothing() {
        analyze("--sim-latency", "1ms");
        assertThat(analyze("--clear-cache", "--cache-max-age", "0s").exitCode()).isEqualTo(1);
        assertThat(analyze("--clear-cache", "--max-cost", "1", "--model", "no-such-model")
                        .err())
                .contains("--max-cost needs the price");
        assertThat(analyze("--fresh", "--sim-latency", "1ms").out()).contains("no call was sent");
    }

    @Test
    void maxSamples_worksOnTheFirstRowsAndLaterOnTheRest() throws IOException {
        assertThat(analyze("--max-samples", "5", "--sim-latency", "1ms").out()).contains("5 ok, 0 failed");
        assertThat(analyze("--sim-latency", "1ms").out()).contains("25 items done", "5 done before", "30 ok, 0 failed");
        assertThat(ids(out)).hasSize(30).doesNotHaveDuplicates();
    }

    @Test
    void ordered_writesResultsInTheOrderOfTheInput() throws IOException {
        analyze("--ordered", "--sim-latency", "1ms", "--sim-faults", "0.2");
        assertThat(lines(out.resolve("results.jsonl")).stream()
                        .map(line -> line.path("ordinal").asInt()))
                .hasSize(30)
                .isSorted();
    }

    @Test
    void chosenFields_areSaid() throws IOException {
        assertThat(analyze("--input", questions(1), "--sim-latency", "1ms", "--sim-spread", "0.5")
                        .err())
                .contains("questions.jsonl text=question id=id");
    }

    @Test
    void reasoningTokens_areAskedForWithoutATemperature() throws IOException {
        try (SimulatedProvider provider =
                SimulatedProvider.builder().requireKey(false).keepRequests(10).start()) {
            analyze("--input", questions(1), "--base-url", provider.baseUrl(), "--reasoning-tokens", "1000");
            assertThat(provider.requests().get(0).body()).contains("1120").doesNotContain("temperature");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai", "anthropic"})
    void retryFailed_triesTheDeadLettersAgain(String api) throws IOException {
        Path input = questions(6);
        try (SimulatedProvider provider =
                SimulatedProvider.builder().requireKey(false).start()) {
            provider.failWhen(
                    request -> request.body().contains("question 3"), Fault.answer(400, Map.of(), "{\"error\":{}}"));
            Object[] arguments = {"--input", input, "--base-url", provider.baseUrl(), "--provider", api};

            Result failing = analyze(arguments);
            assertThat(failing.exitCode()).isEqualTo(2);
            assertThat(failing.out()).contains("5 ok, 1 failed (invalid-request 1)", "--retry-failed");
            assertThat(lines(out.resolve("dead-letters.jsonl"))).hasSize(1);

            provider.clearScript();
            assertThat(analyze(arguments).exitCode()).isEqualTo(2);

            Result mended = analyze(plus(arguments, "--retry-failed"));
            assertThat(mended.exitCode()).isZero();
            assertThat(mended.out()).contains("1 item done", "6 ok, 0 failed");
            assertThat(out.resolve("dead-letters.jsonl")).isEmptyFile();
            assertThat(provider.statistics().answeredAgain()).isZero();
        }
    }

    @Test
    void key_isSentFromTheEnvironmentAndShownNowhere() throws IOException {
        try (SimulatedProvider provider =
                SimulatedProvider.builder().keys("sk-secret-1").start()) {
            cli.with("OPENAI_API_KEY", "sk-wrong-2").with("HEADRACE_API_KEY", "sk-secret-1");
            Result result = analyze("--input", questions(2), "--base-url", provider.baseUrl());
            assertThat(result.exitCode()).isZero();
            assertThat(result.out() + result.err() + Files.readString(out.resolve("report.json")))
                    .doesNotContain("sk-secret", "sk-wrong");
        }
    }

    @Test
    void limitsThatWereFound_areTheStartOfTheNextRun_unlessOthersAreStated() throws IOException {
        try (SimulatedProvider provider =
                SimulatedProvider.builder().requireKey(false).start()) {
            Object[] arguments = {"--input", questions(10), "--base-url", provider.baseUrl(), "--fresh", "--clear-cache"
            };
            assertThat(analyze(arguments).exitCode()).isZero();
            assertThat(startOfConcurrency()).isEqualTo(100);
            Path limits = temp.resolve("cache/limits");
            assertThat(limits).isNotEmptyDirectory();
            LearnedStore.in(limits)
                    .write(
                            "gpt-4o-mini at " + provider.baseUrl() + "/v1",
                            null,
                            new Learned(System.currentTimeMillis(), 4.0, null, null));
            assertThat(analyze(arguments).exitCode()).isZero();
            assertThat(startOfConcurrency()).isEqualTo(4);
            assertThat(analyze(plus(arguments, "--concurrency", "50")).exitCode())
                    .isZero();
            assertThat(startOfConcurrency()).isEqualTo(50);
        }
    }

    private double startOfConcurrency() throws IOException {
        return json("report.json")
                .path("limits")
                .valueStream()
                .filter(point -> point.path("resource").asString().equals("concurrency"))
                .findFirst()
                .orElseThrow()
                .path("limit")
                .asDouble();
    }

    @Test
    void directoryThatCannotBeWrittenAnyMore_isToldWithWhatWasDone() throws IOException {
        analyze("--max-samples", "3", "--sim-latency", "1ms");
        Files.delete(out.resolve("report.json"));
        Files.createDirectories(out.resolve("report.json/in-the-way"));
        Result result = analyze("--max-samples", "5", "--sim-latency", "1ms");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("headrace: cannot end the run: report.json cannot be written");
        assertThat(result.out()).contains("broken off: 2 items done").doesNotContain("report.txt");
    }

    @Test
    void failedSummary_isNoSuccess() throws IOException {
        Path input = questions(3);
        try (SimulatedProvider provider =
                SimulatedProvider.builder().requireKey(false).start()) {
            Object[] arguments = {"--input", input, "--base-url", provider.baseUrl()};
            provider.failWhen(
                    request -> request.body().contains("summary of a corpus"),
                    Fault.answer(400, Map.of(), "{\"error\":{}}"));
            Result failing = analyze(arguments);
            assertThat(failing.exitCode()).isEqualTo(2);
            assertThat(failing.out())
                    .contains("3 ok, 0 failed", "summary     failed: ", "the same command tries it again");
            assertThat(out.resolve("summary.json")).doesNotExist();

            provider.clearScript();
            assertThat(analyze(arguments).exitCode()).isZero();
            assertThat(json("summary.json").path("documents").asInt()).isEqualTo(3);
        }
    }

    @Test
    void identity_findsTheAnswersOfASimulatorOnAnotherPort() throws IOException {
        Path input = questions(3);
        for (String folder : List.of("first", "second")) {
            try (SimulatedProvider provider =
                    SimulatedProvider.builder().requireKey(false).start()) {
                Result result = cli.run(
                        "analyze",
                        "--input=" + input,
                        "--base-url=" + provider.baseUrl(),
                        "--identity=simulated",
                        "--cache=" + temp.resolve("cache"),
                        "--out=" + temp.resolve(folder));
                assertThat(result.exitCode()).isZero();
                assertThat(provider.statistics().requests()).isEqualTo(folder.equals("first") ? 7 : 0);
            }
        }
    }

    @Test
    void cachePolicy_saysHowStoredAnswersAreUsed() {
        Object[] some = {"--max-samples", "3", "--sim-latency", "1ms", "--fresh"};
        Result missing = analyze(plus(some, "--cache-policy", "read-only"));
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.out()).contains("not-cached 3");
        assertThat(analyze(some).out()).contains("7 sent");
        assertThat(analyze(plus(some, "--cache-policy", "read-only")).exitCode())
                .isZero();
        assertThat(analyze(plus(some, "--cache-policy", "refresh")).out()).contains("7 sent");
        assertThat(analyze(plus(some, "--cache-policy", "bypass")).out()).contains("7 sent");
        assertThat(analyze(plus(some, "--cache-max-age", "1h")).out()).contains("no call was sent");
        assertThat(analyze(plus(some, "--cache-max-age", "1ms")).out()).contains("7 sent");
        assertThat(analyze("--cache-max-age", "0").err()).contains("--cache-max-age must be above 0");
        assertThat(analyze("--cache-policy", "never").err()).contains("--cache-policy", "read-only", "never");
    }

    @Test
    void maxErrorShare_stopsWithTheRestPending() throws IOException {
        Object[] unanswered = {"--input", questions(400), "--cache-policy", "read-only", "--concurrency", "1"};
        Result stopped = analyze(plus(unanswered, "--max-error-share", "0.5"));
        assertThat(stopped.exitCode()).isEqualTo(3);
        assertThat(stopped.out()).contains("100 of the last 100 items failed, more than the 50.0 % allowed");
        assertThat(analyze("--max-error-share", "1.5").err()).contains("--max-error-share");
    }

    @Test
    void defaultCache_isInTheUsersCacheFolder() {
        cli.with("XDG_CACHE_HOME", temp.resolve("xdg").toString());
        assertThat(cli.run("analyze", "--out", out, "--max-samples", "1").exitCode())
                .isZero();
        assertThat(temp.resolve("xdg/headrace/answers")).isDirectory();
        assertThat(cli.run("analyze", "--help").out()).contains("$XDG_CACHE_HOME/headrace/answers");
    }

    @Test
    void defaultCache_isInTheHomeThatTheShellNames() { // Java goes by the list of users, which lacks those of many
        // containers
        cli.with("HOME", temp.resolve("home").toString());
        assertThat(cli.run("analyze", "--out", out, "--max-samples", "1").exitCode())
                .isZero();
        assertThat(temp.resolve("home/.cache/headrace/answers")).isDirectory();
    }

    @Test
    void queryOfTheBaseUrl_isNotShown() throws IOException {
        try (SimulatedProvider provider =
                SimulatedProvider.builder().requireKey(false).start()) {
            Result result = analyze("--input", questions(3), "--base-url", provider.baseUrl() + "/v1?key=sekret");
            assertThat(result.exitCode()).isZero();
            assertThat(result.err())
                    .contains(" to " + provider.baseUrl() + "/v1, model")
                    .doesNotContain("sekret");
            assertThat(result.out()).doesNotContain("sekret");
        }
    }

    @Test
    void savingsOfUnknownPrice_areUnknownAndNotNothing() throws IOException {
        Object[] some = {"--max-samples", "3", "--sim-latency", "1ms", "--model", "nobody-knows-it", "--fresh"};
        assertThat(analyze(some).out()).contains("0 USD and 7 calls of unknown cost");
        assertThat(analyze(some).out())
                .contains("no call was sent: 7 answers from the cache, saved 0 USD and 7 calls of unknown cost");
        assertThat(json("report.json").path("savedUsd").asInt()).isZero();
        assertThat(json("report.json").path("unpricedCached").asInt()).isEqualTo(7);
    }

    @Test
    void limitThatBindsNothing_isNoNumberInTheReport() throws IOException {
        assertThat(analyze("--max-samples", "3").exitCode()).isZero();
        assertThat(Files.readString(out.resolve("report.json")))
                .contains("\"requests per second\"")
                .doesNotContain("E308");
    }

    private JsonNode json(String file) throws IOException {
        return JSON.readTree(Files.readString(out.resolve(file)));
    }

    private static List<String> ids(Path out) throws IOException {
        return lines(out.resolve("results.jsonl")).stream()
                .map(line -> line.path("id").asString())
                .toList();
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(JSON::readTree).toList();
    }
}
