package io.headrace.benchmarks;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.TieredCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The same work as {@link RawClient} with everything on: cache on disk, retries, attempt timeout, journal, results file, report.
 *
 * <p>Arguments: base URL, input file, output directory, concurrency, and optionally the folder of the cache, by default a new
 * one in the output directory.
 */
public final class HeadraceClient {

    static final String MODEL = "gpt-4o-mini";

    private HeadraceClient() {}

    public static void main(String[] args) {
        Measure measure = Measure.start();
        Path output = Path.of(args[2]);
        int concurrency = Integer.parseInt(args[3]);
        Path cacheFolder = args.length > 4 ? Path.of(args[4]) : output.resolve("cache");

        RunReport report;
        try (ResponseCache cache = TieredCache.of(InMemoryCache.create(), RocksDbCache.open(cacheFolder));
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(args[0] + "/v1")
                        .apiKey("benchmark")
                        .build()) {
            Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat())
                    .cache(cache)
                    .concurrency(concurrency)
                    .build();
            Step<String, String> answer = Step.<String, String>map(
                            "answer",
                            text -> chat.apply(ChatRequest.builder(MODEL)
                                            .user(text)
                                            .maxOutputTokens(64)
                                            .build())
                                    .map(ChatResponse::text))
                    .concurrency(concurrency);
            Dataset<String> rows = Dataset.jsonl(Path.of(args[1])).idField("id").text("text");
            report = Objects.requireNonNull(Run.builder(rows, answer, output, Codec.json(String.class))
                    .build()
                    .execute()
                    .block());
        }
        measure.print(report.total().items().ok());
    }
}
