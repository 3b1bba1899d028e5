package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Outcome;
import io.headrace.admission.Budget;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Several passes of runs whose calls go by batches. */
class RunBatchesTest extends BatchRuns {

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
        assertThat(first.total().failedByKind()).containsExactly(Map.entry(ErrorKind.INVALID_REQUEST, 1L));

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
                .then(() -> run.progress(Duration.ofMillis(5))
                        .filter(progress -> progress.parked() == 4)
                        .blockFirst(SOON))
                .then(run::stop)
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

    @Test
    void progress_saysWhatWaits() {
        Run<String> run = run(20).build();
        Mono<Progress> last = run.progress(Duration.ofMillis(5)).last().cache();
        last.subscribe();

        queue.round(run.execute()).block(SOON);

        assertThat(last.block(SOON)).satisfies(progress -> {
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
}
