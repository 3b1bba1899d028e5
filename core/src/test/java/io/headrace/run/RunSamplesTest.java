package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the rows of a run read: the same again when they run again, and what the policy of the run allows. */
class RunSamplesTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Codec<String> TEXT = Codec.json(String.class);

    @TempDir
    Path directory;

    private final InMemoryCache cache = InMemoryCache.create();
    private final AtomicInteger paid = new AtomicInteger();
    private final Call<String, String> call = CallStack.<String, String>of(
                    request -> Mono.fromSupplier(() -> request + "-" + paid.incrementAndGet()))
            .key(RunSamplesTest::key)
            .codec(TEXT)
            .refusal(answer -> answer.startsWith("no"))
            .cache(cache)
            .build();

    private static CallKey key(String request) {
        return new CallKey(new Fingerprint(request.hashCode(), 1, 2, 3), List.of());
    }

    private static Dataset<String> words(int count) {
        return Dataset.of(IntStream.range(0, count).mapToObj(i -> "word" + i).toList());
    }

    private Run.Builder<String, String> run(String folder, Pipeline<String, String> pipeline, int rows) {
        return Run.builder(words(rows), pipeline, directory.resolve(folder), TEXT);
    }

    private List<String> results(String folder) throws IOException {
        try (var lines = Files.lines(directory.resolve(folder).resolve("results.jsonl"))) {
            return lines.map(line -> line.substring(line.indexOf("\"value\""), line.indexOf("\"durationMs\"")))
                    .sorted()
                    .toList();
        }
    }

    /** Two equal prompts for each row in each of two steps; the prompts of all rows are equal. */
    private Pipeline<String, String> draws() {
        return Step.<String, String>map("draw", word -> two(word, "")).then(Step.map("again", word -> two("", word)));
    }

    private Mono<String> two(String word, String before) {
        return Flux.range(0, 2).concatMap(i -> call.apply("q")).collectList().map(answers -> before + word + answers);
    }

    @Test
    void rowsThatRunAgain_readExactlyWhatTheyReadBefore_forNothing() throws IOException {
        run("one", draws(), 20).build().execute().block(SOON);
        assertThat(paid).hasValue(4);
        run("two", draws(), 20).build().execute().block(SOON);
        assertThat(paid).hasValue(4);
        assertThat(results("two")).hasSize(20).isEqualTo(results("one"));
    }

    @Test
    void rowsThatWereCutOff_readExactlyWhatTheyReadBefore() throws IOException {
        AtomicInteger seen = new AtomicInteger();
        Pipeline<String, String> slow = Step.<String, String>map("draw", word -> two(word, ""))
                .then(Step.map(
                        "again",
                        word -> seen.incrementAndGet() > 5 ? two("", word).then(Mono.never()) : two("", word)));
        Run<String> killed = run("one", slow, 20).grace(Duration.ZERO).build();
        killed.outcomes().take(5).blockLast(SOON);
        killed.closed().block(SOON);
        assertThat(paid).hasValue(4);
        seen.set(-1_000);
        run("one", slow, 20).build().execute().block(SOON);
        assertThat(paid).hasValue(4);
        run("whole", draws(), 20).build().execute().block(SOON);
        assertThat(paid).hasValue(4);
        assertThat(results("one")).hasSize(20).isEqualTo(results("whole"));
    }

    @Test
    void namespaces_areNamedForStepsAndConfiguration_orAsTold() {
        Pipeline<String, String> ask = Pipeline.of(Step.map("ask", call::apply));
        run("a", draws(), 1).build().execute().block(SOON);
        assertThat(namespace("q")).startsWith("draw+again/");
        run("b", ask, 1).configuration("model x").build().execute().block(SOON);
        assertThat(namespace("word0")).matches("ask@[0-9a-f]{8}/.+");
        cache.clear().block(SOON);
        run("c", ask, 1).namespace("study").build().execute().block(SOON);
        assertThat(namespace("word0")).startsWith("study/");
        assertThatThrownBy(() -> run("d", ask, 1).namespace(" ")).isInstanceOf(IllegalArgumentException.class);
    }

    private String namespace(String request) {
        return cache.get(key(request).fingerprint(), 0).block(SOON).namespace();
    }

    @Test
    void readOnlyRun_replaysWithoutANetwork_andFailsRowsThatAreNotThere() {
        Pipeline<String, String> ask = Pipeline.of(Step.map("ask", call::apply));
        run("a", ask, 5).build().execute().block(SOON);
        RunReport report = run("b", ask, 7)
                .cachePolicy(CachePolicy.readOnly())
                .build()
                .execute()
                .block(SOON);
        assertThat(report.total().items().ok()).isEqualTo(5);
        assertThat(report.total().items().failed()).isEqualTo(2);
        assertThat(paid).hasValue(5);
    }

    @Test
    void refreshingRun_buysEachSampleOnce_whicheverRowsShareIt() {
        run("a", draws(), 20).build().execute().block(SOON);
        run("b", draws(), 20)
                .cachePolicy(CachePolicy.refresh())
                .build()
                .execute()
                .block(SOON);
        assertThat(paid).hasValue(8);
    }

    @Test
    void bypassingRun_buysEverything() {
        run("a", draws(), 3).cachePolicy(CachePolicy.bypass()).build().execute().block(SOON);
        assertThat(paid).hasValue(12);
    }

    @Test
    void rowsThatWereDeclined_areNotGivenTheStoredRefusalAgain() throws IOException {
        Pipeline<String, String> declining = Pipeline.of(Step.map(
                "ask",
                word -> call.apply("no " + word)
                        .flatMap(answer -> word.equals("word1") && answer.endsWith("-2")
                                ? Mono.<String>error(ApiException.builder(ErrorKind.REFUSED, "declined")
                                        .build())
                                : word.equals("word2") && paid.get() < 10
                                        ? Mono.<String>error(new IllegalStateException("parse"))
                                        : Mono.just(answer))));
        Run.Builder<String, String> first = run("a", declining, 3);
        first.build().execute().block(SOON);
        assertThat(paid).hasValue(3);
        paid.set(10);
        RunReport again =
                run("a", declining, 3).retryFailed(true).build().execute().block(SOON);
        assertThat(again.total().items().ok()).isEqualTo(3);
        assertThat(paid).hasValue(11);
        assertThat(results("a")).anyMatch(line -> line.contains("no word1-11"));
        assertThat(results("a")).anyMatch(line -> line.contains("no word2-3"));
    }
}
