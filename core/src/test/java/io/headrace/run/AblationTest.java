package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.run.RunReport.End;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Configurations that share half of their prompts, each asked twice in an item, by a model that never answers twice alike. */
class AblationTest {

    private static final int CONFIGURATIONS = 5;
    private static final int ROWS = 40;
    private static final int SAMPLES = 2;

    @TempDir
    Path directory;

    /** How often each prompt was bought. */
    private final Map<String, AtomicInteger> bought = new ConcurrentHashMap<>();

    private final Call<String, String> model = prompt -> Mono.fromSupplier(() -> prompt + " #"
                    + bought.computeIfAbsent(prompt, p -> new AtomicInteger()).incrementAndGet())
            .delaySubscription(Duration.ofNanos(ThreadLocalRandom.current().nextLong(2_000_000)));

    @Test
    void paysForEachSampleOnce_andGivesTheSameWhateverTheOrder() {
        Map<String, String> first;
        try (ResponseCache cache = InMemoryCache.create()) {
            first = sweep("first", 1, 0, cache);
            assertPaid();
            assertThat(first).hasSize(CONFIGURATIONS * ROWS);
            assertThat(first.values())
                    .as("samples are independent")
                    .allMatch(value -> value.contains("#1, ") && value.contains("#2"));

            bought.clear();
            assertThat(sweep("second", 1, 1, cache)).isEqualTo(first);
            assertThat(bought).isEmpty();
        }
        for (int seed = 2; seed < 5; seed++) {
            bought.clear();
            try (ResponseCache fresh = InMemoryCache.create()) {
                assertThat(sweep("all at once " + seed, CONFIGURATIONS, seed, fresh))
                        .isEqualTo(first);
                assertPaid();
            }
        }
    }

    /** Exactly the distinct pairs of prompt and sample. */
    private void assertPaid() {
        assertThat(bought).hasSize(ROWS * (1 + CONFIGURATIONS));
        assertThat(bought.values()).allMatch(times -> times.get() == SAMPLES);
    }

    private Map<String, String> sweep(String name, int atOnce, int seed, ResponseCache cache) {
        Call<String, String> call = CallStack.of(model)
                .key(prompt ->
                        CallKeyBuilder.of("test", "answer").field("p", prompt).build())
                .codec(Codec.json(String.class))
                .cache(cache)
                .build();
        List<String> rows = new ArrayList<>(
                IntStream.range(0, ROWS).mapToObj(i -> "row" + i).toList());
        Collections.shuffle(rows, new Random(seed));
        Dataset<String> dataset = Dataset.of(rows).withIds(row -> row);
        Map<String, String> results = new ConcurrentHashMap<>();
        Sweep.Builder sweep = Sweep.builder(directory.resolve(name)).atOnce(atOnce);
        for (int c = 0; c < CONFIGURATIONS; c++) {
            String configuration = "c" + c;
            Step<String, String> ask = Step.map(
                    "ask",
                    row -> Flux.just("shared " + row, configuration + " " + row)
                            .concatMap(prompt -> Flux.range(0, SAMPLES).concatMap(sample -> call.apply(prompt)))
                            .collectList()
                            .map(Object::toString)
                            .doOnNext(answers -> results.put(configuration + "/" + row, answers)));
            sweep.configuration(
                    configuration,
                    d -> Run.builder(dataset, ask, d, Codec.json(String.class))
                            .configuration(configuration)
                            .build());
        }
        assertThat(sweep.build().execute().block(Duration.ofSeconds(60)).end()).isEqualTo(End.FINISHED);
        return new TreeMap<>(results);
    }
}
