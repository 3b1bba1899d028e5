package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The quick start of the README, compiled and run. */
@Timeout(60)
class QuickStartTest {

    @Test
    void quickStart_answersEveryQuestion_onlyOnce(@TempDir Path folder) throws IOException {
        Path questions = folder.resolve("questions.jsonl");
        Files.writeString(questions, "{\"question\":\"Why is bread brown?\"}\n{\"question\":\"Who is the judge?\"}\n");
        try (SimulatedProvider provider = SimulatedProvider.builder().start()) {
            OpenAi.Builder openAi =
                    OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey("any");
            for (int time = 0; time < 2; time++) {
                QuickStart.answer(openAi, questions, folder.resolve("out"));
            }
            assertThat(provider.statistics().requests()).isEqualTo(2);
            assertThat(Files.readAllLines(folder.resolve("out/results.jsonl"))).hasSize(2);
        }
    }
}
