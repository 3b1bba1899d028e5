package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The quick start of the README, compiled and run: what stands between the markers is quoted there. */
@Timeout(60)
class QuickStartTest {

    @Test
    void quickStart_answersEveryQuestion(@TempDir Path folder) throws IOException {
        Path questions = folder.resolve("questions.jsonl");
        Files.writeString(questions, "{\"question\":\"Why is bread brown?\"}\n{\"question\":\"Who is the judge?\"}\n");
        try (SimulatedProvider provider = SimulatedProvider.builder().start()) {
            RunReport report = quickStart(provider.baseUrl() + "/v1", "any", questions, folder.resolve("out"));

            assertThat(report.total().items().ok()).isEqualTo(2);
            assertThat(Files.readAllLines(folder.resolve("out/results.jsonl"))).hasSize(2);
        }
    }

    private static RunReport quickStart(String baseUrl, String key, Path questions, Path out) {
        // quick start: begin
        try (OpenAi openAi = OpenAi.builder().baseUrl(baseUrl).apiKey(key).build();
                ResponseCache cache = RocksDbCache.open(out.resolve("cache"))) {
            Call<ChatRequest, ChatResponse> chat =
                    CallStack.chat(openAi.chat()).cache(cache).build();

            Step<String, String> answer = Step.map(
                    "answer",
                    question -> chat.apply(ChatRequest.builder("gpt-4o-mini")
                                    .user(question)
                                    .maxOutputTokens(200)
                                    .build())
                            .map(ChatResponse::text));

            Dataset<String> dataset = Dataset.jsonl(questions).text("question");
            return Run.builder(dataset, answer, out, Codec.json(String.class))
                    .build()
                    .execute()
                    .block();
        }
        // quick start: end
    }
}
