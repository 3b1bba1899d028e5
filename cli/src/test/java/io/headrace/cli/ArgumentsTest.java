package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.cli.Cli.Result;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ArgumentsTest {

    @TempDir
    Path temp;

    private final Cli cli = new Cli();

    @Test
    void noCommand_exits1AndNamesHelp() {
        assertThat(cli.run())
                .isEqualTo(new Result(1, "", lines("headrace: Missing required subcommand", "Try 'headrace --help'.")));
    }

    @Test
    void unknownOption_exits1WithAHint() {
        Result result = cli.run("analyze", "--concurency", "5");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("Unknown option", "--concurency", "--concurrency", "headrace analyze --help");
    }

    @Test
    void help_listsEveryOptionAndTheExitCodes() {
        Result result = cli.run("analyze", "--help");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("--input", "--text-field", "--id-field", "--base-url", "--model", "--provider", "--out")
                .contains("--cache", "--max-samples", "--concurrency", "--ordered", "--fresh", "--clear-cache")
                .contains("--retry-failed", "--sim-latency", "--sim-faults", "--sim-seed", "--grace", "--identity")
                .contains("Exit codes: 0 all ok");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"batch cancel --cache-policy use", "batch cancel --cache-max-age 1h", "cache export --json"})
    void optionsThatMeanNothingToACommand_areUnknownToIt(String command) {
        Result result = cli.run((Object[]) command.split(" "));
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("Unknown option");
    }

    @Test
    void help_breaksNoPathAndShoutsNoValue() {
        for (String command : List.of("analyze", "cache stats", "cache prune", "batch cancel")) {
            assertThat(cli.run((Object[]) (command + " --help").split(" ")).out())
                    .contains("$XDG_CACHE_HOME/headrace/answers", "~/.cache/headrace/answers.")
                    .doesNotContain("FAIL", "ONLINE");
        }
    }

    @Test
    void helpCommand_printsTheSameAsTheOption() {
        assertThat(cli.run("help")).isEqualTo(cli.run("--help"));
        assertThat(cli.run("help", "analyze")).isEqualTo(cli.run("analyze", "--help"));
        assertThat(cli.run("help", "cache", "export")).isEqualTo(cli.run("cache", "export", "--help"));
        assertThat(cli.run("help", "batch", "cancel")).isEqualTo(cli.run("batch", "cancel", "--help"));
    }

    @ParameterizedTest
    @CsvSource({"help exprt, exprt", "help cache exprt, exprt", "help cache export more, more"})
    void helpOfNoCommand_exits1AndNamesIt(String command, String unknown) {
        Result result = cli.run((Object[]) command.split(" "));
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .contains("there is no command '" + unknown + "'")
                .contains("--help");
    }

    @Test
    void help_beginsWithItself() {
        CommandLine all = Main.commandLine(new Surroundings(
                new PrintWriter(Writer.nullWriter()),
                new PrintWriter(Writer.nullWriter()),
                name -> null,
                StopSignals.none()));
        assertThat(withSubcommands(all))
                .hasSizeGreaterThan(15)
                .allSatisfy(
                        command -> assertThat(command.getUsageMessage().lines().filter(line -> line.matches(" +-.*")))
                                .as(command.getCommandSpec().qualifiedName())
                                .first()
                                .asString()
                                .startsWith("  -h, --help"));
    }

    @Test
    void defaults_areNotWrittenIntoHelpByHand() throws IOException {
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            for (Path source : sources.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(source))
                        .as("%s", source)
                        .doesNotContainPattern("Default: [.]?/?[1-9]|Default: (gpt|claude)");
            }
        }
    }

    private static List<CommandLine> withSubcommands(CommandLine command) {
        List<CommandLine> all = new ArrayList<>(List.of(command));
        command.getSubcommands().values().forEach(below -> all.addAll(withSubcommands(below)));
        return all;
    }

    @Test
    void version_namesTheProgram() {
        assertThat(cli.run("--version").out()).startsWith("headrace ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--concurrency 0 | --concurrency must be 1 to 10000, not 0",
                "--concurrency 10001 | --concurrency must be 1 to 10000, not 10001",
                "--concurrency many | 'many' is not an int",
                "--max-samples 0 | --max-samples must be at least 1, not 0",
                "--input= | it is empty",
                "--model= | it is empty",
                "--base-url http://127.0.0.1:99999 | ports end at 65535",
                "--sim-faults 1.5 | --sim-faults is a share from 0 to 1, such as 0.05, not 1.5",
                "--sim-faults NaN | --sim-faults is a share from 0 to 1",
                "--sim-spread 4 | --sim-spread is a sigma from 0 to 3, such as 0.5, not 4",
                "--max-cost 5$ | '5$' is not an amount of dollars, write for example 5 or 0.50",
                "--max-cost 5,00 | '5,00' is not an amount of dollars",
                "--max-cost -1 | '-1' is not an amount of dollars",
                "--max-cost 1e999999999 | '1e999999999' is not an amount of dollars",
                "--reasoning-tokens -1 | --reasoning-tokens must be 0 to 1000000, not -1",
                "--sim-latency 5 | '5' is not a duration, write for example 100ms, 2s or 1m",
                "--grace -1s | '-1s' is not a duration",
                "--provider acme | expected one of [OPENAI, ANTHROPIC] (case-insensitive) but was 'acme'",
                "--provider openai | --provider needs --base-url",
                "--identity me | --identity needs --base-url",
                "--text-field x | --text-field needs --input",
                "--id-field x | --id-field needs --input",
                "--base-url http://127.0.0.1:1 --sim-latency 1s | give --latency, --spread, --faults and --seed to 'headrace simulate'",
                "--base-url nonsense | --base-url must be like https://host/v1",
                "--base-url ftp://host/v1 | --base-url must be like https://host/v1",
                "--base-url http://bad^host | --base-url is no URL",
                "--base-url https://api.openai.com/v1 | no API key for api.openai.com: set HEADRACE_API_KEY or OPENAI_API_KEY",
                "--base-url https://api.anthropic.com | set HEADRACE_API_KEY or ANTHROPIC_API_KEY",
                "--provider anthropic --base-url https://gateway.example | set HEADRACE_API_KEY or ANTHROPIC_API_KEY",
                "--wait | --wait needs --mode batch",
                "--leftovers fail | --leftovers needs --mode batch",
                "--max-batches 3 | --max-batches needs --mode batch",
                "--move-online-after 6h | --move-online-after needs --mode batch",
                "--batch-requests 5 | --batch-requests needs --mode batch",
                "--enqueued-tokens 5 | --enqueued-tokens needs --mode batch",
                "--poll 1s | --poll needs --mode batch",
                "--batch-doubt 15m | --batch-doubt needs --mode batch",
                "--mode batch --base-url http://127.0.0.1:1 --poll 1s | --poll needs --wait",
                "--latency 1s | --latency needs --estimate",
                "--cache-policy bypass --cache-max-age 1h | --cache-max-age needs --cache-policy use or read-only",
                "--cache-policy refresh --cache-max-age 1h | --cache-max-age needs --cache-policy use or read-only",
                "--cache-policy read-only --clear-cache | --clear-cache leaves nothing that --cache-policy read-only could read"
            })
    void badValue_exits1AndSaysWhatIsWrong(String arguments, String problem) {
        Result result = analyze(arguments);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains(problem).doesNotContain("Exception");
        assertThat(result.out()).isEmpty();
    }

    @Test
    void missingInput_exits1AndNamesIt() {
        Result result = analyze("--input " + temp.resolve("no.jsonl"));
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("no.jsonl").doesNotContain("Exception");
    }

    @Test
    void unknownField_exits1AndListsTheFieldsSeen() throws IOException {
        Path input = Files.writeString(temp.resolve("in.jsonl"), "{\"question\":\"why?\",\"answer\":\"so\"}\n");
        Result result = analyze("--input " + input + " --text-field prompt");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("prompt", "question", "answer").doesNotContain("Exception");
    }

    @ParameterizedTest
    @CsvSource({"in/out, false", "in/a/../out, false", "in, false", "in/.out, true", "in-out, true", "in/../out, true"})
    void outBelowTheFolderThatIsRead_exits1_forItsReportsWouldBeRead(String out, boolean isRight) throws IOException {
        Path in = Files.createDirectories(temp.resolve("in"));
        Files.writeString(in.resolve("a.txt"), "A bank lends.");
        for (String command : List.of("analyze", "sweep --configs " + configuration())) {
            List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
            arguments.addAll(List.of("--input", in.toString(), "--out", temp + "/" + out, "--cache", temp + "/cache"));
            Result result = cli.run(arguments.toArray());
            if (isRight) {
                assertThat(result.exitCode()).isZero();
            } else {
                assertThat(result.exitCode()).isEqualTo(1);
                assertThat(result.err())
                        .contains("--out " + temp + "/" + out + " lies in the folder", "name one outside");
                assertThat(in.toFile().list()).containsExactly("a.txt");
            }
        }
    }

    private Path configuration() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("configurations"));
        Files.writeString(folder.resolve("a.yaml"), "temperature: 0.5");
        return folder;
    }

    @Test
    void outThatIsAFile_exits1AndNamesIt() throws IOException {
        Path file = Files.writeString(temp.resolve("taken"), "");
        Result result = cli.run("analyze", "--cache", temp.resolve("cache"), "--out", file);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("taken: it is a file").doesNotContain("Exception:");
    }

    @Test
    void cacheInUse_exits1AndSaysWhatToDo() {
        Path cache = temp.resolve("cache");
        try (RocksDbCache held = RocksDbCache.open(cache)) {
            Result result = cli.run("analyze", "--cache", cache, "--out", temp.resolve("out"));
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.err()).contains(cache.toString(), "--cache").doesNotContain("Exception");
            assertThat(held).isNotNull();
        }
    }

    @Test
    void simulate_refusesBadValues() {
        assertThat(cli.run("simulate", "--faults", "2").err()).contains("--faults is a share from 0 to 1");
        assertThat(cli.run("simulate", "--port", "70000").err()).contains("--port must be 0 to 65535, not 70000");
        assertThat(cli.run("simulate", "--latency", "soon").exitCode()).isEqualTo(1);
        assertThat(cli.run("simulate", "--spread", "0.5", "--port", "70000").err())
                .contains("--spread needs --latency");
    }

    private Result analyze(String arguments) {
        String all = "analyze --cache " + temp.resolve("cache") + " --out " + temp.resolve("out") + " " + arguments;
        return cli.run((Object[]) all.split(" "));
    }

    private static String lines(String... lines) {
        return String.join(System.lineSeparator(), lines) + System.lineSeparator();
    }
}
