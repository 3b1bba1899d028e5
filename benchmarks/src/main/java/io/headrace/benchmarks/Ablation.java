package io.headrace.benchmarks;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.TieredCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.run.RunReport.End;
import io.headrace.run.Sweep;
import io.headrace.run.SweepReport;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Ten configurations over real questions as one sweep, half of their prompts shared, each prompt asked twice in each item, by a provider
 * whose answers differ each time: what is paid must be the distinct pairs of prompt and sample, a second sweep must pay nothing, and
 * the results must be the same whatever the order of rows and configurations.
 *
 * <p>Arguments: a scratch directory, a JSONL file of questions.
 */
public final class Ablation {

    private static final int CONFIGURATIONS = 10;
    private static final int SAMPLES = 2;
    private static final int CONCURRENCY = 200;

    private static final JsonMapper JSON = JsonMapper.shared();

    /** A question under an id that does not depend on its place. */
    private record Row(String id, String question) {}

    private final Path scratch;
    private final SimulatedProvider provider;
    private boolean met = true;

    private Ablation(Path scratch, SimulatedProvider provider) {
        this.scratch = scratch;
        this.provider = provider;
    }

    public static void main(String[] args) throws IOException {
        Path questions = Path.of(args[1]);
        if (!Files.exists(questions)) {
            System.out.println("ablation skipped: there is no file " + questions);
            return;
        }
        List<Row> rows = new ArrayList<>();
        for (String line : Files.readAllLines(questions)) {
            rows.add(new Row(
                    "q" + rows.size(), JSON.readTree(line).path("question").asString()));
        }
        boolean met;
        try (SimulatedProvider first = provider();
                SimulatedProvider second = provider()) {
            Ablation inOrder = new Ablation(Path.of(args[0]).resolve("in-order"), first);
            met = inOrder.check(rows, new Ablation(Path.of(args[0]).resolve("shuffled"), second));
        }
        System.exit(met ? 0 : 1);
    }

    private static SimulatedProvider provider() {
        return SimulatedProvider.builder()
                .requireKey(false)
                .keepRequests(0)
                .answerOccurrences(true)
                .start();
    }

    private boolean check(List<Row> rows, Ablation other) throws IOException {
        Set<String> prompts = new HashSet<>();
        for (Row row : rows) {
            prompts.add(shared(row.question()));
            IntStream.range(0, CONFIGURATIONS).forEach(c -> prompts.add(own(c, row.question())));
        }
        long pairs = (long) prompts.size() * SAMPLES;
        long asked = 2L * rows.size() * CONFIGURATIONS * SAMPLES;
        System.out.printf("%,d rows, %d configurations, %,d calls asked for%n", rows.size(), CONFIGURATIONS, asked);

        long before = System.nanoTime();
        sweep(rows, "first", 1);
        System.out.printf("first sweep, one after another: %.1f s%n", (System.nanoTime() - before) / 1e9);
        figure("calls paid, one after another", provider.statistics().requests(), pairs);

        before = System.nanoTime();
        sweep(rows, "second", 1);
        System.out.printf("second sweep, from the cache: %.1f s%n", (System.nanoTime() - before) / 1e9);
        figure("calls paid by a second sweep", provider.statistics().requests() - pairs, 0);
        figure("results that differ then", differences("second", this, "first"), 0);

        List<Row> shuffled = new ArrayList<>(rows);
        Collections.shuffle(shuffled, new Random(1));
        before = System.nanoTime();
        other.sweep(shuffled, "first", CONFIGURATIONS);
        System.out.printf("rows shuffled, all at once: %.1f s%n", (System.nanoTime() - before) / 1e9);
        figure(
                "calls paid, rows shuffled, all at once",
                other.provider.statistics().requests(),
                pairs);
        figure("results that differ then", differences("first", other, "first"), 0);
        return met;
    }

    private void figure(String what, long measured, long bar) {
        met &= measured == bar;
        System.out.printf("%s: %,d; bar: %,d; %s%n", what, measured, bar, measured == bar ? "met" : "MISSED");
    }

    private void sweep(List<Row> rows, String name, int atOnce) {
        try (OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .identity("simulated")
                        .build();
                ResponseCache cache =
                        TieredCache.of(InMemoryCache.create(), RocksDbCache.open(scratch.resolve("cache")))) {
            Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat())
                    .cache(cache)
                    .concurrency(CONCURRENCY)
                    .build();
            Dataset<Row> dataset = Dataset.of(rows).withIds(Row::id);
            Sweep.Builder sweep = Sweep.builder(scratch.resolve(name)).atOnce(atOnce);
            for (int c = 0; c < CONFIGURATIONS; c++) {
                int configuration = c;
                sweep.configuration("c" + c, directory -> run(dataset, directory, configuration, chat));
            }
            SweepReport report = Objects.requireNonNull(sweep.build().execute().block());
            if (report.end() != End.FINISHED
                    || report.configurations().stream()
                            .anyMatch(c ->
                                    c.report().orElseThrow().total().items().ok() != rows.size())) {
                throw new IllegalStateException("the sweep did not finish:\n" + report.table());
            }
        }
    }

    private static Run<String> run(
            Dataset<Row> dataset, Path directory, int configuration, Call<ChatRequest, ChatResponse> chat) {
        Step<Row, String> answers = Step.<Row, String>map(
                        "answers",
                        row -> Flux.just(shared(row.question()), own(configuration, row.question()))
                                .concatMap(prompt -> Flux.range(0, SAMPLES).concatMap(sample -> ask(chat, prompt)))
                                .collectList()
                                .map(Object::toString))
                .concurrency(CONCURRENCY);
        return Run.builder(dataset, answers, directory, Codec.json(String.class))
                .configuration("c" + configuration)
                .build();
    }

    private static Mono<String> ask(Call<ChatRequest, ChatResponse> chat, String prompt) {
        return chat.apply(ChatRequest.builder("gpt-4o-mini")
                        .user(prompt)
                        .maxOutputTokens(60)
                        .build())
                .map(ChatResponse::text);
    }

    private static String shared(String question) {
        return "Solve this problem: " + question;
    }

    private static String own(int configuration, String question) {
        return "In the manner of textbook " + configuration + ", solve this problem: " + question;
    }

    /** Results that are not what {@code before} has, over all configurations. */
    private long differences(String name, Ablation others, String before) throws IOException {
        long differences = 0;
        for (int c = 0; c < CONFIGURATIONS; c++) {
            Map<String, String> ours = results(scratch.resolve(name).resolve("c" + c));
            Map<String, String> theirs = results(others.scratch.resolve(before).resolve("c" + c));
            differences += ours.entrySet().stream()
                    .filter(one -> !one.getValue().equals(theirs.remove(one.getKey())))
                    .count();
            differences += theirs.size(); // those that we have not
        }
        return differences;
    }

    private static Map<String, String> results(Path directory) throws IOException {
        Map<String, String> results = new HashMap<>();
        for (String line : Files.readAllLines(directory.resolve("results.jsonl"))) {
            JsonNode result = JSON.readTree(line);
            results.put(result.path("id").asString(), result.path("value").asString());
        }
        return results;
    }
}
