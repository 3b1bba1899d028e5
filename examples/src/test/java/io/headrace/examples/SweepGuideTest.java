package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.BatchMeter;
import io.headrace.layer.BatchRequest;
import io.headrace.layer.BatchResponse;
import io.headrace.layer.CallStack;
import io.headrace.layer.MicroBatcher;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.Meter;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.run.Sweep;
import io.headrace.testkit.SimulatedProvider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the guide says of batches and sweeps. */
class SweepGuideTest {

    private static final List<String> TEXTS = List.of("The court ruled.", "The bread is brown.", "The duck has eggs.");

    private final ResponseCache cache = InMemoryCache.create();

    @TempDir
    private Path directory;

    @Test
    void singleCalls_goInBatches() {
        AtomicInteger sent = new AtomicInteger();
        Call<BatchRequest<String>, BatchResponse<String>> model = batch -> Mono.fromSupplier(() -> {
            sent.incrementAndGet();
            BatchResponse.Builder<String> answers = BatchResponse.builder();
            batch.elements().forEach(e -> answers.answer(e.id(), e.request().toUpperCase(Locale.ROOT)));
            return answers.build();
        });
        Meter<String, String> meter = Meter.free();
        KeyFunction<String> keys =
                text -> CallKeyBuilder.of("local", "label").field("text", text).build();

        Call<BatchRequest<String>, BatchResponse<String>> batches =
                CallStack.of(model).meter(BatchMeter.of(meter)).concurrency(2).build();
        try (MicroBatcher<String, String> single = MicroBatcher.builder(batches)
                .count(32)
                .weight(8_000, String::length)
                .maxWait(Duration.ofMillis(20))
                .key(keys)
                .build()) {
            Call<String, String> label = CallStack.batched(single)
                    .key(keys)
                    .codec(Codec.json(String.class))
                    .meter(meter)
                    .cache(cache)
                    .build();

            assertThat(Flux.fromIterable(TEXTS)
                            .flatMap(label::apply)
                            .collectList()
                            .block())
                    .hasSize(3)
                    .contains("THE DUCK HAS EGGS.");
            assertThat(sent.get()).isBetween(1, 3);
        }
    }

    @Test
    void sweep_comparesConfigurations() {
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build()) {
            Call<ChatRequest, ChatResponse> chat =
                    CallStack.chat(openAi.chat()).cache(cache).build();
            Dataset<String> dataset = Dataset.of(TEXTS);

            Sweep sweep = Sweep.builder(directory)
                    .configuration("cold", folder -> run(folder, dataset, chat, 0.0))
                    .configuration("warm", folder -> run(folder, dataset, chat, 0.9))
                    .atOnce(2)
                    .build();
            sweep.progress(Duration.ofSeconds(5))
                    .doOnNext(progress -> System.out.println(progress.done() + " done, " + progress.cost()))
                    .subscribe();
            sweep.execute()
                    .doOnNext(report -> System.out.println(report.table()))
                    .block();

            assertThat(directory.resolve("comparison.csv")).isNotEmptyFile();
            assertThat(provider.statistics().requests()).isEqualTo(6);
        }
    }

    private static Run<String> run(
            Path folder, Dataset<String> dataset, Call<ChatRequest, ChatResponse> chat, double temperature) {
        Step<String, String> topics = Step.map(
                "topics",
                text -> chat.apply(ChatRequest.builder("gpt-4o-mini")
                                .user(text)
                                .temperature(temperature)
                                .maxOutputTokens(50)
                                .build())
                        .map(ChatResponse::text));
        return Run.builder(dataset, topics, folder, Codec.json(String.class))
                .configuration("temperature " + temperature)
                .build();
    }
}
