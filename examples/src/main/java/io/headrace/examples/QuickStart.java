package io.headrace.examples;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Gate;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import java.nio.file.Path;

public final class QuickStart {

    private QuickStart() {}

    public static void main(String[] args) {
        OpenAi.Builder openAi = OpenAi.builder().apiKeyFromEnv();
        answer(openAi, Path.of("questions.jsonl"), Path.of("out"));
    }

    /** Answers the field "question" of each line; what is answered already costs nothing the next time. */
    static void answer(OpenAi.Builder provider, Path questions, Path out) {
        try (OpenAi openAi = provider.build();
                ResponseCache cache = RocksDbCache.open(out.resolve("cache"))) {
            Gate gate = Gate.builder("openai").build(); // finds the account's rate limits
            Call<ChatRequest, ChatResponse> chat =
                    CallStack.chat(openAi.chat()).cache(cache).gate(gate).build();

            Step<String, String> answer = Step.map(
                    "answer",
                    question -> chat.apply(ChatRequest.builder("gpt-4o-mini")
                                    .user(question)
                                    .maxOutputTokens(200)
                                    .build())
                            .map(ChatResponse::text));

            Dataset<String> dataset = Dataset.jsonl(questions).text("question");
            Run.builder(dataset, answer, out, Codec.json(String.class))
                    .build()
                    .execute()
                    .doOnNext(report -> System.out.println(report.total().items()))
                    .block();
        }
    }
}
