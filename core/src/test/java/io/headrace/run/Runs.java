package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Codec;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.run.RunReport.Items;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Runs over words in a directory of their own. */
abstract class Runs {

    static final Duration SOON = Duration.ofSeconds(20);

    static final Reduction<String, long[], Long> LENGTHS = Reduction.of(
            "lengths",
            () -> new long[1],
            (sum, item) -> {
                sum[0] += item.value().length();
                return sum;
            },
            sum -> sum[0]);

    @TempDir
    Path directory;

    static Dataset<String> words(int count) {
        return Dataset.of(IntStream.range(0, count).mapToObj(i -> "word" + i).toList());
    }

    Run.Builder<String, String> run(Dataset<String> dataset, Function<String, Mono<String>> step) {
        return Run.builder(dataset, Pipeline.of(Step.map("upper", step::apply)), directory, Codec.json(String.class));
    }

    List<String> results() throws IOException {
        return Files.readAllLines(directory.resolve("results.jsonl"));
    }

    static Mono<String> upper(String word) {
        return Mono.just(word.toUpperCase(Locale.ROOT));
    }

    static void identity(Items items) {
        assertThat(items.ok() + items.failed() + items.skipped() + items.cancelled() + items.pending())
                .isEqualTo(items.in());
        assertThat(items.pending()).isNotNegative();
    }

    static void await(BooleanSupplier condition) {
        Flux.interval(Duration.ofMillis(2))
                .takeUntil(tick -> condition.getAsBoolean())
                .blockLast(SOON);
    }
}
