package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.observe.ScriptedMeter;
import io.headrace.run.RunReport.End;
import io.headrace.run.SweepReport.Configuration;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;
import reactor.util.retry.Retry;

class SweepTest {

    private static final Cost CENT = Cost.of(new BigDecimal("0.01"));

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Dataset<String> WORDS =
            Dataset.of(IntStream.range(0, 40).mapToObj(i -> "word" + i).toList());

    private static final Reduction<String, int[], Map<String, Object>> LENGTHS = Reduction.of(
            "lengths",
            () -> new int[1],
            (sum, item) -> {
                sum[0] += item.value().length();
                return sum;
            },
            sum -> Map.of("all", sum[0], "names", List.of("a", "b"), "deep", List.of(Map.of("x", 1))));

    @TempDir
    Path directory;

    /** How often each prompt was bought. */
    private final Map<String, AtomicInteger> bought = new ConcurrentHashMap<>();

    private final AtomicInteger inFlight = new AtomicInteger();

    /** Every call costs a cent and ten tokens. */
    private Call<String, String> stack(ResponseCache cache) {
        Call<String, String> model = prompt -> Mono.fromSupplier(() -> {
            bought.computeIfAbsent(prompt, p -> new AtomicInteger()).incrementAndGet();
            return prompt + "!";
        });
        return CallStack.of(model)
                .key(prompt ->
                        CallKeyBuilder.of("test", "answer").field("p", prompt).build())
                .codec(Codec.json(String.class))
                .meter(ScriptedMeter.of(CENT, Usage.of(7, 3), CENT))
                .cache(cache)
                .build();
    }

    private static Run.Builder<String, String> run(
            Path directory, String name, UnaryOperator<String> prompt, Call<String, String> call) {
        return Run.builder(
                        WORDS,
                        Step.<String, String>map("ask", word -> call.apply(prompt.apply(word))),
                        directory,
                        Codec.json(String.class))
                .configuration(name);
    }

    @Test
    void timer_tellsHowLongItTook() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Sinks.Empty<String> release = Sinks.empty();
        AtomicInteger begun = new AtomicInteger();
        Call<String, String> held = word -> {
            begun.incrementAndGet();
            return release.asMono().defaultIfEmpty(word);
        };
        Sweep sweep = Sweep.builder(directory)
                .timer(() -> time)
                .configuration("one", d -> run(d, "one", w -> w, held).build())
                .build();
        StepVerifier.create(sweep.execute())
                .then(() -> Runs.await(() -> begun.get() == 40))
                .then(() -> time.advanceTimeBy(Duration.ofMinutes(5)))
                .then(release::tryEmitEmpty)
                .assertNext(report -> assertThat(report.duration()).isEqualTo(Duration.ofMinutes(5)))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void secondSweepInTheDirectory_isRefused_andHarmsNotTheFirst() throws IOException {
        Sinks.Empty<String> release = Sinks.empty();
        AtomicInteger begun = new AtomicInteger();
        Call<String, String> held = word -> {
            begun.incrementAndGet();
            return release.asMono().defaultIfEmpty(word);
        };
        Sweep first = sweep("one", held);
        Sweep second = sweep("two", held);
        StepVerifier.create(first.execute())
                .then(() -> Runs.await(() -> begun.get() == 40))
                .then(() -> StepVerifier.create(second.execute())
                        .expectErrorSatisfies(error -> assertThat(error)
                                .isInstanceOf(IllegalStateException.class)
                                .hasMessageContainingAll("works in " + directory, "take another directory"))
                        .verify(SOON))
                .then(() -> assertThat(directory.resolve("two")).doesNotExist())
                .then(release::tryEmitEmpty)
                .assertNext(report -> assertThat(report.end()).isEqualTo(End.FINISHED))
                .expectComplete()
                .verify(SOON);
        assertThat(Files.readString(directory.resolve("comparison.json")))
                .contains("one")
                .doesNotContain("two");
        assertThat(second.execute().block(SOON).end()).as("it is free now").isEqualTo(End.FINISHED);
        assertThatThrownBy(() -> sweep("lock", held)).hasMessageContaining("the name 'lock' is taken");
    }

    @Test
    void cancelledSweep_leavesTheDirectoryFree() {
        Sweep sweep = sweep("one", word -> Mono.never());
        StepVerifier.create(sweep.execute()).thenCancel().verify(SOON);
        Sweep other = sweep("two", Mono::just);
        StepVerifier.create(other.execute().retryWhen(Retry.fixedDelay(1_000, Duration.ofMillis(10))))
                .assertNext(report -> assertThat(report.end()).isEqualTo(End.FINISHED))
                .expectComplete()
                .verify(SOON);
    }

    private Sweep sweep(String name, Call<String, String> call) {
        return Sweep.builder(directory)
                .configuration(name, d -> run(d, name, w -> w, call).build())
                .build();
    }

    @Test
    void eachConfiguration_isARunOfItsOwn_andAllAreCompared() throws IOException {
        try (ResponseCache cache = InMemoryCache.create()) {
            Call<String, String> call = stack(cache);
            Sweep sweep = Sweep.builder(directory)
                    .configuration(
                            "shared",
                            d -> run(d, "shared", w -> w, call)
                                    .reduction(LENGTHS)
                                    .build())
                    .configuration(
                            "half",
                            d -> run(d, "half", w -> w.compareTo("word2") < 0 ? w : "other " + w, call)
                                    .reduction(LENGTHS)
                                    .build())
                    .build();
            SweepReport report = sweep.execute().block(SOON);

            assertThat(report.end()).isEqualTo(End.FINISHED);
            assertThat(report.configurations()).extracting(Configuration::name).containsExactly("shared", "half");
            assertThat(bought.values()).as("shared prompts are bought once").allMatch(times -> times.get() == 1);
            RunReport half = report.configurations().get(1).report().orElseThrow();
            assertThat(half.total().calls().cached()).isEqualTo(12);
            assertThat(half.total().calls().sent()).isEqualTo(28);
            assertThat(directory.resolve("shared/results.jsonl")).exists();
            assertThat(directory.resolve("half/report.json")).exists();

            assertThat(Files.readString(directory.resolve("comparison.json")))
                    .contains("\"name\" : \"half\"", "\"callsSent\" : 28", "\"lengths\" : {", "\"deep\":[{\"x\":1}]");
            assertThat(Files.readAllLines(directory.resolve("comparison.csv")))
                    .hasSize(3)
                    .first()
                    .asString()
                    .startsWith("configuration,end,items,ok,failed,skipped,pending,callsSent,callsCached")
                    .contains("costUsd", "savedUsd", "lengths.all", "lengths.names")
                    .doesNotContain("deep");
            assertThat(Files.readString(directory.resolve("comparison.txt")))
                    .isEqualTo(report.table())
                    .containsPattern("callsSent +40 +28\n")
                    .containsPattern("callsCached +0 +12\n")
                    .containsPattern("costUsd +0.40 +0.28\n")
                    .containsPattern("savedUsd +0 +0.12\n")
                    .containsPattern("lengths.names +a b +a b\n");

            SweepReport again = sweep.execute().block(SOON);
            assertThat(again.configurations())
                    .allMatch(configuration -> configuration
                                    .report()
                                    .orElseThrow()
                                    .thisRun()
                                    .calls()
                                    .sent()
                            == 0);
            assertThat(again.table()).containsPattern("callsSent +40 +28\n").containsPattern("sentThisTime +0 +0\n");
        }
    }

    private Run<String> slow(Path directory, Mono<String> answer) {
        return run(
                        directory,
                        "",
                        w -> w,
                        word -> Mono.defer(() -> {
                            inFlight.incrementAndGet();
                            return answer;
                        }))
                .grace(Duration.ofMillis(200))
                .build();
    }

    @Test
    void oneAfterAnother_orAsManyAsTold() {
        for (int atOnce : new int[] {1, 2}) {
            AtomicInteger running = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            Sweep.Builder builder =
                    Sweep.builder(directory.resolve("" + atOnce)).atOnce(atOnce);
            for (String name : List.of("a", "b", "c", "d")) {
                builder.configuration(
                        name,
                        d -> Run.builder(
                                        Dataset.of(List.of("x")),
                                        Step.<String, String>map(
                                                "work",
                                                word -> Mono.fromRunnable(() -> most.accumulateAndGet(
                                                                running.incrementAndGet(), Math::max))
                                                        .then(until(() -> most.get() >= atOnce))
                                                        .then(Mono.delay(Duration.ofMillis(100))) // for one too many
                                                        .doOnTerminate(running::decrementAndGet)
                                                        .thenReturn(word)),
                                        d,
                                        Codec.json(String.class))
                                .build());
            }
            assertThat(builder.build().execute().block(SOON).end()).isEqualTo(End.FINISHED);
            assertThat(most).hasValue(atOnce);
        }
    }

    @Test
    void stop_endsAllAndBeginsNoMore_andTheNextSweepGoesOn() throws IOException {
        Sinks.One<String> answer = Sinks.one();
        AtomicInteger begun = new AtomicInteger();
        Sweep sweep = Sweep.builder(directory)
                .configuration("one", d -> slow(d, answer.asMono()))
                .configuration(
                        "two",
                        d -> run(
                                        d,
                                        "",
                                        w -> w,
                                        word -> Mono.fromSupplier(() -> {
                                            begun.incrementAndGet();
                                            return word;
                                        }))
                                .build())
                .build();
        StepVerifier.create(sweep.execute())
                .expectSubscription()
                .then(() -> awaitWork(40))
                .then(sweep::stop)
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.STOPPED);
                    assertThat(report.configurations().get(0).report()).isPresent();
                    assertThat(report.configurations().get(1).report()).isEmpty();
                    assertThat(report.configurations().get(1).reason()).isEqualTo("stopped on request");
                    assertThat(report.table()).contains("two: stopped, stopped on request");
                })
                .expectComplete()
                .verify(SOON);
        assertThat(begun).hasValue(0);
        assertThat(directory.resolve("comparison.csv")).exists();
        assertThat(directory.resolve("two")).doesNotExist();

        answer.tryEmitValue("late");
        SweepReport again = sweep.execute().block(SOON);
        assertThat(again.end()).isEqualTo(End.FINISHED);
        assertThat(begun).hasValue(40);
        assertThat(Files.readAllLines(directory.resolve("one/results.jsonl"))).hasSize(40);
    }

    private void awaitWork(int calls) {
        until(() -> inFlight.get() >= calls).block(SOON);
    }

    private static Mono<Integer> until(BooleanSupplier condition) {
        return Mono.defer(() -> condition.getAsBoolean() ? Mono.just(1) : Mono.<Integer>empty())
                .repeatWhenEmpty(times -> times.delayElements(Duration.ofMillis(5)));
    }

    @Test
    void secondStop_cutsOff() {
        Sweep sweep = Sweep.builder(directory)
                .atOnce(2)
                .configuration(
                        "one",
                        d -> run(
                                        d,
                                        "",
                                        w -> w,
                                        word -> Mono.<String>never().doOnSubscribe(s -> inFlight.incrementAndGet()))
                                .grace(Duration.ofMinutes(5))
                                .build())
                .configuration(
                        "two",
                        d -> run(
                                        d,
                                        "",
                                        w -> w,
                                        word -> Mono.<String>never().doOnSubscribe(s -> inFlight.incrementAndGet()))
                                .grace(Duration.ofMinutes(5))
                                .build())
                .build();
        StepVerifier.create(sweep.execute())
                .expectSubscription()
                .then(() -> awaitWork(80))
                .then(sweep::stop)
                .then(sweep::stop)
                .assertNext(report -> assertThat(report.configurations())
                        .allMatch(c -> c.report().orElseThrow().total().items().cancelled() == 40))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void pause_holdsAllAndThoseThatBeginLater() {
        Sweep sweep = Sweep.builder(directory)
                .configuration("one", d -> slow(d, Mono.just("x")))
                .build();
        sweep.pause();
        StepVerifier.create(sweep.execute())
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(300))
                .then(() -> assertThat(inFlight).hasValue(0))
                .then(sweep::resume)
                .assertNext(report -> assertThat(report.end()).isEqualTo(End.FINISHED))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void brokenConfiguration_doesNotKeepTheOthersFromRunning() {
        Sweep sweep = Sweep.builder(directory)
                .configuration(
                        "broken",
                        d -> Run.builder(
                                        Dataset.jsonl(directory.resolve("missing.jsonl"))
                                                .text("t"),
                                        Step.<String, String>map("ask", Mono::just),
                                        d,
                                        Codec.json(String.class))
                                .build())
                .configuration("fine", d -> slow(d, Mono.just("x")))
                .build();
        SweepReport report = sweep.execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.BROKEN);
        assertThat(report.configurations().get(0).reason()).contains("missing.jsonl");
        assertThat(report.configurations().get(1).end()).isEqualTo(End.FINISHED);
        assertThat(report.table()).contains("broken: broken, ");
    }

    @Test
    void budget_isOneForAll() {
        try (ResponseCache cache = InMemoryCache.create()) {
            Call<String, String> call = stack(cache);
            Budget budget = Budget.ofUsd(new BigDecimal("0.50"));
            Sweep sweep = Sweep.builder(directory)
                    .configuration(
                            "one",
                            d -> run(d, "one", w -> "1" + w, call)
                                    .budget(budget)
                                    .build())
                    .configuration(
                            "two",
                            d -> run(d, "two", w -> "2" + w, call)
                                    .budget(budget)
                                    .build())
                    .build();
            SweepReport report = sweep.execute().block(SOON);
            assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
            assertThat(report.configurations())
                    .extracting(c -> c.report().orElseThrow().total().calls().sent())
                    .containsExactly(40L, 10L);
            assertThat(budget.balance().usd().spent()).isEqualByComparingTo("0.50");
        }
    }

    @Test
    void progress_tellsOfEachAndEndsWithTheSweep() {
        Sinks.One<String> answer = Sinks.one();
        Sweep sweep = Sweep.builder(directory)
                .configuration("one", d -> slow(d, answer.asMono()))
                .configuration("two", d -> slow(d, Mono.just("y")))
                .build();
        List<SweepProgress> seen = new CopyOnWriteArrayList<>();
        Mono<Void> watched = sweep.progress(Duration.ofMillis(20))
                .doOnNext(progress -> {
                    seen.add(progress);
                    if (progress.configurations().get(0).progress().isPresent()
                            && progress.configurations().get(0).progress().get().inFlight() == 40) {
                        answer.tryEmitValue("x");
                    }
                })
                .then();
        Mono.when(watched, sweep.execute()).block(SOON);
        assertThat(seen.get(0).count(SweepProgress.State.ENDED)).isZero();
        SweepProgress last = seen.get(seen.size() - 1);
        assertThat(last.count(SweepProgress.State.ENDED)).isEqualTo(2);
        assertThat(last.configurations())
                .extracting(SweepProgress.Configuration::name)
                .containsExactly("one", "two");
        assertThat(seen).anyMatch(progress -> progress.configurations().get(1).state() == SweepProgress.State.WAITING);
        assertThatThrownBy(() -> sweep.progress(Duration.ZERO)).hasMessageContaining("positive");
        StepVerifier.create(sweep.progress(Duration.ofDays(1_000 * 365L)))
                .assertNext(end -> assertThat(end.done()).isEqualTo(80))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void cancel_stopsAllInTheBackground_andItCanRunAgain() {
        Sweep sweep = Sweep.builder(directory)
                .configuration("one", d -> slow(d, inFlight.get() > 0 ? Mono.just("x") : Mono.never()))
                .build();
        StepVerifier.create(sweep.execute())
                .expectSubscription()
                .then(() -> awaitWork(40))
                .thenCancel()
                .verify(SOON);
        sweep.closed().block(SOON);
        assertThat(directory.resolve("one/report.json")).exists();
    }

    @Test
    void runningSweep_isNotRunTwice() {
        Sinks.One<String> answer = Sinks.one();
        Sweep sweep = Sweep.builder(directory)
                .configuration("one", d -> slow(d, answer.asMono()))
                .build();
        StepVerifier.create(sweep.execute())
                .expectSubscription()
                .then(() -> awaitWork(40))
                .then(() -> assertThatThrownBy(() -> sweep.execute().block(SOON))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("the sweep is running"))
                .then(() -> answer.tryEmitValue("x"))
                .expectNextCount(1)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void names_areThoseOfDirectories() {
        Sweep.Builder builder = Sweep.builder(directory);
        for (String name : List.of("", ".", "..", "../x", "a/b", ".hidden", "a b", "ä", "a".repeat(101))) {
            assertThatThrownBy(() -> builder.configuration(name, d -> slow(d, Mono.empty())))
                    .hasMessageContaining("must be named by letters");
        }
        for (String file : List.of("comparison.json", "comparison.csv", "Comparison.TXT")) {
            assertThatThrownBy(() -> builder.configuration(file, d -> slow(d, Mono.empty())))
                    .hasMessageContaining("is taken");
        }
        builder.configuration("Same", d -> slow(d, Mono.empty()));
        assertThatThrownBy(() -> builder.configuration("same", d -> slow(d, Mono.empty())))
                .hasMessageContaining("two configurations are named 'same'");
        assertThatThrownBy(() -> Sweep.builder(directory).build()).hasMessageContaining("at least one");
        assertThatThrownBy(() -> builder.atOnce(0)).hasMessageContaining("at least 1");
    }
}
