package io.headrace.examples;

import io.headrace.layer.CallStack;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/** Embeddings: texts become vectors, and the nearest ones to a question are those that it is about. */
public final class NearestNeighbours {

    private static final String MODEL = "text-embedding-3-small";

    private static final List<String> TEXTS = List.of(
            "The ducks swim on the pond.",
            "The court ruled on the contract.",
            "A goose and two ducks sleep by the pond.",
            "The bank lowers its interest.");

    private NearestNeighbours() {}

    public static void main(String[] args) {
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build()) {

            var embeddings = CallStack.embeddings(openAi.embeddings()).build();
            Mono<float[]> question = embeddings
                    .apply(EmbeddingRequest.of(MODEL, "Where do ducks live?"))
                    .map(EmbeddingResponse::vector);
            Mono<List<float[]>> texts =
                    embeddings.apply(EmbeddingRequest.of(MODEL, TEXTS)).map(EmbeddingResponse::vectors);

            Mono.zip(question, texts, NearestNeighbours::nearest)
                    .flatMapIterable(neighbours -> neighbours)
                    .take(2)
                    .doOnNext(System.out::println)
                    .blockLast();
        }
    }

    private static List<String> nearest(float[] question, List<float[]> vectors) {
        return IntStream.range(0, TEXTS.size())
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -similarity(question, vectors.get(i))))
                .map(TEXTS::get)
                .toList();
    }

    /** The cosine of the angle, for vectors of length 1 as OpenAI's are. */
    private static double similarity(float[] a, float[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }
}
