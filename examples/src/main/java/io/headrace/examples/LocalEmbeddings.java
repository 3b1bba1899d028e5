package io.headrace.examples;

import io.headrace.Call;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.layer.MicroBatcher;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Micro-batches: an algorithm that asks for one vector after another, run for many texts, sends them to a local server in batches. */
public final class LocalEmbeddings {

    private static final String MODEL = "text-embedding-3-small";

    private static final List<String> TEXTS = List.of(
            "a pond and its ducks", "a court and its judges", "a bank and its interest", "a kitchen and its bread");

    private LocalEmbeddings() {}

    public static void main(String[] args) {
        try (SimulatedProvider server = SimulatedProvider.builder().start();
                OpenAi local = OpenAi.builder()
                        .baseUrl(server.baseUrl() + "/v1")
                        .apiKey("any")
                        .build();
                ResponseCache cache = InMemoryCache.create();
                MicroBatcher<EmbeddingRequest, EmbeddingResponse> batcher = MicroBatcher.embeddings(
                                CallStack.embeddings(local.embeddings()).build())
                        .count(4)
                        .maxWait(Duration.ofSeconds(1))
                        .build()) {

            Call<EmbeddingRequest, EmbeddingResponse> embeddings = CallStack.batchedEmbeddings(
                            batcher, local.embeddings().identity())
                    .cache(cache)
                    .build();
            Step<String, Double> drift = Step.map("drift", text -> drift(embeddings, text));

            Long texts = Dataset.of(TEXTS).items().transform(drift).count().block();
            System.out.println(texts + " texts, 12 vectors, requests sent: "
                    + server.statistics().requests());
        }
    }

    /** How far each half of a text is from the whole: three calls, one after another. */
    private static Mono<Double> drift(Call<EmbeddingRequest, EmbeddingResponse> embeddings, String text) {
        int half = text.length() / 2;
        return Flux.just(text, text.substring(0, half), text.substring(half))
                .concatMap(part -> embeddings.apply(EmbeddingRequest.of(MODEL, part)))
                .map(EmbeddingResponse::vector)
                .collectList()
                .map(vectors -> distance(vectors.get(0), vectors.get(1)) + distance(vectors.get(0), vectors.get(2)));
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }
}
