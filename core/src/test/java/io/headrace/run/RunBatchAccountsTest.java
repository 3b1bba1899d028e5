package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.admission.Budget;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.run.RunReport.End;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** What answers of batches cost, in the accounts of passes and processes and under a cap. */
class RunBatchAccountsTest extends BatchRuns {

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
    void retriesOfAPassThatEndsInWaiting_countInAllRuns_andWhatEachPassReadsAgainOnce() {
        AtomicInteger asked = new AtomicInteger();
        Call<String, String> first = CallStack.of((String word) -> asked.getAndIncrement() == 0
                        ? Mono.error(ApiException.builder(ErrorKind.SERVER_ERROR, "a bad moment")
                                .delivery(Delivery.REFUSED)
                                .build())
                        : Mono.just(word + "?"))
                .key(word ->
                        CallKeyBuilder.of("test", "first").field("word", word).build())
                .codec(Codec.json(String.class))
                .cache(cache)
                .build();
        RunReport report = queue.rounds(
                        run(5, twoStages(first, batched())).build().execute())
                .block(SOON);

        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(asked).hasValue(6);
        assertThat(report.total().calls()).isEqualTo(new RunReport.Calls(11, 5, 1, 0, 0.5));
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

    /** Half a cent for each answer: one of five is turned down in each of three batches. */
    @Test
    void answersThatMayNotBeKept_areToldOfAndCountedByTheBudget_alsoByLaterProcesses() {
        Call<String, String> call = stack().validator(
                        answer -> answer.equals("word3!") ? Optional.of("not this one") : Optional.empty())
                .batches(queue, api)
                .build();
        RunReport report = queue.rounds(run(5, Pipeline.of(Step.<String, String>map("ask", call::apply)))
                        .budget(Budget.ofUsd(usd("1")))
                        .build()
                        .execute())
                .block(SOON);

        assertThat(report.total().items().ok()).isEqualTo(4);
        assertThat(report.total().items().failed()).isEqualTo(1);
        assertThat(api.asked).hasSize(7);
        assertThat(report.total().cost().usd()).isEqualByComparingTo("0.02");
        assertThat(report.notes()).anySatisfy(note -> assertThat(note).contains("may not be kept", "0.015 USD"));
        assertThat(report.budget().orElseThrow().usd().spent()).isEqualByComparingTo("0.035");
        assertThat(report.budget().orElseThrow().usd().reserved()).isEqualByComparingTo("0");
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
        assertThat(queue.snapshot().block().totals().wasted().usd()).isEqualByComparingTo("0.015");

        reopen();
        assertThat(queue.wasted().usd()).isEqualByComparingTo("0.015");
        RunReport later = queue.round(
                        run(6).budget(Budget.ofUsd(usd("0.04"))).build().execute())
                .block(SOON);
        assertThat(later.reason())
                .contains(
                        "the budget is used up: of 0.04 USD 0.035 are spent and 0 reserved, and this call may take 0.01");
        assertThat(api.asked).hasSize(7);
    }

    /** A cent for the ceiling of each call, half of it for an answer, of which none may be kept. */
    @Test
    void answersThatMayNotBeKept_areAskedForAgainWithinTheCapOnly_andThreeTimesAtMost() {
        Call<String, String> call = stack().validator(answer -> Optional.of("not this one"))
                .batches(queue, api)
                .build();
        Pipeline<String, String> pipeline = Pipeline.of(Step.<String, String>map("ask", call::apply));
        BigDecimal cap = usd("0.04");

        RunReport stopped = queue.rounds(
                        run(4, pipeline).budget(Budget.ofUsd(cap)).build().execute())
                .block(SOON);

        assertThat(usd("0.005").multiply(BigDecimal.valueOf(api.asked.size()))).isLessThanOrEqualTo(cap);
        assertThat(api.asked).hasSize(4 + 2 + 1); // as the cap has room for one cent each
        assertThat(stopped.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(stopped.reason()).contains("the budget is used up");

        reopen();
        Call<String, String> later = stack().validator(answer -> Optional.of("not this one"))
                .batches(queue, api)
                .build();
        RunReport done = queue.rounds(run(4, Pipeline.of(Step.<String, String>map("ask", later::apply)))
                        .budget(Budget.ofUsd(usd("1")))
                        .build()
                        .execute())
                .block(SOON);
        assertThat(done.end()).isEqualTo(End.FINISHED);
        assertThat(done.total().items().failed()).isEqualTo(4);
        assertThat(api.asked).hasSize(4 * 3);
        assertThat(queue.wasted().usd()).isEqualByComparingTo("0.06");
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
    void budgetOfSeveralOpeningsOfAQueue_countsItOnce() {
        Budget budget = Budget.ofUsd(usd("0.15"));
        run(10).budget(budget).build().execute().block(SOON);
        reopen();
        run(10).budget(budget).build().execute().block(SOON);
        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0.10");
    }

    /** A process that is gone has parked ten calls; a cent for the ceiling of each, half of it for what it costs. */
    @Test
    void capThatIsNewWhenCallsAreParked_holdsThemBack_andSaysSo() {
        run(10).build().execute().block(SOON);
        reopen();
        RunReport none = queue.round(
                        run(10).budget(Budget.ofUsd(usd("0.005"))).build().execute())
                .block(SOON);
        assertThat(api.asked).isEmpty();
        assertThat(none.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(none.waitsForBatches()).as("nothing is out").isFalse();
        assertThat(none.reason())
                .isEqualTo(
                        "10 requests are not submitted, which may cost 0.1 USD: the cap of 0.005 USD leaves 0.005 USD"
                                + " beside what is spent, reserved and out; raise the cap to submit them, or give them up by a cancel");
        assertThat(none.total().items().pending()).isEqualTo(10);

        RunReport some = queue.round(
                        run(10).budget(Budget.ofUsd(usd("0.03"))).build().execute())
                .block(SOON);
        assertThat(api.asked).hasSize(3);
        assertThat(some.end()).isEqualTo(End.WAITING);
        assertThat(some.notes()).anySatisfy(note -> assertThat(note).startsWith("7 requests are not submitted"));

        reopen();
        RunReport stopped = queue.rounds(
                        run(10).budget(Budget.ofUsd(usd("0.03"))).build().execute())
                .block(SOON);
        assertThat(api.asked).hasSize(5); // 0.025 of 0.03 USD are spent then
        assertThat(stopped.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(stopped.reason()).startsWith("5 requests are not submitted");
        assertThat(stopped.total().items().ok()).isEqualTo(5);

        RunReport done = queue.rounds(
                        run(10).budget(Budget.ofUsd(usd("1"))).build().execute())
                .block(SOON);
        assertThat(done.end()).isEqualTo(End.FINISHED);
        assertThat(api.asked).hasSize(10).doesNotHaveDuplicates();
    }

    /** Ten are parked, and the eleventh finds no room: nothing is out of which some could come back. */
    @Test
    void capWithoutRoomForMore_doesNotWaitForWhatItHoldsBack() {
        run(10).build().execute().block(SOON);
        RunReport report = queue.rounds(
                        run(11).budget(Budget.ofUsd(usd("0.005"))).build().execute())
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.waitsForBatches()).isFalse();
        assertThat(report.reason()).contains("the budget is used up");
        assertThat(report.notes()).anySatisfy(note -> assertThat(note).startsWith("10 requests are not submitted"));
        assertThat(api.asked).isEmpty();
    }

    /** Half a cent each: what came back makes no room when it is read. */
    @Test
    void capWithoutRoomForMore_doesNotWaitForAnswersThatNobodyHasRead() {
        Call<String, String> call = batched();
        queue.round(call.apply("a").onErrorResume(parked -> Mono.just(""))).block(SOON);
        queue.round(Mono.just("")).block(SOON);
        assertThat(queue.snapshot().block(SOON).unclaimed()).isEqualTo(1);

        RunReport report = queue.rounds(
                        run(1).budget(Budget.ofUsd(usd("0.012"))).build().execute())
                .block(SOON);
        assertThat(report.reason()).contains("the budget is used up: of 0.012 USD 0 are spent and 0.005 reserved");
        assertThat(report.waitsForBatches()).isFalse();
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
}
