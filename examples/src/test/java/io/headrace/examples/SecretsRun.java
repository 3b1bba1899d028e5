package io.headrace.examples;

import io.headrace.ApiException;
import io.headrace.Codec;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.layer.ChatStream;
import io.headrace.layer.RetrySpec;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.Statistics;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/** The process in which {@link SecretsTest} looks for keys: a run of calls that mostly fail, which prints all that it knows. */
final class SecretsRun {

    private SecretsRun() {}

    public static void main(String[] args) {
        Path folder = Path.of(args[1]);
        Statistics statistics = Statistics.create();
        OpenAi.Builder openAiBuilder = OpenAi.builder()
                .baseUrl(args[0] + "/v1?api-version=2026-11-01&key=" + SecretsTest.QUERY_KEY)
                .apiKey(SecretsTest.OPENAI_KEY)
                .header("x-team-secret", SecretsTest.TEAM_KEY);
        Anthropic.Builder anthropicBuilder =
                Anthropic.builder().baseUrl(args[0]).apiKey(SecretsTest.ANTHROPIC_KEY);
        try (OpenAi openAi = openAiBuilder.build();
                Anthropic anthropic = anthropicBuilder.build();
                ResponseCache cache = RocksDbCache.open(folder.resolve("cache"))) {
            List<ChatCall> models = List.of(openAi.chat(), openAi.responses(), anthropic.chat());
            Step<Integer, String> ask = Step.<Integer, String>map(
                            "ask", row -> ask(models.get(row % 3), cache, statistics, row))
                    .concurrency(4);
            Dataset<Integer> rows = Dataset.of(IntStream.range(0, 120).boxed().toList());
            Run<String> run = Run.builder(rows, ask, folder.resolve("out"), Codec.json(String.class))
                    .stopAfterAccountErrors(0)
                    .build();
            System.out.println(run.execute().block());
            System.out.println(
                    List.of(statistics, openAi, anthropic, openAiBuilder, anthropicBuilder, models, cache, run));
        }
    }

    private static Mono<String> ask(ChatCall model, ResponseCache cache, Statistics statistics, int row) {
        var chat = CallStack.chat(model)
                .cache(cache)
                .listener(statistics)
                .listener(System.out::println)
                .retry(RetrySpec.fixedDelay(3, Duration.ZERO).maxRetryAfter(Duration.ofSeconds(1)))
                .build();
        ChatRequest request =
                ChatRequest.builder("m").user("row " + row).maxOutputTokens(20).build();
        Mono<String> answer = row % 4 == 0
                ? ChatStream.of(chat).texts(request).collect(Collectors.joining())
                : chat.apply(request).doOnNext(System.out::println).map(ChatResponse::text);
        return answer.doOnError(SecretsRun::print);
    }

    /** With its causes and what was suppressed. */
    private static void print(Throwable error) {
        error.printStackTrace();
        if (error instanceof ApiException api) {
            System.out.println("request id " + api.requestId() + ", retry after " + api.retryAfter());
        }
    }
}
