package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Codec;
import io.headrace.Item;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.run.RunReport.End;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Reductions at the end of a run. */
class RunReductionsTest extends Runs {

    @Test
    void failingReduction_isInTheReportByName() throws IOException {
        Reduction<String, Integer, Integer> bad = new Reduction<>(
                "bad", () -> 0, (state, item) -> state, state -> Mono.error(new IllegalStateException("no answer")));
        RunReport report = run(words(1), Runs::upper)
                .reduction(bad)
                .reduction(LENGTHS)
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.failedReductions()).containsExactly(Map.entry("bad", "no answer"));
        assertThat(report.reductions()).containsOnlyKeys("lengths");
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"bad\" : \"no answer\"");
        assertThat(Files.readString(directory.resolve("report.txt"))).contains("reduction 'bad' failed: no answer");
    }

    @Test
    void resultThatCannotBeReadBack_isNamedByItsLine() {
        Codec<String> forgetful = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                return Codec.json(String.class).encode(value);
            }

            @Override
            public String decode(byte[] bytes) {
                String text = Codec.json(String.class).decode(bytes);
                if (text.equals("WORD1")) {
                    throw new IllegalArgumentException("what is this?");
                }
                return text;
            }
        };
        RunReport report = Run.builder(
                        words(3), Step.<String, String>map("upper", Runs::upper).ordered(), directory, forgetful)
                .reduction(LENGTHS)
                .build()
                .execute()
                .block(SOON);
        assertThat(report.failedReductions())
                .containsExactly(Map.entry("lengths", "results.jsonl line 2 cannot be read back: what is this?"));
    }

    @Test
    void numbersNamesAndDepthsOfAnySizeThatIsWritten_areReadBack() {
        BigInteger number = BigInteger.TEN.pow(5_000).add(BigInteger.ONE);
        checkReadBack(BigInteger.class, number, Codec.json(BigInteger.class));
        BigDecimal fraction = new BigDecimal(number, 3_000);
        checkReadBack(BigDecimal.class, fraction, Codec.json(BigDecimal.class));
        checkReadBack(Map.class, Map.of("name".repeat(20_000), 1), Codec.json(Map.class));
        Map<String, Object> deep = Map.of();
        for (int depth = 1; depth < 500; depth++) {
            deep = Map.of("a", deep);
        }
        checkReadBack(Map.class, deep, Codec.json(Map.class));
        checkReadBack(
                BigInteger.class,
                number,
                new Codec<BigInteger>() { // somebody's own
                    @Override
                    public byte[] encode(BigInteger value) {
                        return value.toString().getBytes(UTF_8);
                    }

                    @Override
                    public BigInteger decode(byte[] bytes) {
                        return new BigInteger(new String(bytes, UTF_8));
                    }
                });
    }

    private <T> void checkReadBack(Class<T> type, T value, Codec<T> codec) {
        AtomicReference<T> read = new AtomicReference<>();
        Reduction<T, Integer, Integer> seen = Reduction.of(
                "seen",
                () -> 0,
                (count, item) -> {
                    read.set(item.value());
                    return count + 1;
                },
                count -> count);
        Path own = directory.resolve(type.getSimpleName() + codec.getClass().getSimpleName() + value.hashCode());
        RunReport report = Run.builder(words(1), Step.<String, T>compute("make", word -> value), own, codec)
                .reduction(seen)
                .build()
                .execute()
                .block(SOON);
        assertThat(report.failedReductions()).isEmpty();
        assertThat(report.total().items().ok()).isEqualTo(1);
        assertThat(read.get()).isEqualTo(value);
    }

    @Test
    void children_tellTheirRowInReductionsToo() {
        Function<String, Flux<String>> two = word -> Flux.just(word, "a/b");
        Pipeline<String, String> steps = Step.<String, String>expand("first", two)
                .then(Step.expand("second", two))
                .then(Step.<String, String>compute("same", word -> word));
        Reduction<String, List<Item<String>>, List<String>> rows = Reduction.of(
                "rows",
                ArrayList::new,
                (all, item) -> {
                    all.add(item);
                    return all;
                },
                all -> all.stream()
                        .map(item -> item.id() + " of " + item.rowId() + " by "
                                + Objects.requireNonNull(item.expansion()).parentId())
                        .sorted()
                        .toList());
        Dataset<String> dataset = Dataset.of(List.of("x", "y")).withIds(word -> word + "/7");
        RunReport report = Run.builder(dataset, steps, directory, Codec.json(String.class))
                .reduction(rows)
                .build()
                .execute()
                .block(SOON);
        List<String> onAFlux = rows.apply(dataset.items().transform(steps)).block(SOON);
        assertThat(onAFlux).hasSize(8).contains("x/7/0/1 of x/7 by x/7/0", "y/7/1/0 of y/7 by y/7/1");
        assertThat(report.reductions()).containsExactly(Map.entry("rows", onAFlux));
    }

    @Test
    void reductionWithoutResult_hasFailed_whetherEmptyCutOffOrOutOfStack() {
        AtomicReference<Run<String>> running = new AtomicReference<>();
        Reduction<String, Integer, Integer> empty =
                new Reduction<>("empty", () -> 0, (state, item) -> state, state -> Mono.empty());
        Reduction<String, Integer, Integer> deep =
                Reduction.of("deep", () -> 0, (state, item) -> endless(state), state -> state);
        Reduction<String, Integer, Integer> late =
                Reduction.of("late", () -> 0, (state, item) -> state, state -> endless(state));
        Reduction<String, Integer, Integer> stopped = new Reduction<>("stopped", () -> 0, (state, item) -> state, s -> {
            running.get().abort();
            return Mono.never();
        });
        running.set(run(words(1), Runs::upper)
                .reduction(empty)
                .reduction(deep)
                .reduction(late)
                .reduction(stopped)
                .build());
        RunReport report = running.get().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.reductions()).isEmpty();
        assertThat(report.failedReductions()).containsOnlyKeys("empty", "deep", "late", "stopped");
        assertThat(report.failedReductions().get("empty")).contains("no result");
        assertThat(report.failedReductions().get("deep")).contains("StackOverflowError");
        assertThat(report.failedReductions().get("late")).contains("StackOverflowError");
        assertThat(report.failedReductions().get("stopped")).contains("cut off");
    }

    @Test
    void fileOfAReduction_goesWhenTheReductionFailsOrTheRunDoesNotFinish() {
        AtomicReference<Mono<Long>> result = new AtomicReference<>(Mono.just(1L));
        Reduction<String, Integer, Long> sum =
                new Reduction<>("sum", () -> 0, (state, item) -> state, state -> result.get());
        Path file = directory.resolve("sum.json");
        Run<String> run = run(words(2), Runs::upper).reduction(sum).build();
        run.execute().block(SOON);
        assertThat(file).exists();
        result.set(Mono.error(new IllegalStateException("no answer")));
        run.execute().block(SOON);
        assertThat(file).doesNotExist();
        result.set(Mono.just(1L));
        run.execute().block(SOON);
        assertThat(file).exists();
        AtomicInteger begun = new AtomicInteger();
        Run<String> longer = run(words(3), word -> begun.incrementAndGet() < 0 ? upper(word) : Mono.never())
                .reduction(sum)
                .build();
        StepVerifier.create(longer.execute())
                .then(() -> await(() -> begun.get() == 1))
                .then(longer::abort)
                .assertNext(
                        report -> assertThat(report.notes()).anyMatch(note -> note.contains("sum.json of an earlier")))
                .expectComplete()
                .verify(SOON);
        assertThat(file).doesNotExist();
    }

    @SuppressWarnings("InfiniteRecursion") // that is the point
    private static int endless(int n) {
        return endless(n + 1) + 1;
    }

    @Test
    void reductionWhoseFileIsTaken_isRefused() {
        Run.Builder<String, String> builder = run(words(1), Runs::upper).reduction(LENGTHS);
        Reduction<String, Integer, Integer> report = Reduction.of("report", () -> 0, (s, item) -> s, s -> s);
        assertThatThrownBy(() -> builder.reduction(LENGTHS)).hasMessageContaining("'lengths'");
        assertThatThrownBy(() -> builder.reduction(report)).hasMessageContaining("'report'");
    }
}
