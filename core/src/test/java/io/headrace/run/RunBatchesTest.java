package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Outcome;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.ScriptedBatchApi;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.observe.Meter;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.util.retry.Retry;

/** Runs whose calls go by batches: several passes, and processes. */
class RunBatchesTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private final InMemoryCache cache = InMemoryCache.create();
    private final List<String> online = new CopyOnWriteArrayList<>();
    private Function<String, String> answers = request -> request + "!";
    private final ScriptedBatchApi api = new ScriptedBatchApi(request -> answers.apply(request));
    private BatchQueue queue;
    private boolean priced = true;

    /** Two cents at most and one in fact, and half of it by batches; ten tokens of twenty. */
    private final class Prices implements Meter<String, String> {

        private final BigDecimal unit;

        Prices(String unit) {
            this.unit = new BigDecimal(unit);
        }

        @Override
        public Cost ceiling(String request) {
            return priced ? Cost.of(unit.add(unit)) : Cost.UNKNOWN;
        }

        @Override
        public Usage usage(String answer) {
            return Usage.of(4, 6);
        }

        @Override
        public Cost cost(String answer) {
            return Cost.of(unit);
        }

        @Override
        public String model(String answer) {
            return "m";
        }

        @Override
        public Meter<String, String> batch() {
            return new Prices("0.005");
        }
    }

    @BeforeEach
    void open() {
        queue = BatchQueue.builder(directory.resolve("batches"))
                .poll(Duration.ofMillis(5), Duration.ofMillis(10))
                .fillTime(Duration.ZERO)
                .open();
    }

    @AfterEach
    void close() {
        queue.close();
    }

    private CallStack<String, String> stack() {
        return CallStack.<String, String>of(request -> Mono.fromSupplier(() -> {
                    online.add(request);
                    return request + "!";
                }))
                .key(request -> new CallKey(new Fingerprint(request.hashCode(), request.length(), 1, 1), List.of()))
                .codec(Codec.json(String.class))
                .meter(new Prices("0.01"))
                .demand(request -> new Demand(8, 12, Cost.UNKNOWN))
                .cache(cache);
    }

    private Call<String, String> batched() {
        return stack().batches(queue, api).build();
    }

    private static Dataset<String> rows(int count) {
        return Dataset.of(IntStream.range(0, count).mapToObj(i -> "word" + i).toList());
    }

    private static Pipeline<String, String> twoStages(Call<String, String> first, Call<String, String> second) {
        return Step.<String, String>map("one", first::apply).then(Step.map("two", second::apply));
    }

    private Run.Builder<String, String> run(int rows, Pipeline<String, String> pipeline) {
        return Run.builder(rows(rows), pipeline, directory.resolve("out"), Codec.json(String.class))
                .batches(queue);
    }

    private Run.Builder<String, String> run(int rows) {
        return run(rows, Pipeline.of(Step.<String, String>map("ask", batched()::apply)));
    }

    private static BigDecimal usd(String amount) {
        return new BigDecimal(amount);
    }

    @Test
    void firstPass_leavesAllItemsWaiting_andTheNextOneReadsTheirAnswers() throws IOException {
        Run<String> run = run(100).build();

        RunReport waiting = queue.round(run.execute()).block(SOON);

        assertThat(waiting.end()).isEqualTo(End.WAITING);
        assertThat(waiting.reason()).isEqualTo("100 items wait for batches");
        assertThat(waiting.total().items()).isEqualTo(new Items(100, 0, 0, 0, 0, 100));
        assertThat(waiting.thisRun().items()).isEqualTo(new Items(100, 0, 0, 0, 0, 100));
        assertThat(waiting.waiting().items()).isEqualTo(100);
        assertThat(waiting.waiting().calls()).isEqualTo(100);
        assertThat(waiting.waiting().most().usd()).isEqualByComparingTo("1");
        assertThat(waiting.total().calls().sent()).isZero();
        assertThat(Files.readString(directory.resolve("out/report.json")))
                .contains("\"end\" : \"waiting\"")
                .contains("\"items\" : 100");
        assertThat(Files.readString(directory.resolve("out/report.txt")))
                .contains("run 1 is waiting: 100 items wait for batches")
                .contains("may still cost at most 1 USD");
        assertThat(directory.resolve("out/dead-letters.jsonl")).isEmptyFile();

        RunReport done = queue.round(run.execute()).block(SOON);

        assertThat(done.end()).isEqualTo(End.FINISHED);
        assertThat(done.total().items()).isEqualTo(new Items(100, 100, 0, 0, 0, 0));
        assertThat(done.waiting()).isEqualTo(RunReport.Waiting.NONE);
        assertThat(done.total().calls().sent()).isEqualTo(100);
        assertThat(done.total().calls().cached()).isZero();
        assertThat(done.total().cost().usd()).isEqualByComparingTo("0.5");
        assertThat(done.thisRun().cost().usd()).isEqualByComparingTo("0.5");
        assertThat(done.total().usage().inputTokens()).isEqualTo(400);
        assertThat(Files.readString(directory.resolve("out/results.jsonl")))
                .contains("\"attempts\":1")
                .doesNotContain("\"attempts\":0");
        assertThat(online).isEmpty();
        assertThat(api.asked).hasSize(100).doesNotHaveDuplicates();
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void twoStages_fillOneAfterTheOther() {
        Call<String, String> call = batched();
        Run<String> run = run(50, twoStages(call, call)).build();

        RunReport report = queue.rounds(run.execute()).block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items().ok()).isEqualTo(50);
        assertThat(report.total().calls().sent()).isEqualTo(100);
        assertThat(api.asked).hasSize(100).doesNotHaveDuplicates().contains("word7", "word7!");
        assertThat(report.total().cost().usd()).isEqualByComparingTo("0.5");
    }

    @Test
    void lineOfAnItem_tellsWhatAllItsStagesTook_alsoOverProcesses() throws IOException {
        Run<String> run = run(5, twoStages(batched(), batched())).build();
        for (int pass = 0; pass < 2; pass++) {
            assertThat(queue.round(run.execute()).block(SOON).end()).isEqualTo(End.WAITING);
            queue.disposeLater().block(SOON);
            open();
            run = run(5, twoStages(batched(), batched())).build();
        }
        RunReport report = queue.round(run.execute()).block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().calls().sent()).isEqualTo(10);
        assertThat(report.total().calls().retried()).isZero();
        assertThat(report.total().calls().cached()).isZero();
        assertThat(report.total().cost().usd()).isEqualByComparingTo("0.05");
        assertThat(report.total().saved()).isEqualTo(Cost.ZERO);
        assertThat(Files.readAllLines(directory.resolve("out/results.jsonl")))
                .hasSize(5)
                .allSatisfy(line -> assertThat(line)
                        .contains("\"attempts\":2", "\"costUsd\":0.01")
                        .doesNotContain("\"cached\":true"));
    }

    @Test
    void lineOfASharedPrompt_tellsWhatItCostWithOneItemOnly() throws IOException {
        Run<String> run = run(
                        4,
                        Pipeline.of(Step.<String, String>map(
                                "ask",
                                value -> batched()
                                        .apply("same")
                                        .flatMap(one -> batched().apply(one + value)))))
                .build();

        RunReport report = queue.rounds(run.execute()).block(SOON);

        assertThat(report.total().items().ok()).isEqualTo(4);
        assertThat(report.total().cost().usd()).isEqualByComparingTo("0.025");
        assertThat(report.total().saved().usd()).isEqualByComparingTo("0.015");
        assertThat(String.join("", Files.readAllLines(directory.resolve("out/results.jsonl")))
                        .split("\"attempts\":2"))
                .hasSize(2);
    }

    @Test
    void mixedStages_callOnlineWhatIsOnline() {
        Run<String> run = run(50, twoStages(batched(), stack().build())).build();

        RunReport report = queue.rounds(run.execute()).block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(api.asked).hasSize(50);
        assertThat(online).hasSize(50).contains("word7!");
        assertThat(report.total().cost().usd()).isEqualByComparingTo("0.75");
    }

    @Test
    void answersOfOnlineCalls_serveBatches_andTheOtherWayRound() {
        run(20, Pipeline.of(Step.map("ask", stack().build()::apply)))
                .build()
                .execute()
                .block(SOON);
        RunReport batched = queue.rounds(run(20).fresh(true).build().execute()).block(SOON);
        assertThat(batched.total().calls().cached()).isEqualTo(20);
        assertThat(api.asked).isEmpty();

        cache.clear().block(SOON);
        queue.rounds(run(20).fresh(true).build().execute()).block(SOON);
        assertThat(api.asked).hasSize(20);
        RunReport online = run(20, Pipeline.of(Step.map("ask", stack().build()::apply)))
                .fresh(true)
                .build()
                .execute()
                .block(SOON);
        assertThat(online.total().calls().cached()).isEqualTo(20);
        assertThat(this.online).hasSize(20);
        assertThat(online.total().saved().usd()).isEqualByComparingTo("0.1");
    }

    @Test
    void equalPrompts_areBoughtOnceAndAccountedForOnce() {
        Run<String> run = run(
                        30,
                        Pipeline.of(Step.<String, String>map(
                                "ask",
                                value -> Mono.zip(
                                        batched().apply("same"), batched().apply(value), String::concat))))
                .build();

        RunReport report = queue.rounds(run.execute()).block(SOON);

        assertThat(report.total().items().ok()).isEqualTo(30);
        assertThat(api.asked).hasSize(31);
        assertThat(report.total().calls().sent()).isEqualTo(31);
        assertThat(report.total().calls().cached()).isEqualTo(29);
        assertThat(report.total().cost().usd()).isEqualByComparingTo("0.155");
    }

    @Test
    void failedRequests_areDeadLetters_andTriedAgainWhenAsked() {
        AtomicInteger tries = new AtomicInteger();
        answers = request -> {
            if (request.equals("word3") && tries.getAndIncrement() == 0) {
                throw ApiException.builder(ErrorKind.INVALID_REQUEST, "no such thing")
                        .delivery(Delivery.REFUSED)
                        .build();
            }
            return request + "!";
        };

        RunReport first = queue.rounds(run(10).build().execute()).block(SOON);
        assertThat(first.end()).isEqualTo(End.FINISHED);
        assertThat(first.total().failedByKind()).containsExactly(java.util.Map.entry(ErrorKind.INVALID_REQUEST, 1L));

        RunReport again =
                queue.rounds(run(10).retryFailed(true).build().execute()).block(SOON);
        assertThat(again.total().items()).isEqualTo(new Items(10, 10, 0, 0, 0, 0));
        assertThat(api.asked).hasSize(11);
    }

    @Test
    void freshRun_isAfreshOnce() {
        queue.rounds(run(10).build().execute()).block(SOON);
        cache.clear().block(SOON);

        RunReport report = queue.rounds(run(10).fresh(true).build().execute()).block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(api.asked).hasSize(20);
        assertThat(directory.resolve("out/results.1.jsonl")).exists();
        assertThat(directory.resolve("out/results.2.jsonl")).doesNotExist();
    }

    @Test
    void refreshingRun_buysEachPromptOnce() throws InterruptedException {
        queue.rounds(run(10).build().execute()).block(SOON);
        Call<String, String> call = batched();

        RunReport report = queue.rounds(run(
                                10,
                                Pipeline.of(Step.<String, String>map(
                                                "ask",
                                                value ->
                                                        Mono.zip(call.apply(value), call.apply("same"), String::concat))
                                        .concurrency(1)))
                        .fresh(true)
                        .cachePolicy(CachePolicy.refresh())
                        .build()
                        .execute())
                .block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(api.asked).hasSize(10 + 11);
        assertThat(report.total().calls().sent()).isEqualTo(11);
    }

    @Test
    void readOnlyRun_parksNothing() {
        RunReport report = queue.rounds(
                        run(3).cachePolicy(CachePolicy.readOnly()).build().execute())
                .block(SOON);

        assertThat(report.total().failedByKind()).containsOnlyKeys(ErrorKind.NOT_CACHED);
        assertThat(api.asked).isEmpty();
    }

    @Test
    void bypassAndCapsOnTokens_areRefusedClearly() {
        assertThatThrownBy(() -> run(3).cachePolicy(CachePolicy.bypass()).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("refresh()");
        assertThatThrownBy(() -> run(3).budget(Budget.ofTokens(5)).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cap in USD");
    }

    @Test
    void parkedItems_areNoFailuresToAnyPolicy() {
        RunReport report = queue.round(run(
                                300,
                                Pipeline.of(Step.<String, String>map("ask", batched()::apply)
                                        .failFast()))
                        .stopAboveErrorShare(0.01)
                        .stopAfterAccountErrors(1)
                        .build()
                        .execute())
                .block(SOON);

        assertThat(report.end()).isEqualTo(End.WAITING);
        assertThat(report.notes()).isEmpty();
    }

    @Test
    void childrenOfARow_waitAsOneItem() {
        Call<String, String> call = batched();
        Run<String> run = run(
                        10,
                        Step.<String, String>expand("split", word -> Flux.just(word + "a", word + "b", word + "c"))
                                .then(Step.map(
                                        "ask",
                                        (String part) -> part.endsWith("a") ? Mono.just("at once") : call.apply(part))))
                .build();

        RunReport waiting = queue.round(run.execute()).block(SOON);
        assertThat(waiting.total().items()).isEqualTo(new Items(10, 0, 0, 0, 0, 10));
        assertThat(waiting.waiting().items()).isEqualTo(10);
        assertThat(waiting.waiting().calls()).isEqualTo(20);

        RunReport done = queue.rounds(run.execute()).block(SOON);
        assertThat(done.total().items()).isEqualTo(new Items(10, 10, 0, 0, 0, 0));
        assertThat(api.asked).hasSize(20);
    }

    @Test
    void reductionWhoseCallIsParked_failsAndIsMadeByTheNextPass() {
        Call<String, String> call = batched();
        Run<String> run = run(5).reduction(new Reduction<String, AtomicInteger, String>(
                        "count",
                        AtomicInteger::new,
                        (count, item) -> {
                            count.incrementAndGet();
                            return count;
                        },
                        count -> call.apply("sum " + count).onErrorReturn("invented")))
                .fresh(true)
                .build();
        queue.round(run.execute()).block(SOON);

        RunReport failed = queue.round(run.execute()).block(SOON);
        assertThat(failed.end()).isEqualTo(End.FINISHED);
        assertThat(failed.failedReductions().get("count")).contains("by a batch");

        RunReport made = queue.rounds(run.execute()).block(SOON);
        assertThat(made.reductions()).containsEntry("count", "sum 5!");
        assertThat(made.total().items().ok()).isEqualTo(5);
    }

    @Test
    void stoppedRun_isStopped_thoughItemsWait() {
        Run<String> run = run(
                        5,
                        Pipeline.of(Step.<String, String>map(
                                "ask",
                                value -> value.equals("word4")
                                        ? Mono.<String>never()
                                        : batched().apply(value))))
                .grace(Duration.ZERO)
                .build();
        StepVerifier.create(run.execute())
                .then(() -> Mono.delay(Duration.ofMillis(300)).subscribe(tick -> run.stop()))
                .assertNext(report -> {
                    assertThat(report.end()).isEqualTo(End.STOPPED);
                    assertThat(report.total().items()).isEqualTo(new Items(5, 0, 0, 0, 1, 4));
                    assertThat(report.waiting().items()).isEqualTo(4);
                })
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void badAnswers_areNotKept() {
        AtomicInteger tries = new AtomicInteger();
        answers = request -> tries.getAndIncrement() == 0 ? "bad" : request + "!";
        Call<String, String> call = stack().validator(
                        answer -> answer.equals("bad") ? Optional.of("bad") : Optional.empty())
                .batches(queue, api)
                .build();

        RunReport report = queue.rounds(run(1, Pipeline.of(Step.map("ask", call::apply)))
                        .build()
                        .execute())
                .block(SOON);

        assertThat(report.total().items().ok()).isEqualTo(1);
        assertThat(api.asked).hasSize(2);
    }

    /** A cent for the ceiling of each call, half of it for what it costs: 0.10 USD hold 10 that wait, then ever more. */
    @Test
    void budget_isNeverPassed_overAllPassesAndProcesses() {
        BigDecimal cap = usd("0.10");
        int passes = 0;
        int most = 0;
        RunReport report;
        do {
            report = queue.round(run(18).budget(Budget.ofUsd(cap)).build().execute())
                    .block(SOON);
            BigDecimal spent = report.total().cost().usd();
            assertThat(spent.add(queue.outstanding().usd())).isLessThanOrEqualTo(cap);
            assertThat(report.budget().orElseThrow().usd().spent()).isEqualByComparingTo(spent);
            assertThat(report.budget().orElseThrow().usd().reserved())
                    .isEqualByComparingTo(queue.outstanding().usd());
            most = Math.max(most, api.asked.size());
            passes++;
            reopen();
        } while (passes < 9);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(api.asked).hasSize(18);
        assertThat(report.total().cost().usd()).isEqualByComparingTo("0.09");
    }

    @Test
    void usedUpBudget_stopsTheRunAndAHigherCapGoesOn() {
        RunReport stopped = queue.rounds(
                        run(50).budget(Budget.ofUsd(usd("0.10"))).build().execute())
                .block(SOON);
        assertThat(stopped.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(stopped.reason()).contains("the budget is used up").contains("raise the cap");
        assertThat(stopped.total().cost().usd()).isLessThanOrEqualTo(usd("0.10"));
        assertThat(stopped.total().items().failed()).isZero();

        RunReport done = queue.rounds(
                        run(50).budget(Budget.ofUsd(usd("1"))).build().execute())
                .block(SOON);
        assertThat(done.end()).isEqualTo(End.FINISHED);
        assertThat(done.total().cost().usd()).isEqualByComparingTo("0.25");
    }

    @Test
    void callsThatWait_needNoRoomAgain() {
        Run<String> run = run(10).budget(Budget.ofUsd(usd("0.10"))).build();
        assertThat(run.execute().block(SOON).end()).isEqualTo(End.WAITING);
        assertThat(run.execute().block(SOON).end()).isEqualTo(End.WAITING);
    }

    @Test
    void callWithoutAPrice_isRefusedUnderACap() {
        priced = false;

        RunReport report = queue.rounds(
                        run(5).budget(Budget.ofUsd(usd("0.10"))).build().execute())
                .block(SOON);

        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("known price");
        assertThat(api.asked).isEmpty();
    }

    @Test
    void sweep_buysCommonPromptsOnceAndRunsWhatIsNotFinished() throws IOException {
        Call<String, String> call = batched();
        AtomicInteger begun = new AtomicInteger();
        Sweep sweep = Sweep.builder(directory.resolve("sweep"))
                .configuration("one", out -> member(out, begun, call::apply))
                .configuration(
                        "two",
                        out -> member(out, begun, word -> call.apply(word).flatMap(call::apply)))
                .build();

        SweepReport waiting = queue.round(sweep.execute()).block(SOON);
        assertThat(waiting.end()).isEqualTo(End.WAITING);
        assertThat(waiting.table()).contains("waiting").contains("20 items wait for batches");
        assertThat(Files.readString(directory.resolve("sweep/comparison.json"))).contains("\"waiting\" : 20");

        SweepReport report = queue.rounds(sweep.execute()).block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(api.asked).hasSize(40).doesNotHaveDuplicates();
        assertThat(begun).hasValue(5); // the first one is done after two passes
        assertThat(report.configurations()
                        .get(0)
                        .report()
                        .orElseThrow()
                        .total()
                        .cost()
                        .usd())
                .isEqualByComparingTo("0.1");
        assertThat(report.configurations()
                        .get(1)
                        .report()
                        .orElseThrow()
                        .total()
                        .cost()
                        .usd())
                .isEqualByComparingTo("0.1");
    }

    private Run<String> member(Path out, AtomicInteger begun, Function<String, Mono<String>> function) {
        Dataset<String> rows = rows(20);
        Pipeline<String, String> pipeline = Pipeline.of(Step.map("ask", word -> {
            if (word.equals("word0")) {
                begun.incrementAndGet();
            }
            return function.apply(word);
        }));
        return Run.builder(rows, pipeline, out, Codec.json(String.class))
                .batches(queue)
                .build();
    }

    @Test
    void progress_saysWhatWaits() {
        Run<String> run = run(20).build();
        List<Progress> seen = new CopyOnWriteArrayList<>();
        run.progress(Duration.ofMillis(5)).subscribe(seen::add);

        queue.round(run.execute().delayElement(Duration.ofMillis(50))).block(SOON);

        assertThat(seen).last().satisfies(progress -> {
            assertThat(progress.parked()).isEqualTo(20);
            assertThat(progress.inFlight()).isZero();
            assertThat(progress.pending()).hasValue(20);
        });
    }

    @Test
    void outcomes_leaveOutWhatWaits() {
        List<Outcome<String>> first =
                queue.round(run(5).build().outcomes().collectList()).block(SOON);
        assertThat(first).isEmpty();
        List<Outcome<String>> second =
                queue.round(run(5).build().outcomes().collectList()).block(SOON);
        assertThat(second)
                .hasSize(5)
                .allSatisfy(outcome -> assertThat(outcome.tally().attempts()).isEqualTo(1));
    }

    /** As another process would. */
    private void reopen() {
        queue.close(); // frees the directory soon after
        Mono.fromRunnable(this::open)
                .retryWhen(Retry.fixedDelay(500, Duration.ofMillis(5)))
                .block(SOON);
    }
}
