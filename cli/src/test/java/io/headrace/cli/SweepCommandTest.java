package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.cli.Cli.Result;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SweepCommandTest {

    @TempDir
    Path temp;

    private Path configs;
    private Path out;
    private final Cli cli = new Cli();

    @BeforeEach
    void folders() throws IOException {
        configs = Files.createDirectory(temp.resolve("configs"));
        out = temp.resolve("out");
    }

    private void configuration(String file, String content) throws IOException {
        Files.writeString(configs.resolve(file), content);
    }

    private Result sweep(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(
                "sweep", "--configs", configs, "--out", out, "--cache", temp.resolve("cache"), "--sim-latency", "1ms"));
        arguments.addAll(List.of(more));
        return cli.run(arguments.toArray());
    }

    private JsonNode comparison() throws IOException {
        return JsonMapper.shared().readTree(Files.readAllBytes(out.resolve("comparison.json")));
    }

    @Test
    void configurations_runInFoldersOfTheirOwn_andShareWhatIsEqual() throws IOException {
        configuration("base.yaml", "model: gpt-4o-mini\n");
        configuration("warm.json", "{\"temperature\": 0.7, \"seed\": 42}");
        configuration("short.yml", """
                # the prompt for topics is that of base, so its answers are too
                maxOutputTokens:
                  classify: 40
                categories: [law, other]
                prompts:
                  classify: |
                    Choose one of {categories}. Answer {"category": ..., "confidence": 0..1}.
                """);
        configuration("notes.txt", "no configuration");
        Result first = sweep("--max-samples", "10");
        assertThat(first.err()).contains("3 configurations");
        assertThat(first.out()).contains("base", "short", "warm", "callsSent", "summary.documents", "comparison.csv");

        JsonNode all = comparison().path("configurations");
        assertThat(all.valueStream().map(c -> c.path("name").asString())).containsExactly("base", "short", "warm");
        assertThat(all.get(0).path("callsSent").asInt()).isEqualTo(21);
        assertThat(all.get(1).path("callsCached").asInt()).as("the topics").isEqualTo(10);
        assertThat(all.get(2).path("callsSent").asInt()).isEqualTo(21);
        assertThat(all.get(0)
                        .path("reductions")
                        .path("summary")
                        .path("documents")
                        .asInt())
                .isEqualTo(10);
        for (String name : List.of("base", "short", "warm")) {
            assertThat(out.resolve(name).resolve("report.json")).exists();
        }

        Result again = sweep("--max-samples", "10", "--at-once", "3");
        assertThat(comparison().path("configurations").valueStream())
                .allMatch(configuration -> configuration.path("sentThisTime").asInt() == 0);
        assertThat(again.exitCode()).isEqualTo(first.exitCode());
    }

    @Test
    void settings_reachTheProvider() throws IOException {
        configuration(
                "one.yaml",
                "model: gpt-4o\ntemperature: 0.25\nseed: 7\nprompts:\n  topics: Name the topics as a JSON array.\n");
        try (SimulatedProvider provider =
                SimulatedProvider.builder().requireKey(false).start()) {
            cli.run(
                    "sweep",
                    "--configs",
                    configs,
                    "--out",
                    out,
                    "--cache",
                    temp.resolve("cache"),
                    "--base-url",
                    provider.baseUrl() + "/v1",
                    "--max-samples",
                    "2");
            assertThat(provider.requests())
                    .isNotEmpty()
                    .allSatisfy(request -> assertThat(request.body())
                            .contains("\"model\":\"gpt-4o\"", "\"temperature\":0.25", "\"seed\":7"))
                    .anySatisfy(request -> assertThat(request.body()).contains("Name the topics as a JSON array."));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    a.yaml | `model: m\\ntemprature: 1` | a.yaml line 2: there is no field 'temprature', did you mean 'temperature'?
                    a.yaml | `model: m\\nxyz: 1` | a.yaml line 2: there is no field 'xyz'; there are categories, maxOutputTokens, model
                    a.yaml | `prompts:\\n  topic: x` | a.yaml line 2: there is no field 'prompts.topic', did you mean 'prompts.topics'?
                    a.yaml | `temperature: hot` | a.yaml line 1: 'temperature' must be a number from 0 to 2
                    a.yaml | `temperature: .nan` | a.yaml
                    a.yaml | `\\n\\ntemperature: 2.5` | a.yaml line 3: 'temperature' must be a number from 0 to 2
                    a.yaml | `seed: 1.5` | a.yaml line 1: 'seed' must be a whole number
                    a.yaml | `maxOutputTokens: 5` | a.yaml line 1: 'maxOutputTokens' must have fields of its own
                    a.yaml | `maxOutputTokens:\\n  topics: 0` | a.yaml line 2: 'maxOutputTokens.topics' must be a whole number from 1
                    a.yaml | `categories: [law, 5]` | a.yaml line 1: 'categories' must be a list of texts
                    a.yaml | `categories: [law]` | a.yaml: classifying needs at least two categories
                    a.yaml | `categories: [law, food, Law]` | a.yaml: two categories are 'Law': answers are read whatever their case
                    a.yaml | `categories: [law, food, ' law']` | a.yaml: two categories are ' law'
                    a.yaml | `categories: [law, 'food ']` | a.yaml: no answer would be read as the category 'food ': names have at most 80
                    a.yaml | `prompts:\\n  classify: choose` | a.yaml: the prompt for classifying must hold {categories}
                    a.yaml | `temperature: 1\\nreasoningTokens: 100` | a.yaml: reasoning models take no temperature
                    a.yaml | `model: a\\nmodel: b` | a.yaml line 2
                    a.yaml | `model: [unclosed` | a.yaml line 1: while parsing a flow sequence: expected ',' or ']'
                    a.yaml | `model: a\\n---\\nmodel: b` | a.yaml line 3: a file holds one configuration
                    a.yaml | `model: &m gpt-4o\\nprompts:\\n  topics: *m` | a.yaml line 3: the alias *m is not understood
                    a.yaml | `model: m\\ncategories: [a, &b b, *b]` | a.yaml line 2: the alias *b is not understood
                    a.yaml | `categories: [a, ~]` | a.yaml line 1: 'categories' must be a list of texts
                    a.yaml | `categories: [a, Null]` | a.yaml line 1: 'categories' must be a list of texts
                    a.yaml | `model: ''` | a.yaml line 1: 'model' must be a text
                    a.yaml | `- model` | a.yaml line 1: a configuration is a list of fields
                    a.yaml | `# nothing` | a.yaml is empty
                    a.json | `{"model": "m",\\n "tempreature": 1}` | a.json line 2: there is no field 'tempreature', did you mean 'temperature'?
                    a.json | `{"model": "m"` | a.json line 1
                    """)
    void mistakes_areNamedByFileLineAndField_beforeAnythingIsSent(String file, String content, String problem)
            throws IOException {
        configuration(file, content.replace("\\n", "\n"));
        configuration("fine.yaml", "model: gpt-4o-mini");
        Result result = sweep();
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).startsWith("headrace: ").contains(problem);
        assertThat(out).doesNotExist();
    }

    @Test
    void folders_andNames_areChecked() throws IOException {
        assertThat(sweep().err()).contains("holds no .yaml, .yml or .json file");
        assertThat(cli.run("sweep", "--configs", temp.resolve("missing")).err()).contains("is no folder");
        assertThat(cli.run("sweep").err()).contains("--configs");
        configuration("a.yaml", "seed: 1");
        configuration("a.json", "{}");
        assertThat(sweep().err()).contains("make two configurations named 'a'");
        Files.delete(configs.resolve("a.json"));
        configuration("b c.yaml", "seed: 1");
        assertThat(sweep().err()).contains("must be named by letters");
        Files.delete(configs.resolve("b c.yaml"));
        for (String taken : List.of("batches.yaml", "Comparison.txt.yaml")) {
            configuration(taken, "seed: 1");
            assertThat(sweep().err()).contains("is taken");
            Files.delete(configs.resolve(taken));
        }
        for (String capitals : List.of("B.YAML", "c.Json")) {
            configuration(capitals, "{\"sead\": 1}");
            assertThat(sweep().err()).contains(capitals + " line 1: there is no field 'sead'");
            Files.delete(configs.resolve(capitals));
        }
        Files.createSymbolicLink(configs.resolve("gone.yaml"), temp.resolve("nowhere"));
        assertThat(sweep().err()).contains("gone.yaml cannot be read").contains("NoSuchFile");
        Files.delete(configs.resolve("gone.yaml"));
        configuration("dear.yaml", "model: nobody-knows");
        assertThat(sweep("--max-cost", "1").err()).contains("needs the price of model 'nobody-knows'");
        assertThat(sweep("--input", temp.resolve("none.jsonl")).err()).contains("none.jsonl");
        assertThat(out).doesNotExist();
    }

    @Test
    void budget_isOneForAll_andAHigherOneGoesOn() throws IOException {
        configuration("a.yaml", "seed: 1");
        configuration("b.yaml", "seed: 2");
        Result capped = sweep("--max-tokens", "6000");
        assertThat(capped.exitCode()).isEqualTo(3);
        assertThat(capped.out()).contains("a: stopped-by-policy", "b: stopped-by-policy");
        Result more = sweep();
        assertThat(more.exitCode()).isZero();
        assertThat(comparison().path("configurations").valueStream())
                .allMatch(configuration -> configuration.path("ok").asInt() == 30);
    }
}
