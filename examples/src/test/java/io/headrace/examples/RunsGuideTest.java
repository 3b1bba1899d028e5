package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Budget;
import io.headrace.batch.BatchQueue;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.Statistics;
import io.headrace.run.Checkpoint;
import io.headrace.run.Estimate;
import io.headrace.run.Progress;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.testkit.Fault;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the guide says of checkpoints and runs. */
class RunsGuideTest extends Guide {

    @Test
    void aPlainFlux_keepsWhatIsDone() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Step<String, String> topics =
                Step.map("topics", text -> chat.apply(topics(text)).map(ChatResponse::text));
        Path out = folder.resolve("plain");
        Statistics statistics = Statistics.create();
        for (int time = 0; time < 2; time++) {
            try (Checkpoint<String> checkpoint = Checkpoint.builder(out, Codec.json(String.class))
                    .configuration("topics by gpt-4o-mini, prompt 1")
                    .open()) {
                checkpoint
                        .pending(dataset.items())
                        .transform(topics)
                        .transform(checkpoint)
                        .transform(statistics::items)
                        .contextWrite(statistics::into)
                        .contextWrite(checkpoint.attemptLog()::into)
                        .blockLast();
            }
        }
        assertThat(statistics.snapshot().items().ok()).isEqualTo(3);
        assertThat(provider.statistics().requests()).isEqualTo(3);
    }

    @Test
    void aRun_isTakenUpWhereItWas() throws IOException {
        provider.failNext(1, Fault.quotaExhausted());
        Dataset<String> dataset = Dataset.of(TEXTS);
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Step<String, String> topics =
                Step.map("topics", text -> chat.apply(topics(text)).map(ChatResponse::text));
        Path out = folder.resolve("run");

        Run<String> run = Run.builder(dataset, topics, out, Codec.json(String.class))
                .configuration("gpt-4o-mini, prompt 1")
                .grace(Duration.ofSeconds(10))
                .build();
        Mono<RunReport> report = run.execute();
        Flux<Progress> progress = run.progress(Duration.ofSeconds(1));

        StepVerifier.create(Mono.zip(report, progress.last()))
                .assertNext(both -> {
                    assertThat(both.getT1().total().items().failed()).isEqualTo(1);
                    assertThat(both.getT2().done()).isEqualTo(3);
                })
                .verifyComplete();
        assertThat(Files.readAllLines(out.resolve("dead-letters.jsonl"))).hasSize(1);
        Run<String> again = Run.builder(dataset, topics, out, Codec.json(String.class))
                .configuration("gpt-4o-mini, prompt 1")
                .retryFailed(true)
                .build();
        StepVerifier.create(again.execute())
                .assertNext(ended -> {
                    assertThat(ended.thisRun().items().ok()).isEqualTo(1);
                    assertThat(ended.total().items().ok()).isEqualTo(3);
                    assertThat(ended.end()).isEqualTo(RunReport.End.FINISHED);
                })
                .verifyComplete();
    }

    @Test
    void aRun_goesByBatches() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        BatchQueue queue = BatchQueue.open(folder.resolve("run/batches"));
        Call<ChatRequest, ChatResponse> cheap = CallStack.chat(openAi.chat())
                .cache(cache)
                .batches(queue, openAi.chatBatches())
                .build();
        Step<String, String> topics =
                Step.map("topics", text -> cheap.apply(topics(text)).map(ChatResponse::text));
        Run<String> run = Run.builder(dataset, topics, folder.resolve("run"), Codec.json(String.class))
                .batches(queue)
                .build();

        Mono<RunReport> submitted = queue.round(run.execute()); // submits, or collects, and is done
        Mono<RunReport> finished = queue.rounds(run.execute()); // waits until nothing is left to wait for

        StepVerifier.create(submitted)
                .assertNext(report -> assertThat(report.end()).isEqualTo(RunReport.End.WAITING))
                .verifyComplete();
        StepVerifier.create(finished)
                .assertNext(report -> assertThat(report.end()).isEqualTo(RunReport.End.FINISHED))
                .verifyComplete();
        queue.close();
        assertThat(provider.batches()).hasSize(1);
    }

    @Test
    void aRun_staysWithinItsBudget() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Step<String, String> topics = Step.map(
                "topics",
                text -> chat.apply(topics(text).toBuilder().maxOutputTokens(50).build())
                        .map(ChatResponse::text));
        Path out = folder.resolve("capped");

        Run<String> capped = Run.builder(dataset, topics, out, Codec.json(String.class))
                .configuration("gpt-4o-mini, prompt 1")
                .budget(Budget.ofUsd(new BigDecimal("5.00")))
                .stopAboveErrorShare(0.2)
                .build();

        Mono<Estimate> estimate = Estimate.of(dataset, topics)
                .sample(1_000)
                .latency(Duration.ofSeconds(2))
                .estimate();

        StepVerifier.create(estimate)
                .assertNext(expected -> {
                    assertThat(expected.calls()).isEqualTo(3);
                    assertThat(expected.online().most().isKnown()).isTrue();
                })
                .verifyComplete();
        StepVerifier.create(capped.execute())
                .assertNext(report -> assertThat(report.end()).isEqualTo(RunReport.End.FINISHED))
                .verifyComplete();
    }

    @Test
    void theFirstRows_areTriedByALimitAndNotByATake() throws IOException {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Step<String, Integer> length = Step.compute("length", String::length);
        Path out = folder.resolve("first");
        Run.Builder<String, Integer> limited = Run.builder(dataset, length, out, Codec.json(Integer.class));
        Run<Integer> taken = Run.builder(dataset.take(1), length, out, Codec.json(Integer.class))
                .build();

        assertThat(limited.maxItems(2).build().execute().block()).isNotNull();
        assertThat(Files.readAllLines(out.resolve("results.jsonl"))).hasSize(2);
        assertThat(limited.maxItems(1).build().execute().block()).isNotNull();
        assertThat(Files.readAllLines(out.resolve("results.jsonl"))).hasSize(2);
        assertThat(taken.execute().block()).isNotNull();
        assertThat(Files.readAllLines(out.resolve("results.jsonl"))).hasSize(1);
    }
}
