package io.headrace.provider.openai;

import io.headrace.batch.BatchApi;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.testkit.BatchApiContract;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import reactor.core.publisher.Mono;

class EmbeddingBatchesTest extends BatchApiContract<EmbeddingRequest, EmbeddingResponse> {

    private OpenAi openAi = OpenAi.builder().apiKey("none").build();

    @Override
    protected BatchApi<EmbeddingRequest, EmbeddingResponse> connect(SimulatedProvider provider, String key) {
        openAi =
                OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey(key).build();
        return openAi.embeddingBatches();
    }

    @Override
    protected void disconnect() {
        openAi.close();
    }

    @Override
    protected EmbeddingRequest request(String text) {
        return EmbeddingRequest.of("text-embedding-3-small", text).withDimensions(8);
    }

    @Override
    protected EmbeddingRequest badRequest() {
        return request("duck").withExtra("input", List.of());
    }

    @Override
    protected Mono<EmbeddingResponse> online(EmbeddingRequest request) {
        return openAi.embeddings().apply(request);
    }

    @Override
    protected Object content(EmbeddingResponse answer) {
        return answer.withRequestId("");
    }

    @Override
    protected String path() {
        return "/v1/batches";
    }

    @Override
    protected boolean uploadsFiles() {
        return true;
    }
}
