package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Codec;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.run.RunReport.End;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What users hand to a run may be broken for one row, or for all: the run ends, and every row is accounted for. */
@NullUnmarked
class RunBrokenPartsTest extends Runs {

    /** Three rows, one of which is bad. */
    private void checkOneFails(Run<?> run) {
        RunReport report = run.execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items().ok()).isEqualTo(2);
        assertThat(report.total().items().failed()).isEqualTo(1);
    }

    /** What is reported of a run over {@code dataset}, which breaks it. */
    private RunReport broken(Dataset<String> dataset) {
        Run<String> run = run(dataset, Runs::upper).build();
        StepVerifier.create(run.execute()).expectError().verify(SOON);
        run.closed().block(SOON);
        RunReport report = run.report().orElseThrow();
        assertThat(report.end()).isEqualTo(End.BROKEN);
        return report;
    }

    private static <T> T isBad(String word, Supplier<Object> way, T good) {
        @SuppressWarnings("unchecked") // null or nothing
        T bad = word.equals("word1") ? (T) way.get() : good;
        return word.equals("word1") ? bad : good;
    }

    private static Codec<String> codec(Supplier<Object> way) {
        return new Codec<>() {
            @Override
            public byte[] encode(String value) {
                return isBad(value, way, Codec.json(String.class).encode(value));
            }

            @Override
            public String decode(byte[] bytes) {
                return Codec.json(String.class).decode(bytes);
            }
        };
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void idsOfADataset(Supplier<Object> way) {
        checkOneFails(run(words(3).withIds(word -> isBad(word, way, word)), Runs::upper)
                .build());
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void versionsOfADataset(Supplier<Object> way) {
        checkOneFails(run(words(3).withVersions(codec(way)), Runs::upper).build());
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void codecOfResults(Supplier<Object> way) {
        checkOneFails(Run.builder(words(3), Step.<String, String>map("same", Mono::just), directory, codec(way))
                .build());
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void functionsOfAllSteps(Supplier<Object> way) {
        List<Function<String, Step<String, String>>> steps = List.of(
                name -> Step.map(name, word -> isBad(word, way, Mono.just(word))),
                name -> Step.<String, String>map(name, word -> isBad(word, way, Mono.just(word)))
                        .ordered(),
                name -> Step.<String, String>map(name, word -> isBad(word, way, Mono.just(word)))
                        .offload(),
                name -> Step.compute(name, word -> isBad(word, way, word)),
                name -> Step.filterWhen(name, word -> isBad(word, way, Mono.just(true))),
                name -> Step.expand(name, word -> isBad(word, way, Flux.just(word))),
                name -> Step.batch(name, 1, items -> isBad(items.get(0).value(), way, Flux.fromIterable(items))));
        for (int i = 0; i < steps.size(); i++) {
            checkOneFails(Run.builder(
                            words(3),
                            steps.get(i).apply("step" + i),
                            directory.resolve("run" + i),
                            Codec.json(String.class))
                    .build());
        }
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void reductions_failByThemselves(Supplier<Object> way) {
        RunReport report = run(words(3), Runs::upper)
                .reduction(Reduction.of("begin", () -> (Integer) way.get(), (a, item) -> a + 1, a -> a))
                .reduction(Reduction.of("add", () -> 0, (a, item) -> (Integer) way.get(), a -> a))
                .reduction(Reduction.of("finish", () -> 0, (a, item) -> a + 1, a -> way.get()))
                .reduction(new Reduction<String, Integer, Integer>(
                        "later", () -> 0, (a, item) -> a + 1, a -> Mono.fromSupplier(() -> (Integer) way.get())))
                .reduction(Reduction.of("good", () -> 0, (a, item) -> a + 1, a -> a))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.failedReductions()).containsOnlyKeys("begin", "add", "finish", "later");
        assertThat(report.reductions()).containsEntry("good", 3);
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void publisherThatBreaksMidway_leavesWhatItGave(Supplier<Object> way) {
        Dataset<String> dataset = Dataset.from(
                "broken", Flux.just("a", "b", "c").map(word -> word.equals("c") ? (String) way.get() : word));
        RunReport report = broken(dataset);
        assertThat(report.total().items().ok()).isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource("io.headrace.BrokenWays#ways")
    void publisherThatCannotBeAsked_endsTheRun(Supplier<Object> way) {
        Dataset<String> dataset = Dataset.from("broken", subscriber -> {
            var unused = way.get();
            Operators.error(subscriber, new IllegalStateException("nothing there"));
        });
        broken(dataset);
    }

    @Test
    void publisherOnItsOwnThread_thatKnowsNoDemand_losesNothing() {
        Dataset<String> dataset = Dataset.from("pushed", subscriber -> {
            subscriber.onSubscribe(Operators.emptySubscription());
            Schedulers.boundedElastic().schedule(() -> {
                IntStream.range(0, 3_000).forEach(i -> subscriber.onNext("word" + i));
                subscriber.onComplete();
            });
        });
        RunReport report = Run.builder(
                        dataset,
                        Step.<String, String>map("upper", Runs::upper).concurrency(2),
                        directory,
                        Codec.json(String.class))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items().ok()).isEqualTo(3_000);
    }
}
