package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.ChatKeys;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.cli.Cli.Result;
import io.headrace.model.ChatCodec;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CacheCommandTest {

    private static final ChatRequest ASK =
            ChatRequest.builder("gpt-4o-mini").user("Why?").temperature(0.5).build();
    private static final CallKey KEY = ChatKeys.of("p").key(ASK);
    private static final CallKey LATER =
            ChatKeys.of("p").key(ASK.toBuilder().temperature(0.7).build());

    @TempDir
    Path temp;

    private Path folder;
    private final Cli cli = new Cli();

    @BeforeEach
    void fill() {
        folder = temp.resolve("cache");
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            put(cache, KEY, 0, "run/1", "2020-01-01T00:00:00Z");
            put(cache, KEY, 1, "run/2", "2026-11-20T00:00:00Z");
            put(cache, LATER, 0, "", "2026-11-21T00:00:00Z");
            cache.countHit(entry(KEY, "", "2020-01-01T00:00:00Z"));
        }
    }

    @Test
    void stats_addUp() throws IOException {
        Result result = cache("stats");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains(folder.toString(), "answers     3, ", "hits        1, saved 10 tokens in, 20 out, 0.25 USD")
                .contains("model       gpt-4o-mini-2024-07-18: 3", "namespace   run: 2", "namespace   (none): 1");
        JsonNode json = json(cache("stats", "--json"));
        assertThat(json.path("answers").path("count").asInt()).isEqualTo(3);
        assertThat(json.path("hits").asInt()).isEqualTo(1);
        assertThat(json.path("saved").path("usd").asString("")).isEqualTo("0.25");
        assertThat(json.path("namespaces").path("run").path("count").asInt()).isEqualTo(2);
    }

    @Test
    void readingCommands_workBesideAWriter() {
        try (RocksDbCache writer = RocksDbCache.open(folder)) {
            put(writer, LATER, 1, "", "2026-11-21T00:00:00Z");
            assertThat(cache("stats").out()).contains("answers     4, ");
            assertThat(cache("verify").exitCode()).isZero();
            assertThat(cache("clear", "--all", "--dry-run").out()).startsWith("4 answers of ");
            Result refused = cache("clear", "--all");
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(refused.err())
                    .contains("is open in this process already", "--wait")
                    .doesNotContain("Exception");
        }
    }

    @Test
    void show_hidesTheAnswerUnlessAsked() throws IOException {
        String prefix = KEY.fingerprint().toString().substring(0, 12);
        Result result = cache("show", prefix);
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("answer 0 of " + KEY.fingerprint(), "answer 1 of", "run/1", "messages, model, operation")
                .doesNotContain("because");
        assertThat(cache("show", prefix, "--sample", "1", "--answer").out())
                .contains("answer 1 of", "because")
                .doesNotContain("answer 0 of");
        JsonNode json = json(cache("show", prefix, "--json"));
        assertThat(json.path("answers").size()).isEqualTo(2);
        assertThat(json.path("answers").path(0).has("answer")).isFalse();
    }

    @Test
    void showOfNone_exits1AndSaysSo() {
        assertThat(cache("show", "00000000")).satisfies(result -> {
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.err()).contains("no fingerprint begins with 00000000");
        });
        assertThat(cache("show", KEY.fingerprint().toString(), "--sample", "7").err())
                .contains("has no answer 7");
        assertThat(cache("show", "xyz").err()).contains("up to 64 hex digits");
    }

    @Test
    void whyMiss_namesTheField() throws IOException {
        Result result = cache("why-miss", LATER.fingerprint().toString());
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("nearest     " + KEY.fingerprint(), "temperature differs");
        assertThat(json(cache("why-miss", LATER.fingerprint().toString(), "--json"))
                        .path("differences")
                        .path("temperature")
                        .asString(""))
                .isEqualTo("changed");
    }

    @Test
    void exportAndImport_moveEverything() throws IOException {
        Path file = temp.resolve("answers.jsonl");
        Result exported = cache("export", file.toString());
        assertThat(exported.exitCode()).isZero();
        assertThat(exported.err()).contains("3 answers exported");
        assertThat(cache("export").out().lines().sorted())
                .containsExactlyElementsOf(
                        Files.readAllLines(file).stream().sorted().toList());
        assertThat(cache("export", file.toString()).err()).contains("is there already");
        assertThat(cache("export", "-")).isEqualTo(cache("export"));
        assertThat(cache("export", temp.resolve("none/answers.jsonl").toString())
                        .err())
                .contains("cannot be written")
                .contains("NoSuchFile");

        Path other = temp.resolve("other");
        Result imported = cli.run("cache", "import", "--cache", other, file);
        assertThat(imported.out()).contains("3 answers stored, 0 were there already");
        assertThat(imported.err()).isEmpty();
        assertThat(cli.run("cache", "import", "--cache", other, file).out()).contains("0 answers stored, 3 were");
        assertThat(cli.run("cache", "export", "--cache", other).out().lines().sorted())
                .containsExactlyElementsOf(
                        cache("export").out().lines().sorted().toList());
    }

    @Test
    void importOfAChangedLine_exits1WithItsNumber() throws IOException {
        List<String> lines = cache("export").out().lines().toList();
        Path file = temp.resolve("changed.jsonl");
        Files.write(file, List.of(lines.get(0), lines.get(1).replace("because", "perhaps")));
        Result result = cli.run("cache", "import", "--cache", temp.resolve("other"), file);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .contains(
                        file + ": line 2 is no exported answer: the checksum is wrong",
                        "what stands before that is stored");
        assertThat(cli.run("cache", "stats", "--cache", temp.resolve("other")).out())
                .contains("answers     1,");
        assertThat(cli.run("cache", "import", "--cache", temp.resolve("other"), temp.resolve("no"))
                        .err())
                .contains("is not there");
    }

    @Test
    void importOfAnExportThatWasCutBetweenLines_saysSo() throws IOException {
        List<String> lines = cache("export").out().lines().toList();
        Path file = temp.resolve("cut.jsonl");
        Files.write(file, lines.subList(0, 2));
        Result cut = cli.run("cache", "import", "--cache", temp.resolve("other"), file);
        assertThat(cut.exitCode()).isZero();
        assertThat(cut.out()).contains("2 answers stored");
        assertThat(cut.err())
                .contains("the last line, which counts the answers, is missing: ")
                .contains("cut.jsonl");

        Files.write(file, lines.subList(1, 4));
        Result changed = cli.run("cache", "import", "--cache", temp.resolve("other"), file);
        assertThat(changed.exitCode()).isEqualTo(1);
        assertThat(changed.err()).contains("it is said to have 3 answers and not 2");
    }

    @Test
    void importOfAPackedFile_saysWhatItWants() throws IOException {
        Path file = temp.resolve("answers.jsonl.gz");
        try (OutputStream packed = new GZIPOutputStream(Files.newOutputStream(file))) {
            packed.write(cache("export").out().getBytes(StandardCharsets.UTF_8));
        }
        Result result = cli.run("cache", "import", "--cache", temp.resolve("other"), file);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("is not UTF-8 text; unpack it first");
    }

    @Test
    void exportWhoseReaderIsGone_ends() {
        Pipe pipe = new Pipe(1);
        assertThat(LineFiles.write(numbers(100_000), null, new PrintWriter(new BufferedWriter(pipe))))
                .isLessThan(300);
        assertThat(pipe.writes).isEqualTo(2);
        assertThat(LineFiles.write(numbers(100_000), null, new PrintWriter(new BufferedWriter(new Pipe(0)))))
                .as("gone from the start")
                .isOne();
    }

    @Test
    void exportToAPipe_isNotWrittenLineByLine() {
        Pipe pipe = new Pipe(Integer.MAX_VALUE);
        PrintWriter out = new PrintWriter(new BufferedWriter(pipe));
        assertThat(LineFiles.write(numbers(10_000), null, out)).isEqualTo(10_000);
        out.flush();
        assertThat(pipe.text)
                .hasToString(Objects.requireNonNull(numbers(10_000)
                        .map(line -> line + "\n")
                        .collect(Collectors.joining())
                        .block()));
        assertThat(pipe.writes).isLessThan(200);
    }

    private static Flux<String> numbers(int count) {
        return Flux.range(0, count).map(String::valueOf);
    }

    /** A pipe whose reader goes away. */
    private static final class Pipe extends Writer {

        private final int goneAfter;
        private final StringBuilder text = new StringBuilder();
        private int writes;

        Pipe(int goneAfter) {
            this.goneAfter = goneAfter;
        }

        @Override
        public void write(char[] chars, int from, int length) throws IOException {
            if (writes++ >= goneAfter) {
                throw new IOException("Broken pipe");
            }
            text.append(chars, from, length);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void importOfAFileThatIsNotThere_makesNoCache() {
        Path fresh = temp.resolve("fresh");
        assertThat(cli.run("cache", "import", "--cache", fresh, temp.resolve("no"))
                        .err())
                .contains("is not there");
        assertThat(cli.run("cache", "import", "--cache", fresh, temp).err()).contains("is a folder");
        assertThat(fresh).doesNotExist();
    }

    @Test
    void prune_byAgeAndSize_saysWhatItWouldDoFirst() throws IOException {
        assertThat(cache("prune", "--older-than", "1000d", "--dry-run").out())
                .startsWith("1 answer of ")
                .contains("would be removed");
        assertThat(cache("stats").out()).contains("answers     3, ");
        assertThat(cache("prune", "--older-than", "1000d").out())
                .startsWith("1 answer of ")
                .contains(" removed");
        assertThat(json(cache("prune", "--max-size", "1B", "--dry-run", "--json"))
                        .path("count")
                        .asInt())
                .isEqualTo(2);
        assertThat(cache("prune", "--max-size", "1TB").out()).startsWith("0 answers");
        assertThat(cache("prune", "--max-size", "0").out()).startsWith("2 answers");
    }

    @Test
    void clear_byNamespaceModelOrAll() {
        assertThat(cache("clear", "--namespace", "run/1", "--dry-run").out()).startsWith("1 answer of ");
        assertThat(cache("clear", "--namespace", "run").out()).startsWith("2 answers of ");
        assertThat(cache("clear", "--model", "gpt-4o").out()).startsWith("0 answers");
        assertThat(cache("clear", "--model", "gpt-4o-mini").out()).startsWith("1 answer of ");
        assertThat(cache("clear", "--all").out()).startsWith("0 answers");
    }

    @Test
    void verify_exits2ForWhatIsBad() throws IOException {
        assertThat(cache("verify").out()).contains("3 answers with the right checksum, 3 of them decoded; 0 bad");
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            CacheEntry good = entry(KEY, "", "2026-11-22T00:00:00Z");
            cache.put(
                            KEY.fingerprint(),
                            9,
                            new CacheEntry(
                                    "no JSON".getBytes(StandardCharsets.UTF_8),
                                    false,
                                    good.usage(),
                                    good.cost(),
                                    "",
                                    "",
                                    good.storedAt(),
                                    good.fields()))
                    .block();
        }
        Result bad = cache("verify");
        assertThat(bad.exitCode()).isEqualTo(2);
        assertThat(bad.out()).contains("1 bad record", "answer 9 of " + KEY.fingerprint(), "export this one");
        assertThat(json(cache("verify", "--json")).path("bad").asInt()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prune | prune needs --older-than, --max-size or both",
                "prune --older-than soon | 'soon' is not an age, write for example 90m, 12h or 30d",
                "prune --max-size big | 'big' is not a size, write for example 500MB or 2GB",
                "prune --max-size 16777216TB | '16777216TB' is too large",
                "prune --older-than 5124096h | '5124096h' is not an age",
                "clear --namespace / | a namespace needs a name",
                "clear | clear needs either --all, or --namespace, --model or both",
                "clear --all --model m | clear needs either --all",
                "clear --namespace= | it is empty",
                "show | Missing required parameter",
                "show 12 --sample x | 'x' is not an int"
            })
    void badArguments_exit1AndSayWhatIsWrong(String line) {
        String[] parts = line.split(" \\| ");
        Result result = cache(parts[0].split(" "));
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains(parts[1]).doesNotContain("Exception");
    }

    @Test
    void missingFolder_exits1AndIsNotMade() {
        Path missing = temp.resolve("missing");
        for (String[] command : new String[][] {{"stats"}, {"clear", "--all"}, {"prune", "--max-size", "1GB"}}) {
            Object[] first = {"cache", command[0], "--cache", missing};
            Result result = cli.run(
                    Stream.concat(Arrays.stream(first), Arrays.stream(command).skip(1))
                            .toArray());
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.err()).contains("is not there").doesNotContain("Exception");
        }
        assertThat(missing).doesNotExist();
    }

    @Test
    void defaultFolder_isTheOneOfAnalyze() {
        Cli here = cli.with("XDG_CACHE_HOME", temp.resolve("xdg").toString());
        assertThat(here.run("cache", "stats").err())
                .contains(temp.resolve("xdg").resolve("headrace/answers").toString());
    }

    @Test
    void sizes_areReadAndWritten() {
        assertThat(new Sizes().convert("1.5KB")).isEqualTo(1536);
        assertThat(new Sizes().convert("2gb")).isEqualTo(2L << 30);
        assertThat(Sizes.format(0)).isEqualTo("0 B");
        assertThat(Sizes.format(1023)).isEqualTo("1023 B");
        assertThat(Sizes.format(1536)).isEqualTo("1.5 KB");
        assertThat(Sizes.format(5L << 40)).isEqualTo("5.0 TB");
        assertThat(Sizes.format(Long.MAX_VALUE)).endsWith(" TB");
    }

    private Result cache(String... arguments) {
        Object[] all = new Object[arguments.length + 3];
        all[0] = "cache";
        all[1] = arguments[0];
        all[2] = "--cache=" + folder;
        System.arraycopy(arguments, 1, all, 3, arguments.length - 1);
        return cli.run(Arrays.copyOf(all, arguments.length + 2));
    }

    private static JsonNode json(Result result) throws IOException {
        return JsonMapper.shared().readTree(result.out());
    }

    private static void put(RocksDbCache cache, CallKey key, int sample, String namespace, String storedAt) {
        Fingerprint fingerprint = key.fingerprint();
        cache.put(fingerprint, sample, entry(key, namespace, storedAt)).block();
    }

    private static CacheEntry entry(CallKey key, String namespace, String storedAt) {
        ChatResponse answer =
                new ChatResponse("id", "gpt-4o-mini-2024-07-18", "because", FinishReason.STOP, null, Usage.of(10, 20));
        return new CacheEntry(
                ChatCodec.instance().encode(answer),
                false,
                Usage.of(10, 20),
                Cost.of(new BigDecimal("0.25")),
                "gpt-4o-mini-2024-07-18",
                namespace,
                Instant.parse(storedAt),
                key.fields());
    }
}
